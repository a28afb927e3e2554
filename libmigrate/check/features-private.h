/* What a move asks of the wire, as a set of features. */
#pragma once

#include "check/checks-private.h"

typedef enum
{
  MIGRATE_FEATURE_TUNNELLED = 1 << 0,
  MIGRATE_FEATURE_STRICT = 1 << 1,
  MIGRATE_FEATURE_PAUSED = 1 << 2, /* of the guest, not of the request */
  MIGRATE_FEATURE_MIGRATION_URI = 1 << 3,
  MIGRATE_FEATURE_UNIX_URI = 1 << 4,
  MIGRATE_FEATURE_LISTEN_ADDRESS = 1 << 5,
  MIGRATE_FEATURE_CONNECTIONS = 1 << 6,
  MIGRATE_FEATURE_ZERO_COPY = 1 << 7,
  MIGRATE_FEATURE_TLS = 1 << 8,
  MIGRATE_FEATURE_TLS_NAME = 1 << 9, /* where it counts */
  MIGRATE_FEATURE_XBZRLE = 1 << 10,
  MIGRATE_FEATURE_MT = 1 << 11,
  MIGRATE_FEATURE_ZLIB = 1 << 12,
  MIGRATE_FEATURE_ZSTD = 1 << 13,
  MIGRATE_FEATURE_LEVEL = 1 << 14,
  MIGRATE_FEATURE_THREADS = 1 << 15,
  MIGRATE_FEATURE_CACHE = 1 << 16,
  MIGRATE_FEATURE_POSTCOPY = 1 << 17,
  MIGRATE_FEATURE_POSTCOPY_BANDWIDTH = 1 << 18, /* where it counts */
  MIGRATE_FEATURE_PAUSE = 1 << 19,
  MIGRATE_FEATURE_DEADLINE_POSTCOPY = 1 << 20,
  MIGRATE_FEATURE_DEADLINE_PAUSE = 1 << 21,
  MIGRATE_FEATURE_TLS_SOCKET = 1 << 22,
  MIGRATE_FEATURE_BLOCK = 1 << 23,
  MIGRATE_FEATURE_SYNC_WRITES = 1 << 24
} MigrateFeature;

typedef struct
{
  MigrateFeature feature;
  const char *name;                  /* as in “… excludes …” */
  const char *remedy;                /* how not to ask for it */
  guint64 libvirt_since, qemu_since; /* 0: any that this library works with */
  guint64 qemu_until;                /* the first without it; 0: none */
} MigrateFeatureInfo;

guint _migrate_features_asked (const MigrateLook *look);
/* NULL past the last. */
const MigrateFeatureInfo *_migrate_feature_nth (gsize i);
const MigrateFeatureInfo *_migrate_feature_info (MigrateFeature feature);
/* "7.2.22" */
char *_migrate_version_to_string (guint64 version);
