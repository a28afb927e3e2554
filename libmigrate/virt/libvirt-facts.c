/* Many facts of a host in one bounded call: the host itself, a guest on it, and whether it knows
 * another's UUID and name. What else a guest needs of a host is in libvirt-facts-host.c and
 * libvirt-facts-storage.c.
 *
 * Most questions to libvirt are a round trip to the host, which may be a continent away: they are
 * counted, and the last ones are left out when there would be too many. */
#include "virt/libvirt-facts-private.h"

#include <stdlib.h>
#include <string.h>

/* libvirt's own limit is 32 MiB for a string; an honest document has some 100 KiB. */
#define MAX_DOCUMENT (4 << 20)

/* ---- for all parts ---- */

gboolean
_migrate_vir_ask_may (MigrateVirAsk *self, guint n)
{
  if (self->round_trips + n > self->most)
    return FALSE;
  self->round_trips += n;
  return TRUE;
}

static void
set_error (MigrateVirAsk *self, GError **error)
{
  if (self->call->guest != NULL)
    _migrate_set_vir_error (error, self->conn->vir, MIGRATE_VIR_ANYWHERE,
                            "Cannot describe guest “%s” and its host “%s”", self->call->guest,
                            self->conn->uri);
  else
    _migrate_set_vir_error (error, self->conn->vir, MIGRATE_VIR_ANYWHERE,
                            "Cannot describe host “%s”", self->conn->uri);
}

