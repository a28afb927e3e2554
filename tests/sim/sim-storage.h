/* Files, the folders that have them, images in them, and who has which open. With the world's lock
 * held. */
#pragma once

#include "sim-extents.h"
#include "sim-private.h"

/* A stream about that file breaks there, once. */
typedef struct
{
  char *host, *path;
  guint64 offset;
} SimCut;

/* ---- sim-files.c ---- */

typedef struct
{
  SimExtents *data;
  guint64 size;
  guint64 inode, changes; /* of the world's files, of its content */
  gint64 changed_at;
  gboolean written;   /* all the time */
  gboolean unflushed; /* by libvirtd, which never flushes it */
  char *only; /* nullable: it is a link to a file of each host's own; or of this host's alone */
} SimFile;

/* A folder on some file system. Its parent, if any, is on the same one and has the room. */
struct _SimStorage
{
  SimWorld *world;
  char *name;
  SimStorage *parent;
  GHashTable *files; /* name -> SimFile */
  gboolean gone;
  gboolean no_locks; /* of images: hosts do not see each other's */
  guint64 room;      /* bytes; G_MAXUINT64: any */
};

/* A folder of a host. */
typedef struct
{
  char *path;
  SimStorage *storage;
} SimFolder;

SimFile *_sim_file_new (SimWorld *world);
void _sim_file_free (gpointer file);
void _sim_file_changed (SimWorld *world, SimFile *file);
SimStorage *_sim_storage_need (SimWorld *self, const char *name, SimStorage *parent);
SimStorage *_sim_storage_find (SimWorld *self, const char *name); /* NULL: none */
/* Of the folder that has this path at the host; NULL: there is none. */
SimStorage *_sim_folder_find (SimHost *host, const char *path);
SimStorage *_sim_folder_need (SimHost *host, const char *path);
SimFolder *_sim_folder_mount (SimHost *host, const char *path, SimStorage *storage);
SimFile *_sim_file_find (SimHost *host, const char *path);
gboolean _sim_storage_is_shared (const SimStorage *self);
guint64 _sim_storage_used (const SimStorage *self);
guint64 _sim_storage_free (const SimStorage *self);
/* Takes the file. */
void _sim_storage_put (SimStorage *self, const char *name, SimFile *file);
/* As much as there is room for. FALSE: there was not enough. */
gboolean _sim_file_write (SimStorage *storage, SimFile *file, guint64 offset, const guint8 *bytes,
                          gsize size);
/* A range of from, where it holds data; the same. */
gboolean _sim_file_copy (SimStorage *storage, SimFile *file, guint64 offset, const SimExtents *from,
                         guint64 begin, guint64 length);

/* ---- sim-image.c: what is inside ---- */

typedef struct
{
  guint64 guest, length, at; /* bytes: for the guest, in the file */
} SimMapping;

typedef struct
{
  guint64 capacity;
  guint64 cluster_size;
  char *backing, *backing_format; /* nullable */
  char *compat;
  char *encryption, *secret; /* nullable */
  char *snapshots;           /* nullable: internal ones, by name */
  gboolean lazy_refcounts, extended_l2;
  GArray *map; /* of SimMapping, by guest */
} SimImage;

SimImage *_sim_image_new (guint64 capacity);
void _sim_image_free (SimImage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SimImage, _sim_image_free)
/* NULL: it has no header, so it is raw. */
SimImage *_sim_image_probe (const SimFile *file);
/* FALSE: no room. */
gboolean _sim_image_store (SimStorage *storage, SimFile *file, const SimImage *image);
/* What of the disk is in this file alone, without what is below it. NULL: not of that format. */
SimExtents *_sim_image_top (const SimFile *file, const char *format, guint64 *capacity);
char *_sim_image_dup_backing_path (const SimImage *self, const char *path);
/* The guest's disk, through the chain. NULL, and why (the caller's): it cannot be opened. */
SimExtents *_sim_image_read (SimHost *host, const char *path, const char *format, guint64 *capacity,
                             char **why);
/* As a guest does. FALSE: no room; what fits is written. */
gboolean _sim_image_write (SimStorage *storage, SimFile *file, const char *format, guint64 offset,
                           const SimExtents *from, guint64 begin, guint64 length);

/* ---- sim-xml.c: documents, as far as the simulator must understand them ---- */

typedef struct
{
  char *path; /* of names, from the root: "domain/devices/disk" */
  guint item; /* counts the elements of depth 3: those of one device have the same */
  char **names, **values;
  GString *text;
} SimElement;

