/* Where backing files come from. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <libmigrate/migrate-request.h>

G_BEGIN_DECLS

#define MIGRATE_TYPE_IMAGE_SOURCE (migrate_image_source_get_type ())
MIGRATE_AVAILABLE_IN_1_0
G_DECLARE_INTERFACE (MigrateImageSource, migrate_image_source, MIGRATE, IMAGE_SOURCE, GObject)

/**
 * MigrateImageSourceInterface:
 * @parent_iface: the parent interface
 * @fetch: asked for a backing file that the destination lacks; the default refuses with `not-found`
 *
 * Implemented by the embedding program around its image service: an interface, because only the
 * program knows where its images are.
 *
 * Since: 1.0
 */
struct _MigrateImageSourceInterface
{
  GTypeInterface parent_iface;

  gboolean (*fetch) (MigrateImageSource *self, MigrateRequest *request);

  /*< private >*/
  gpointer _reserved[8];
};

MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_image_source_fetch (MigrateImageSource *self, MigrateRequest *request);

G_END_DECLS
