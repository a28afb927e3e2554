/* The opt-in event loop for libvirt. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <gio/gio.h>
#include <libmigrate/migrate-types.h>

G_BEGIN_DECLS

MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_events_start (GError **error);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_events_is_running (void);

G_END_DECLS
