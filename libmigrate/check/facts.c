/* Gather: one pass over both hosts, reading only. */
#include "check/facts-private.h"

#include "steps/inventory-private.h"

#include <string.h>

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
  g_free (self->definition);
  g_clear_pointer (&self->disks, g_ptr_array_unref);
  g_clear_pointer (&self->shape, _migrate_guest_free);
  g_free (self->record);
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
             || _migrate_uri_check (work->migration_uri, MIGRATE_URI_DATA, error));
}

static gboolean
gather_host (MigrateWork *work, MigrateSide side, MigrateHostInfo *info, GError **error)
{
  g_autoptr (MigrateCall) call
    = _migrate_work_call (work, side, MIGRATE_CALL_HOST_INFO, NULL /* guest */, 0, error);

  if (call == NULL)
    return FALSE;
  *info = call->host;
  memset (&call->host, 0, sizeof call->host);
  if (info->uuid == NULL && call->text_out != NULL)
    {
      g_autoptr (GError) local_error = NULL;

      info->uuid = _migrate_xml_parse_host_uuid (call->text_out, &local_error);
      if (local_error != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
    }
  return TRUE;
}

/* Absent is an answer. */
static gboolean
gather_domain (MigrateWork *work, MigrateSide side, const char *guest, gboolean *found,
               MigrateDomain *domain, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (MigrateCall) call
    = _migrate_work_call (work, side, MIGRATE_CALL_DOMAIN_FIND, guest, 0, &local_error);

  *found = call != NULL;
  if (call != NULL)
    {
      *domain = call->domain;
      memset (&call->domain, 0, sizeof call->domain);
      return TRUE;
    }
  if (g_error_matches (local_error, MIGRATE_ERROR, MIGRATE_ERROR_NOT_FOUND))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static gboolean
gather_guest (MigrateWork *work, MigrateFacts *facts, GError **error)
{
  g_autoptr (MigrateCall) xml = NULL;
  g_autoptr (MigrateCall) stats = NULL;
  g_autoptr (GError) local_error = NULL;
  gboolean found;

  if (!gather_domain (work, MIGRATE_SIDE_SOURCE, work->guest, &found, &facts->guest, error))
    return FALSE;
  if (!found)
    {
      GError *missing = _migrate_error_new (
        MIGRATE_ERROR_NOT_FOUND, "List the guests there with “virsh list --all”",
        "There is no guest “%s” on “%s”", work->guest, facts->source.hostname);

      _migrate_error_set_side (missing, MIGRATE_SIDE_SOURCE);
      g_propagate_error (error, missing);
      return FALSE;
    }
  xml = _migrate_work_call (work, MIGRATE_SIDE_SOURCE, MIGRATE_CALL_DOMAIN_XML, facts->guest.uuid,
                            0, error);
  if (xml == NULL)
    return FALSE;
  facts->shape = _migrate_guest_parse (xml->text_out, error);
  if (facts->shape == NULL)
    return FALSE;
  facts->disks = g_ptr_array_ref (facts->shape->disks);
  if (facts->guest.state == MIGRATE_DOMAIN_SHUTOFF)
    return TRUE;
  stats = _migrate_work_call (work, MIGRATE_SIDE_SOURCE, MIGRATE_CALL_JOB_STATS, facts->guest.uuid,
                              0, &local_error);
  /* A driver that knows no jobs (test:///default) has none running. */
  if (g_error_matches (local_error, MIGRATE_ERROR, MIGRATE_ERROR_UNSUPPORTED))
    return TRUE;
  if (stats == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  facts->guest_has_job = stats->stats.type != MIGRATE_JOB_NONE; /* one that failed is not over */
  return TRUE;
}

static gboolean
gather_record (MigrateWork *work, MigrateFacts *facts, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  facts->has_record = work->inventory != NULL;
  if (!facts->has_record
      || _migrate_inventory_ask_get_of (work, &facts->guest, &facts->record, &local_error)
      || g_error_matches (local_error, MIGRATE_ERROR, MIGRATE_ERROR_NOT_FOUND))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

MigrateFacts *
_migrate_facts_gather (MigrateWork *work, GError **error)
{
  g_autoptr (MigrateFacts) facts = g_new0 (MigrateFacts, 1);

  g_atomic_ref_count_init (&facts->ref_count);
  if (!_migrate_check_uris (work, error)
      || !gather_host (work, MIGRATE_SIDE_SOURCE, &facts->source, error)
      || !gather_guest (work, facts, error)
      || !gather_host (work, MIGRATE_SIDE_DESTINATION, &facts->destination, error)
      || !gather_domain (work, MIGRATE_SIDE_DESTINATION, facts->guest.uuid, &facts->found_uuid,
                         &facts->same_uuid, error)
      || !gather_domain (work, MIGRATE_SIDE_DESTINATION, facts->guest.name, &facts->found_name,
                         &facts->same_name, error)
      || !gather_record (work, facts, error))
    return NULL;
  return g_steal_pointer (&facts);
}

static void
add_string (GVariantBuilder *builder, const char *key, const char *value)
{
  if (value != NULL)
    g_variant_builder_add (builder, "{sv}", key, g_variant_new_string (value));
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
      add_string (&builder, "target", disk->target);
      add_string (&builder, "type", disk->type);
      add_string (&builder, "device", disk->device);
      add_string (&builder, "source", source);
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
  g_variant_builder_add (&builder, "{sv}", "persistent",
                         g_variant_new_boolean (self->guest.persistent));
  g_variant_builder_add (&builder, "{sv}", "autostart",
                         g_variant_new_boolean (self->guest.autostart));
  g_variant_builder_add (&builder, "{sv}", "disks", disks_to_variant (self));
  if (self->definition != NULL)
    g_variant_builder_add (&builder, "{sv}", "definition", g_variant_new_string (self->definition));
  return g_variant_builder_end (&builder);
}