/* Empty: not understood. */
GPtrArray *_sim_xml_read (const char *xml);
/* For an attribute: a line's end is kept. The caller's. */
char *_sim_xml_escape (const char *text);
/* Nullable; borrowed from the elements. item: G_MAXUINT: any. */
const char *_sim_xml_text (GPtrArray *elements, const char *path);
const char *
_sim_xml_attribute (GPtrArray *elements, guint item, const char *path, const char *name);
gboolean _sim_xml_has (GPtrArray *elements, guint item, const char *path);
guint64 _sim_xml_bytes (GPtrArray *elements, const char *path, guint64 otherwise);

/* ---- sim-volumes.c ---- */

/* NULL: it is not known, or a link that leads nowhere at this host. */
SimFile *_sim_volume_find_file (SimHost *host, SimPool *pool, const char *name);
char *_sim_volume_describe (SimHost *host, SimPool *pool, const char *name);
int _sim_volume_create (SimPool *pool, SimHost *host, MigrateCall *call, const char **words);

/* ---- sim-pools.c ---- */

struct _SimPool
{
  char *name, *target;
  SimStorage *storage;
  gboolean inactive, read_only, full, of_devices, timeless;
  gboolean transient;
  gint64 stale_us;  /* what it knows of files' times may be so old */
  GHashTable *view; /* nullable; set of names: what the host believes until it changes the folder */
  GHashTable *known; /* set of names: what libvirtd lists */
  guint epoch;       /* of the libvirtd that does */
};

SimPool *_sim_pool_new (const char *name, const char *target, SimStorage *storage);
SimPool *_sim_pool_find_by_name (SimHost *host, const char *name);
SimPool *_sim_pool_find_by_target (SimHost *host, const char *target); /* an active one */
void _sim_pool_refresh (SimPool *self);
void _sim_pool_changed (SimPool *self);
char *_sim_pool_describe (const SimPool *self);
/* Those that do not outlive the host. */
void _sim_pools_forget_transient (SimHost *host);

/* ---- sim-mirror.c ---- */

typedef struct
{
  char *target;
  char *from, *from_format, *to, *to_format;
  guint64 total, done; /* bytes of data */
  guint64 write_rate;  /* of the guest, bytes/s */
  SimExtents *plan;    /* nullable: what is to be copied; made anew when it is not there */
  guint64 copied;      /* how much of the plan is in the image there */
} SimMirror;

GPtrArray *_sim_mirrors_new (void);

/* ---- sim-disks.c: who has what open ---- */

/* A guest's disk, wherever it is. */
typedef struct
{
  char *target;
  guint64 write_rate; /* bytes/s */
  gboolean scratch;   /* what is on it does not matter */
  char *content;      /* fingerprint of what the guest has left there */
  guint64 stamp;      /* ms of its CPUs' time at its last write */
  guint stamp_boots;
} SimDisk;

/* As one domain has it. */
typedef struct
{
  char *target, *path, *format;
  gboolean read_only, shareable, cdrom;
} SimOpen;

SimDisk *_sim_guest_find_disk (const SimGuest *guest, const char *target);
gboolean _sim_guest_has_disks (const SimGuest *guest);
/* File and volume disks that have something in them. */
GPtrArray *_sim_opens_read (SimHost *host, const char *xml);
const SimOpen *_sim_opens_find (GPtrArray *opens, const char *target);
/* The guest's writes up to now are in its images. */
void _sim_disks_flush (SimWorld *self);
void _sim_domain_flush (SimDomain *domain);
/* Its CPUs begin to run: whether they may see what they see. */
void _sim_disks_check (SimDomain *domain);
/* Why QEMU would not open them, in its words, the caller's; NULL: it does. mirrored: nullable,
 * targets that an incoming one writes to. */
char *_sim_disks_refusal (SimDomain *domain, const char *xml, gboolean incoming,
                          GPtrArray *mirrored, int *code);
char **_sim_list_names (GHashTable *table);
/* All files that the host sees. */
void _sim_each_path (SimHost *host, void (*func) (const char *path, SimFile *file, gpointer data),
                     gpointer data);
void _sim_disks_file_removed (SimWorld *self, const char *what, GPtrArray *had);
/* Guests' disks of which there is a whole copy somewhere: to be compared before and after. */
GPtrArray *_sim_disks_alive (SimWorld *self);
