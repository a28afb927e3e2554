/* Hosts and guests as they stand in answers and snapshots. Pure. */
#include "virt/facts-private.h"

GVariant *
_migrate_fact_text (const char *text)
{
  return g_variant_new_take_string (g_utf8_make_valid (text, -1));
}

static void
insert_string (GVariantDict *values, const char *key, const char *text)
{
  if (text != NULL)
    g_variant_dict_insert_value (values, key, _migrate_fact_text (text));
}

void
_migrate_host_info_add_to (const MigrateHostInfo *self, GVariantDict *values)
{
  insert_string (values, MIGRATE_HOST_FACT_HOSTNAME, self->hostname);
  insert_string (values, MIGRATE_HOST_FACT_UUID, self->uuid);
  insert_string (values, MIGRATE_HOST_FACT_HYPERVISOR, self->hypervisor);
  g_variant_dict_insert (values, MIGRATE_HOST_FACT_LIBVIRT_VERSION, "t", self->libvirt_version);
  g_variant_dict_insert (values, MIGRATE_HOST_FACT_HYPERVISOR_VERSION, "t",
                         self->hypervisor_version);
}

void
_migrate_host_info_read (GVariant *values, MigrateHostInfo *self)
{
  *self = (MigrateHostInfo){
    .hostname = g_strdup (_migrate_variant_string (values, MIGRATE_HOST_FACT_HOSTNAME)),
    .uuid = g_strdup (_migrate_variant_string (values, MIGRATE_HOST_FACT_UUID)),
    .hypervisor = g_strdup (_migrate_variant_string (values, MIGRATE_HOST_FACT_HYPERVISOR)),
    .libvirt_version = _migrate_variant_uint64 (values, MIGRATE_HOST_FACT_LIBVIRT_VERSION, 0),
    .hypervisor_version = _migrate_variant_uint64 (values, MIGRATE_HOST_FACT_HYPERVISOR_VERSION, 0),
  };
}

void
_migrate_domain_add_to (const MigrateDomain *self, GVariantDict *values)
{
  insert_string (values, MIGRATE_GUEST_FACT_UUID, self->uuid);
  insert_string (values, MIGRATE_GUEST_FACT_NAME, self->name);
  g_variant_dict_insert (values, MIGRATE_GUEST_FACT_STATE, "i", (int) self->state);
  g_variant_dict_insert (values, MIGRATE_GUEST_FACT_REASON, "i", self->reason);
  g_variant_dict_insert (values, MIGRATE_GUEST_FACT_PERSISTENT, "b", self->persistent);
  g_variant_dict_insert (values, MIGRATE_GUEST_FACT_AUTOSTART, "b", self->autostart);
  g_variant_dict_insert (values, MIGRATE_GUEST_FACT_MANAGED_SAVE, "b", self->managed_save);
  insert_string (values, MIGRATE_GUEST_FACT_MARK, self->mark);
}

gboolean
_migrate_domain_read (GVariant *values, MigrateDomain *self)
{
  const char *uuid = _migrate_variant_string (values, MIGRATE_GUEST_FACT_UUID);
  const char *name = _migrate_variant_string (values, MIGRATE_GUEST_FACT_NAME);
  gint32 state = MIGRATE_DOMAIN_NOSTATE, reason = 0;

  if (uuid == NULL || name == NULL)
    return FALSE;
  g_variant_lookup (values, MIGRATE_GUEST_FACT_STATE, "i", &state);
  g_variant_lookup (values, MIGRATE_GUEST_FACT_REASON, "i", &reason);
  *self = (MigrateDomain){
    .uuid = g_strdup (uuid),
    .name = g_strdup (name),
    .state = (MigrateDomainState) state,
    .reason = reason,
    .persistent = _migrate_variant_boolean (values, MIGRATE_GUEST_FACT_PERSISTENT),
    .autostart = _migrate_variant_boolean (values, MIGRATE_GUEST_FACT_AUTOSTART),
    .managed_save = _migrate_variant_boolean (values, MIGRATE_GUEST_FACT_MANAGED_SAVE),
    .mark = g_strdup (_migrate_variant_string (values, MIGRATE_GUEST_FACT_MARK)),
  };
  return TRUE;
}
