/* What the parts of the facts call share (libvirt-facts*.c). */
#pragma once

#include "virt/facts-private.h"
#include "virt/libvirt-private.h"

typedef struct
{
  MigrateConn *conn;
  MigrateCall *call;
  GVariantDict answer;
  guint round_trips, most;
  GVariantBuilder pools;
  GHashTable *told_pools; /* names of those that are in pools */
} MigrateVirAsk;

/* Before round trips that may be left out. FALSE: there are no n more. */
gboolean _migrate_vir_ask_may (MigrateVirAsk *self, guint n);
/* After one that failed, with libvirt's last error in place: TRUE, it is a thing that this host
 * cannot tell; FALSE and an error: nothing more can be asked. */
gboolean _migrate_vir_ask_pass_over (MigrateVirAsk *self, GError **error);
/* Borrowed. NULL, or FALSE: it is not asked for. */
const char *_migrate_vir_ask_text (MigrateVirAsk *self, const char *key);
gboolean _migrate_vir_ask_flag (MigrateVirAsk *self, const char *key);
/* Transfer full, nullable. */
GVariant *_migrate_vir_ask_values (MigrateVirAsk *self, const char *key, const char *type);

/* A document (malloc'ed, taken; nullable) into an a{sv}; one beyond all reason is left out. */
void _migrate_vir_add_document (GVariantDict *values, const char *key, char *xml);

/* Each: FALSE and an error when nothing more can be asked. */
typedef gboolean (*MigrateVirPart) (MigrateVirAsk *self, GError **error);
/* libvirt-facts-host.c */
gboolean _migrate_vir_ask_capacity (MigrateVirAsk *self, GError **error);
gboolean _migrate_vir_ask_free_pages (MigrateVirAsk *self, GError **error);
gboolean _migrate_vir_ask_domain (MigrateVirAsk *self, GError **error);
gboolean _migrate_vir_ask_networks (MigrateVirAsk *self, GError **error);
gboolean _migrate_vir_ask_filters (MigrateVirAsk *self, GError **error);
gboolean _migrate_vir_ask_bridges (MigrateVirAsk *self, GError **error);
gboolean _migrate_vir_ask_devices (MigrateVirAsk *self, GError **error);
gboolean _migrate_vir_ask_secrets (MigrateVirAsk *self, GError **error);
/* libvirt-facts-storage.c */
gboolean _migrate_vir_ask_files (MigrateVirAsk *self, GError **error);
gboolean _migrate_vir_ask_pools (MigrateVirAsk *self, GError **error);
