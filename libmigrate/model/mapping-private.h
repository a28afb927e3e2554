/* What the rooms above know of a mapping: its kinds and fields, and how to look things up. */
#pragma once

#include "model/model-private.h"

/* In the order of the table, and of the documentation. */
typedef enum
{
  MIGRATE_MAP_DISK,
  MIGRATE_MAP_PATH,
  MIGRATE_MAP_POOL,
  MIGRATE_MAP_STORAGE_HOST,
  MIGRATE_MAP_INTERFACE,
  MIGRATE_MAP_NETWORK,
  MIGRATE_MAP_PORT_GROUP,
  MIGRATE_MAP_BRIDGE,
  MIGRATE_MAP_DEVICE,
  MIGRATE_MAP_SOCKET,
  MIGRATE_MAP_FILTER,
  MIGRATE_MAP_PCI,
  MIGRATE_MAP_MDEV,
  MIGRATE_MAP_USB,
  MIGRATE_MAP_SCSI,
  MIGRATE_MAP_LISTEN,
  MIGRATE_MAP_ENDPOINT,
  MIGRATE_MAP_PIN,
  MIGRATE_MAP_CPU,
  MIGRATE_MAP_NODE,
  MIGRATE_MAP_PAGES,
  MIGRATE_MAP_MEMORY_SOURCE,
  MIGRATE_MAP_MEMORY_ACCESS,
  MIGRATE_MAP_MEMORY_ALLOCATION,
  MIGRATE_MAP_EMULATOR,
  MIGRATE_MAP_SECRET,
  MIGRATE_MAP_PERF,
  MIGRATE_MAP_LABEL,
  MIGRATE_MAP_METADATA,
  MIGRATE_MAP_PARTITION,
  MIGRATE_N_MAP_KINDS
} MigrateMapKind;

/* What a field, or what stands before it, may be. Each is checked, and brought into one form. */
typedef enum
{
  MIGRATE_VALUE_TEXT,
  MIGRATE_VALUE_NAME,  /* of a network, pool, bridge, device, domain label; no slash */
  MIGRATE_VALUE_IMAGE, /* of a network disk: slashes too */
  MIGRATE_VALUE_PATH,  /* absolute; no ".." */
  MIGRATE_VALUE_MAC,   /* "52:54:00:12:34:56" */
  MIGRATE_VALUE_UUID,
  MIGRATE_VALUE_PCI,  /* "0000:06:12.5" */
  MIGRATE_VALUE_USB,  /* "046d:0825" (vendor, product), "1.4" (bus, device) */
  MIGRATE_VALUE_CPUS, /* "0-3,8"; of nodes too */
  MIGRATE_VALUE_NUMBER,
  MIGRATE_VALUE_KIB,     /* "2048", "2M", "1G" */
  MIGRATE_VALUE_ADDRESS, /* an IP address or host name */
  MIGRATE_VALUE_HOST,    /* the same with a port, or without */
  MIGRATE_VALUE_HOSTS,   /* of these, separated by blanks or commas */
  MIGRATE_VALUE_PORT,
  MIGRATE_VALUE_WORD,     /* one of the field's words */
  MIGRATE_VALUE_URI,      /* of a namespace */
  MIGRATE_VALUE_DISK,     /* a target, an absolute path, protocol:name, pool:volume */
  MIGRATE_VALUE_ENDPOINT, /* "serial:0", "channel:org.qemu.guest_agent.0" */
  MIGRATE_VALUE_PIN,      /* "vcpu:3", "iothread:1", "emulator", "shared" */
  MIGRATE_VALUE_SECRET,   /* a UUID, or a usage */
  MIGRATE_VALUE_LISTEN    /* a type of display, an address, "*" */
} MigrateValueType;

typedef struct
{
  const char *name;
  MigrateValueType type;
  const char *const *words; /* of WORD */
  const char *meaning;
} MigrateMapField;

