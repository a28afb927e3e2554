/* The table of what a guest sees. */
#pragma once

#include "model/model-private.h"

typedef enum
{
  MIGRATE_ASPECT_VALUE,   /* of the attributes, each */
  MIGRATE_ASPECT_TEXT,    /* of the element */
  MIGRATE_ASPECT_KIB,     /* of the element, a size with a unit */
  MIGRATE_ASPECT_PRESENT, /* the element */
  MIGRATE_ASPECT_ALL,     /* attributes, as one value */
  MIGRATE_ASPECT_DEEP,    /* attributes, text and elements below, as one value */
  MIGRATE_ASPECT_SUM,     /* the same, of which only a checksum is kept: it may be a secret */
  MIGRATE_ASPECT_EACH,    /* of several elements, each DEEP, by the attribute or by number */
  MIGRATE_ASPECT_EACH_SUM,
  MIGRATE_ASPECT_CHILDREN /* of the element, each DEEP, by name */
} MigrateAspectMode;

typedef struct
{
  const char *element; /* of a device; NULL: any */
  const char *path;    /* below it; "" for itself */
  const char *attributes;
  MigrateAspectMode mode;
  const char *what;
  MigrateSeverity severity;
} MigrateAspect;

typedef struct
{
  const char *element, *path, *attribute;
} MigrateDeviceKey;

extern const MigrateAspect _migrate_guest_aspects[];
extern const MigrateDeviceKey _migrate_device_keys[]; /* others are by number */
extern const MigrateAspect _migrate_device_aspects[];
extern const char *const _migrate_host_devices[];
extern const char *const _migrate_host_attributes[];
extern const guint _migrate_n_guest_aspects, _migrate_n_device_keys, _migrate_n_device_aspects;
