/* What the checks and the plan want to know of a guest, out of its domain XML. Read once; nothing
 * here is a secret. All strings are nullable unless said: the document did not say. */
#pragma once

#include "model/model-private.h"

/* A file or volume below a disk's top image. */
typedef struct
{
  char *type;   /* "file", "block", "network", … ; never NULL */
  char *format; /* "qcow2", "raw": as declared, never guessed */
  char *path;   /* where it is on the host: file, block device, directory */
  char *source; /* for people, and to compare: the path, or protocol:name, or pool:volume */
} MigrateImage;

typedef struct
{
  char *target;          /* "vda" */
  char *type;            /* "file", "block", "network", "volume", …; never NULL */
  char *device;          /* "disk", "cdrom", "floppy", "lun"; never NULL */
  char *source;          /* the path, device, or protocol:name; an empty drive has none */
  char *path;            /* of "file", "block" and "dir" */
  char *pool, *volume;   /* of "volume" */
  char *protocol, *name; /* of "network" */
  char **hosts;          /* of "network": "host:port" or a socket's path; nullable */
  char *format;          /* of the top image, as declared */
  char *cache, *bus, *alias;
  GPtrArray *chain;    /* MigrateImage, the nearest first; never NULL */
  gboolean chain_ends; /* the document says where the chain ends */
  GPtrArray *secrets;  /* MigrateSecretUse, of encryption and authentication; never NULL */
  gboolean encrypted, mirrored /* a block job runs */;
  gboolean read_only, shareable, transient;
  gboolean reservations; /* persistent reservations */
} MigrateDisk;

typedef struct
{
  char *uuid, *usage, *usage_type; /* by one or the other */
  char *of;                        /* what needs it, for people; never NULL */
} MigrateSecretUse;

typedef struct
{
  char
    *type; /* "network", "bridge", "direct", "vhostuser", "vdpa", "hostdev", "user", …; not NULL */
  char *mac;
  char *network, *port_group, *bridge, *socket /* of "vhostuser" */;
  char *device; /* of "direct" and "vdpa"; of "hostdev" the PCI address */
  char *filter, *model, *alias;
  char *mtu; /* as written */
  gboolean teaming_transient, has_port_profile;
} MigrateNic;

typedef struct
{
  char *type; /* "pci", "usb", "mdev", "scsi", "scsi_host", …; never NULL */
  char
    *address; /* for people and to compare: "0000:06:12.5", a UUID, "046d:0825", "scsi_host0:…" */
  char *model, *alias;
  gboolean teaming_transient;
} MigrateHostDevice;

/* Devices of which only kind, type and model decide. */
typedef struct
{
  char
    *element; /* "tpm", "shmem", "filesystem", "memory", "vsock", "redirdev", "video", "smartcard",
                 "watchdog", "rng", "panic", "iommu", "crypto", "audio", "nvram", …; never NULL */
  char *type, *model, *alias;
  char *driver; /* of "filesystem": "virtiofs"; of "tpm": the backend's version; "video": accel3d */
  char *path;   /* on the host, where it names one */
  char *role;   /* of "shmem"; of "watchdog" what it does */
  gboolean placed; /* of "memory": it has a slot and an address */
} MigrateDevice;

typedef struct
{
  char *element;      /* "serial", "console", "channel", "parallel", "graphics"; never NULL */
  char *type;         /* "pty", "file", "unix", "tcp", "vnc", "spice"; never NULL */
  char *path;         /* "file", "dev", "unix" */
  char *listen;       /* address that it listens on */
  char *target;       /* name or port in the guest */
  gboolean connected; /* of a channel that runs: something in the guest has it open */
} MigrateEndpoint;

typedef struct
{
  guint64 kib;    /* 0: the host's default size */
  char *node_set; /* of the guest's nodes */
} MigrateHugePages;

typedef struct
{
  char *uuid, *name; /* never NULL */
  char *type;        /* "qemu", "kvm", "test"; never NULL */
  char *arch, *machine, *emulator;
  char *loader, *nvram, *kernel, *initrd, *dtb;
  gboolean firmware_auto;
  guint64 memory_kib, current_memory_kib, max_memory_kib;
  guint vcpus, max_vcpus;
  gboolean memory_locked, memory_shared;  /* memoryBacking */
  char *memory_source;                    /* "file", "anonymous", "memfd" */
  GPtrArray *huge_pages;                  /* MigrateHugePages; never NULL; empty: none */
  char *cpu_mode, *cpu_model, *cpu_check; /* of the live document: mode "custom" as a rule */
  char *cpu_xml;                          /* the <cpu> element as text */
  gboolean cpu_unmigratable;              /* of the host's own CPU: migratable='off' */
  char **cpu_features;                    /* required by name; never NULL */
  gboolean has_tsc_frequency;
  char *cpu_set;           /* of <vcpu cpuset>, */
  GPtrArray *pins;         /* of char *: every other CPU set that is named; never NULL */
  GPtrArray *nodes;        /* of char *: host node sets of numatune; never NULL */
  GPtrArray *disks;        /* MigrateDisk */
  GPtrArray *nics;         /* MigrateNic */
  GPtrArray *host_devices; /* MigrateHostDevice */
  GPtrArray *devices;      /* MigrateDevice */
  GPtrArray *endpoints;    /* MigrateEndpoint */
  GPtrArray *secrets;      /* MigrateSecretUse: of others than disks */
  char *launch_security;   /* its type */
  char *resource_partition;
  char **perf_events;        /* enabled; never NULL */
  gboolean has_command_line; /* QEMU arguments or overridden properties of the user's own */
} MigrateGuest;

/* One document, in bounded time and memory. XML errors: INVALID, naming what is wrong. */
MigrateGuest *_migrate_guest_parse (const char *xml, GError **error);
void _migrate_guest_free (MigrateGuest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MigrateGuest, _migrate_guest_free)

/* NULL: none has that target. */
const MigrateDisk *_migrate_disk_find (GPtrArray *disks, const char *target);
/* Whether its data is a file system's file of the host's, in whatever way it is named. */
gboolean _migrate_disk_is_file (const MigrateDisk *self);

/* Without passwords, keys and secret values: "…" is in their place, or the attribute is gone. Byte
 * by byte as it was when it had none. References to secrets stay. NULL: not a document. */
char *_migrate_xml_strip_secrets (const char *xml, GError **error);