typedef struct
{
  const char *name; /* "disk" */
  MigrateValueType from;
  const char *const *from_words;
  const MigrateMapField *fields; /* up to one without a name */
  const char *primary;           /* the field that a bare value is of; nullable */
  gboolean removable;            /* "none" takes it away */
  gboolean (*check) (GVariant *to, GError **error); /* of fields against each other; nullable */
  const char *from_meaning, *meaning;
} MigrateMapRow;

extern const MigrateMapRow _migrate_map_rows[MIGRATE_N_MAP_KINDS];

/* -1: there is none. */
gssize _migrate_map_kind_find (const char *name);
const char *_migrate_value_type_describe (MigrateValueType type);
/* For messages: bounded, without control characters. */
char *_migrate_value_show (const char *text);
/* In its one form; NULL with INVALID when it cannot be that. */
char *_migrate_value_normalize (MigrateValueType type, const char *const *words, const char *text,
                                GError **error);
/* "disk:vda": the name of a hole and of the binding that fills it. */
char *_migrate_map_name (MigrateMapKind kind, const char *from);

/* ---- sets of CPUs and of nodes ---- */

#define MIGRATE_N_CPUS 16384 /* libvirt's own limit */

typedef struct
{
  guint64 words[MIGRATE_N_CPUS / 64];
} MigrateCpus;

/* "0-3,^2,8". FALSE: that is no such set, or an empty one. */
gboolean _migrate_cpus_parse (const char *text, MigrateCpus *cpus);
char *_migrate_cpus_format (const MigrateCpus *cpus);
/* The first that is in it, from one on; MIGRATE_N_CPUS: none. */
guint _migrate_cpus_next (const MigrateCpus *cpus, guint from);
void _migrate_cpus_add (MigrateCpus *cpus, guint cpu);
void _migrate_cpus_unite (MigrateCpus *cpus, const MigrateCpus *with);

/* ---- entries ---- */

/* One thing here and what it is there. */
typedef struct
{
  MigrateMapKind kind;
  char *from;          /* in its one form */
  GVariant *to;        /* a{sv}: fields by name, all strings; "none" or "hole" */
  const char **values; /* the same, in the order of the row's fields; borrowed of to */
  gboolean removes;    /* it is taken away there */
  gboolean hole;       /* what it is there is answered later */
} MigrateMapEntry;

/* Errors: INVALID, with the kind's fields as remedy. */
MigrateMapEntry *
_migrate_map_entry_new (MigrateMapKind kind, const char *from, GVariant *to, GError **error);
/* text: as a key file has it. */
MigrateMapEntry *
_migrate_map_entry_parse (MigrateMapKind kind, const char *from, const char *text, GError **error);
/* One field by itself: "none" and "hole" too. */
gboolean
_migrate_map_field_check (MigrateMapKind kind, const char *name, const char *text, GError **error);
void _migrate_map_entry_free (MigrateMapEntry *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MigrateMapEntry, _migrate_map_entry_free)
/* A field's value; NULL: not given. */
const char *_migrate_map_entry_get (const MigrateMapEntry *self, const char *field);
gboolean _migrate_mapping_set_text (MigrateMapping *self, const char *kind, const char *from,
                                    const char *text, GError **error);
/* from in its one form. NULL: it is not mapped. */
const MigrateMapEntry *
_migrate_mapping_find (MigrateMapping *self, MigrateMapKind kind, const char *from);
/* Of kind PATH: the longest that is path itself or a folder above it. */
const MigrateMapEntry *_migrate_mapping_find_folder (MigrateMapping *self, const char *path);
gboolean _migrate_mapping_has (MigrateMapping *self, MigrateMapKind kind);
/* All entries, borrowed, by kind and name. */
GPtrArray *_migrate_mapping_list (MigrateMapping *self);

/* What steps and hooks answered, a{sv}: a key that is a name as above, with a text as
 * migrate_mapping_set_from_string() has it behind the "=", or with a{sv}. Other keys are somebody
 * else's. */
MigrateMapping *_migrate_mapping_new_from_bindings (GVariant *bindings, GError **error);
/* For the journal: a{sv} by name. */
GVariant *_migrate_mapping_to_variant (MigrateMapping *self);
MigrateMapping *_migrate_mapping_from_variant (GVariant *value, GError **error);