gboolean
_migrate_vir_ask_pass_over (MigrateVirAsk *self, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  set_error (self, &local_error);
  if (virConnectIsAlive (self->conn->vir) == 1)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

const char *
_migrate_vir_ask_text (MigrateVirAsk *self, const char *key)
{
  return _migrate_variant_string (self->call->question, key);
}

gboolean
_migrate_vir_ask_flag (MigrateVirAsk *self, const char *key)
{
  return _migrate_variant_boolean (self->call->question, key);
}

GVariant *
_migrate_vir_ask_values (MigrateVirAsk *self, const char *key, const char *type)
{
  return g_variant_lookup_value (self->call->question, key, G_VARIANT_TYPE (type));
}

void
_migrate_vir_add_document (GVariantDict *values, const char *key, char *xml)
{
  if (xml != NULL && strlen (xml) <= MAX_DOCUMENT)
    g_variant_dict_insert_value (values, key, _migrate_fact_text (xml));
  free (xml);
}

/* ---- the host ---- */

static gboolean
ask_host (MigrateVirAsk *self, GError **error)
{
  MigrateCall *call = self->call;
  GVariantDict values;

  if (!_migrate_vir_ask_flag (self, MIGRATE_FACT_HOST))
    return TRUE;
  self->round_trips += 5;
  /* What an attempt on a connection that broke has left. */
  _migrate_host_info_clear (&call->host);
  g_clear_pointer (&call->text_out, g_free);
  if (!_migrate_vir_host_info (self->conn, call))
    {
      set_error (self, error);
      return FALSE;
    }
  g_variant_dict_init (&values, NULL);
  _migrate_host_info_add_to (&call->host, &values);
  _migrate_vir_add_document (&values, MIGRATE_HOST_FACT_CAPABILITIES,
                             g_steal_pointer (&call->text_out));
  g_variant_dict_insert_value (&self->answer, MIGRATE_FACT_HOST, g_variant_dict_end (&values));
  return TRUE;
}

/* ---- the guest ---- */

/* After a question about a guest that failed: it may have gone between two of them. */
static gboolean
is_absent (MigrateVirAsk *self, GError **error)
{
  if (virGetLastErrorCode () == VIR_ERR_NO_DOMAIN)
    return TRUE;
  set_error (self, error);
  return FALSE;
}

static gboolean
add_xml (virDomainPtr domain, GVariantDict *values, const char *key, guint flags)
{
  char *xml = virDomainGetXMLDesc (domain, flags);

  if (xml == NULL)
    return FALSE;
  g_variant_dict_insert_value (values, key, _migrate_fact_text (xml));
  free (xml);
  return TRUE;
}

/* A driver that knows no jobs (test:///default) has none running. One that failed is not over. */
static gboolean
add_job (virDomainPtr domain, GVariantDict *values)
{
  MigrateStats stats = { 0 };

  if (!_migrate_vir_job_stats (domain, FALSE /* completed */, &stats))
    return virGetLastErrorCode () == VIR_ERR_NO_SUPPORT;
  g_variant_dict_insert (values, MIGRATE_GUEST_FACT_JOB, "b", stats.type != MIGRATE_JOB_NONE);
  return TRUE;
}

static gboolean
add_counts (MigrateVirAsk *self, virDomainPtr domain, GVariantDict *values, GError **error)
{
  int snapshots, checkpoints;

  self->round_trips += 2;
  snapshots = virDomainSnapshotNum (domain, 0 /* flags */);
  if (snapshots >= 0)
    g_variant_dict_insert (values, MIGRATE_GUEST_FACT_SNAPSHOTS, "u", (guint32) snapshots);
  else if (!_migrate_vir_ask_pass_over (self, error))
    return FALSE;
  checkpoints = virDomainListAllCheckpoints (domain, NULL /* how many */, 0 /* flags */);
  if (checkpoints >= 0)
    g_variant_dict_insert (values, MIGRATE_GUEST_FACT_CHECKPOINTS, "u", (guint32) checkpoints);
  else if (!_migrate_vir_ask_pass_over (self, error))
    return FALSE;
  return TRUE;
}

/* Of one that is off, the only document is the inactive one. */
static gboolean
add_guest (MigrateVirAsk *self, virDomainPtr domain, GVariantDict *values)
{
  g_auto (MigrateDomain) found = { 0 };
  gboolean active;

  if (!_migrate_vir_domain_find (self->conn, domain, &found))
    return FALSE;
  _migrate_domain_add_to (&found, values);
  active = found.state != MIGRATE_DOMAIN_SHUTOFF;
  self->round_trips += 6 + found.persistent + (active && found.persistent);
  return add_xml (domain, values, MIGRATE_GUEST_FACT_LIVE, 0 /* flags */)
         && add_xml (domain, values, MIGRATE_GUEST_FACT_MIGRATABLE, VIR_DOMAIN_XML_MIGRATABLE)
         && (!active || !found.persistent
             || add_xml (domain, values, MIGRATE_GUEST_FACT_INACTIVE, VIR_DOMAIN_XML_INACTIVE))
         && (!active || add_job (domain, values));
}

static gboolean
ask_guest (MigrateVirAsk *self, GError **error)
{
  g_autoptr (virDomain) domain = NULL;
  GVariantDict values;

  if (self->call->guest == NULL)
    return TRUE;
  self->round_trips++;
  domain = _migrate_vir_find_domain (self->conn, self->call->guest);
  if (domain == NULL)
    return is_absent (self, error);
  g_variant_dict_init (&values, NULL);
  if (!add_guest (self, domain, &values))
    {
      g_variant_dict_clear (&values);
      return is_absent (self, error);
    }
  if (!add_counts (self, domain, &values, error))
    {
      g_variant_dict_clear (&values);
      return FALSE;
    }
  g_variant_dict_insert_value (&self->answer, MIGRATE_FACT_GUEST, g_variant_dict_end (&values));
  return TRUE;
}

/* ---- the same guest elsewhere ---- */

static gboolean
add_found (MigrateVirAsk *self, virDomainPtr domain, const char *key, GError **error)
{
  g_auto (MigrateDomain) found = { 0 };
  GVariantDict values;

  self->round_trips++;
  if (domain == NULL || !_migrate_vir_domain_find (self->conn, domain, &found))
    return is_absent (self, error);
  self->round_trips += 3 + found.persistent + (found.state == MIGRATE_DOMAIN_SHUTOFF);
  g_variant_dict_init (&values, NULL);
  _migrate_domain_add_to (&found, &values);
  g_variant_dict_insert_value (&self->answer, key, g_variant_dict_end (&values));
  return TRUE;
}

static gboolean
ask_find (MigrateVirAsk *self, GError **error)
{
  const char *uuid = _migrate_vir_ask_text (self, MIGRATE_FACT_FIND_UUID);
  const char *name = _migrate_vir_ask_text (self, MIGRATE_FACT_FIND_NAME);
  g_autoptr (virDomain) by_uuid = NULL;
  g_autoptr (virDomain) by_name = NULL;

  if (uuid != NULL)
    {
      by_uuid = virDomainLookupByUUIDString (self->conn->vir, uuid);
      if (!add_found (self, by_uuid, MIGRATE_FACT_SAME_UUID, error))
        return FALSE;
    }
  if (name == NULL)
    return TRUE;
  by_name = virDomainLookupByName (self->conn->vir, name);
  return add_found (self, by_name, MIGRATE_FACT_SAME_NAME, error);
}

/* ---- the call ---- */

/* In the order of what can be left out least. */
static const MigrateVirPart parts[] = {
  ask_host,
  ask_guest,
  ask_find,
  _migrate_vir_ask_domain,
  _migrate_vir_ask_secrets,
  _migrate_vir_ask_filters,
  _migrate_vir_ask_capacity,
  _migrate_vir_ask_free_pages,
  _migrate_vir_ask_files,
  _migrate_vir_ask_networks,
  _migrate_vir_ask_bridges,
  _migrate_vir_ask_devices,
  _migrate_vir_ask_pools,
};

gboolean
_migrate_vir_facts (MigrateConn *conn, virDomainPtr unused, MigrateCall *call, GError **error)
{
  MigrateVirAsk ask = { .conn = conn, .call = call, .most = G_MAXUINT };
  g_autoptr (GVariant) answer = NULL;
  gboolean ok = TRUE;

  g_variant_lookup (call->question, MIGRATE_FACT_BUDGET, "u", &ask.most);
  g_variant_dict_init (&ask.answer, NULL);
  g_variant_builder_init (&ask.pools, G_VARIANT_TYPE ("aa{sv}"));
  ask.told_pools = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL /* value */);
  for (gsize i = 0; ok && i < G_N_ELEMENTS (parts); i++)
    ok = parts[i](&ask, error);
  g_variant_builder_clear (&ask.pools);
  g_hash_table_unref (ask.told_pools);
  g_variant_dict_insert (&ask.answer, MIGRATE_FACT_ROUND_TRIPS, "u", ask.round_trips);
  answer = g_variant_ref_sink (g_variant_dict_end (&ask.answer));
  if (ok)
    {
      g_clear_pointer (&call->answer, g_variant_unref);
      call->answer = g_steal_pointer (&answer);
    }
  return ok;
}
