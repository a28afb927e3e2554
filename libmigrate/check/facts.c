/* The facts of one move, as a value, and what of them goes into the journal. */
#include "check/facts-snapshot-private.h"

MigrateFacts *
_migrate_facts_ref (MigrateFacts *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
_migrate_facts_unref (MigrateFacts *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  _migrate_host_info_clear (&self->source);
  _migrate_host_info_clear (&self->destination);
  _migrate_domain_clear (&self->guest);
  _migrate_domain_clear (&self->same_uuid);
  _migrate_domain_clear (&self->same_name);
  _migrate_host_facts_clear (&self->on_source);
  _migrate_host_facts_clear (&self->on_destination);
  g_clear_pointer (&self->snapshot, g_variant_unref);
  g_clear_pointer (&self->shape, _migrate_guest_free);
  g_free (self->xml);
  g_free (self->inactive_xml);
  g_free (self->definition);
  g_clear_pointer (&self->disks, g_ptr_array_unref);
  g_clear_pointer (&self->probed, g_ptr_array_unref);
  g_clear_pointer (&self->snapshot_files, g_ptr_array_unref);
  g_clear_pointer (&self->elsewhere, g_ptr_array_unref);
  g_free (self->record);
  g_free (self->address);
  g_clear_object (&self->mapping);
  g_clear_object (&self->profile);
  g_clear_pointer (&self->resize, g_variant_unref);
  g_free (self);
}

gboolean
_migrate_check_uris (MigrateWork *work, GError **error)
{
  return _migrate_uri_check (work->source_uri, MIGRATE_URI_CONNECTION, error)
         && _migrate_uri_check (work->destination_uri, MIGRATE_URI_CONNECTION, error)
         && (work->peer_uri == NULL
             || _migrate_uri_check (work->peer_uri, MIGRATE_URI_CONNECTION, error))
         && (work->migration_uri == NULL
             || _migrate_uri_check (work->migration_uri, MIGRATE_URI_DATA, error))
         && (work->disks_uri == NULL
             || _migrate_uri_check (work->disks_uri, MIGRATE_URI_DISKS, error));
}

static GVariant *
disks_to_variant (const MigrateFacts *self)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < self->disks->len; i++)
    {
      const MigrateDisk *disk = self->disks->pdata[i];
      g_autofree char *source = disk->source != NULL ? _migrate_uri_redact (disk->source) : NULL;

      g_variant_builder_open (&builder, G_VARIANT_TYPE_VARDICT);
      _migrate_builder_add_string (&builder, "target", disk->target);
      _migrate_builder_add_string (&builder, "type", disk->type);
      _migrate_builder_add_string (&builder, "device", disk->device);
      _migrate_builder_add_string (&builder, "source", source);
      g_variant_builder_close (&builder);
    }
  return g_variant_builder_end (&builder);
}

GVariant *
_migrate_facts_to_variant (const MigrateFacts *self)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "was-paused",
                         g_variant_new_boolean (self->guest.state == MIGRATE_DOMAIN_PAUSED));
  g_variant_builder_add (&builder, "{sv}", "was-running",
                         g_variant_new_boolean (self->guest.state != MIGRATE_DOMAIN_SHUTOFF));
  g_variant_builder_add (&builder, "{sv}", "persistent",
                         g_variant_new_boolean (self->guest.persistent));
  g_variant_builder_add (&builder, "{sv}", "autostart",
                         g_variant_new_boolean (self->guest.autostart));
  g_variant_builder_add (&builder, "{sv}", "memory",
                         g_variant_new_uint64 (self->shape->memory_kib * 1024));
  g_variant_builder_add (&builder, "{sv}", "disks", disks_to_variant (self));
  _migrate_builder_add_string (&builder, "type", self->shape->type);
  _migrate_builder_add_string (&builder, "arch", self->shape->arch);
  _migrate_builder_add_string (&builder, "machine", self->shape->machine);
  if (self->definition != NULL)
    g_variant_builder_add (&builder, "{sv}", "definition", g_variant_new_string (self->definition));
  return g_variant_builder_end (&builder);
}
