/* A folder of images. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <libmigrate/migrate-image-source.h>

G_BEGIN_DECLS

#define MIGRATE_TYPE_DIRECTORY_IMAGE_SOURCE (migrate_directory_image_source_get_type ())
MIGRATE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (MigrateDirectoryImageSource, migrate_directory_image_source, MIGRATE,
                      DIRECTORY_IMAGE_SOURCE, GObject)

MIGRATE_AVAILABLE_IN_1_0
MigrateDirectoryImageSource *
migrate_directory_image_source_new (const char *path, const char *checksums);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_directory_image_source_get_path (MigrateDirectoryImageSource *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_directory_image_source_get_checksums (MigrateDirectoryImageSource *self);

G_END_DECLS
