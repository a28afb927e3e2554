/* Documents that a host is told to make something of: a volume, and the guest that carries files.
 * Made from values, by libxml2: nothing of a value is ever parsed. */
#pragma once

#include "model/model-private.h"

typedef enum
{
  MIGRATE_VOLUME_IMAGE, /* an empty image: format, options and what is below as the row says */
  MIGRATE_VOLUME_FILE   /* a raw volume as large as the row's file, whatever is to be in it */
} MigrateVolumeShape;

/* The document for MIGRATE_CALL_VOLUME_CREATE, of a row of storage/files-private.h: its
 * "name-there" (or "name"), "capacity" (of a file "size"), "format", "backing-there",
 * "backing-format", "options". Errors: INVALID: it has no name, or one that no document or no
 * volume can have; its capacity is not known; its format cannot be made. */
char *_migrate_volume_make (GVariant *row, MigrateVolumeShape shape, GError **error);

/* A guest of our own whose CPUs never run: each file one raw disk of it, "sda" the first. */
typedef struct
{
  const char *name, *uuid;
  const char *type, *arch; /* "qemu", "kvm"; "x86_64" */
  const char *machine;     /* nullable: "pc" */
  const char *emulator;    /* nullable: the host's own */
  const char *job;         /* for its mark */
  const char *const *paths;
} MigrateCarrier;

/* The document for MIGRATE_CALL_CREATE_PAUSED. Errors: INVALID. */
char *_migrate_carrier_make (const MigrateCarrier *carrier, GError **error);
/* "sda", … "sdz", "sdaa": which disk of it the nth file is. */
char *_migrate_carrier_target (guint n);
