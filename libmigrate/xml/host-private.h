/* What a host's own documents say: capabilities, domain capabilities, networks, pools, volumes. All
 * strings are nullable unless said. */
#pragma once

#include "model/model-private.h"

typedef struct
{
  guint id;
  guint64 memory_kib;
  char *cpus;         /* "0-3,8" */
  GArray *page_sizes; /* guint64, KiB */
} MigrateNumaNode;

typedef struct
{
  char *uuid, *arch, *cpu_model, *cpu_vendor;
  char **cpu_features; /* never NULL */
  char *tsc_frequency; /* Hz, as written */
  gboolean tsc_scaling;
  char **migration_uris; /* schemes, never NULL */
  GPtrArray *nodes;      /* MigrateNumaNode; never NULL */
  char *cpus;            /* all that the nodes have; NULL: not said */
} MigrateCapabilities;

typedef struct
{
  char *emulator, *type, *arch, *machine; /* of the answer: aliases resolved */
  guint max_vcpus;                        /* 0: not said */
  gboolean host_passthrough, maximum;
  char *host_model;     /* of mode host-model */
  char **usable_models; /* of mode custom; never NULL */
  char **known_models;  /* usable or not; never NULL */
  char **disk_buses, **tpm_models, **tpm_backends, **loaders, **firmwares; /* never NULL */
  gboolean has_sev;
} MigrateDomainCapabilities;

typedef struct
{
  char *name, *uuid, *bridge, *mtu, *forward; /* name never NULL */
  char **port_groups;                         /* never NULL */
  gboolean active;                            /* not in the document: the caller knows */
} MigrateNetwork;

typedef struct
{
  char *name, *uuid, *type, *target; /* name never NULL */
  guint64 capacity, available;       /* bytes */
  gboolean active;
} MigratePool;

typedef struct
{
  char *name, *type, *target, *format; /* name never NULL */
  char *backing_path, *backing_format;
  guint64 capacity, allocation, physical; /* bytes */
  guint64 written, changed; /* when its content was, and it itself: ns since 1970; 0: not said */
  gboolean encrypted, lazy_refcounts, extended_l2;
  char *encryption, *encryption_secret; /* its format; a secret's UUID */
  char *compat, *cluster_size;          /* the latter in bytes */
  char *owner, *group, *mode;           /* as written: "0600" */
} MigrateVolume;

/* Errors of each: INVALID, naming what is wrong. */
MigrateCapabilities *_migrate_capabilities_parse (const char *xml, GError **error);
void _migrate_capabilities_free (MigrateCapabilities *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MigrateCapabilities, _migrate_capabilities_free)
MigrateDomainCapabilities *_migrate_domain_capabilities_parse (const char *xml, GError **error);
void _migrate_domain_capabilities_free (MigrateDomainCapabilities *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MigrateDomainCapabilities, _migrate_domain_capabilities_free)
MigrateNetwork *_migrate_network_parse (const char *xml, GError **error);
void _migrate_network_free (MigrateNetwork *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MigrateNetwork, _migrate_network_free)
MigratePool *_migrate_pool_parse (const char *xml, GError **error);
void _migrate_pool_free (MigratePool *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MigratePool, _migrate_pool_free)
MigrateVolume *_migrate_volume_parse (const char *xml, GError **error);
void _migrate_volume_free (MigrateVolume *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MigrateVolume, _migrate_volume_free)

/* CPU sets, "0-3,^2,8": whether all of small is in large; missing, nullable and only set when it is
 * not: what is not, for people. A set that cannot be read contains nothing and is in none. */
gboolean _migrate_cpu_set_contains (const char *large, const char *small, char **missing);
