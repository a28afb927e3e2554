/* Guests that are stopped for a move or made for one, and what is left of them afterwards. */
#include "virt/libvirt-private.h"

/* ---- shutting down ---- */

/* Through the agent, and where there is none by the power button. */
gboolean
_migrate_vir_shut_down (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  guint flags = 0;

  if (_migrate_vir_is_qemu (conn))
    flags = VIR_DOMAIN_SHUTDOWN_GUEST_AGENT | VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN;
  return virDomainShutdownFlags (domain, flags) == 0;
}

/* ---- saved memory ---- */

gboolean
_migrate_vir_save (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  return virDomainSaveFlags (domain, call->text_in, NULL /* dxml: as it is */, 0 /* flags */) == 0;
}

/* With no flag its CPUs do what they did when it was saved. */
gboolean
_migrate_vir_restore (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  guint flags = call->value == 1 ? VIR_DOMAIN_SAVE_PAUSED : 0;

  return virDomainRestoreFlags (conn->vir, call->text_in, call->transfer.dest_xml, flags) == 0
         || _migrate_vir_storage_fail (conn, "restore the guest that is saved in", call->text_in,
                                       error);
}

gboolean
_migrate_vir_saved_xml (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  gboolean with_secrets = (call->value & MIGRATE_XML_SECURE) != 0;
  g_autoptr (virDomain) managed = NULL;

  if (call->guest == NULL)
    {
      call->text_out = virDomainSaveImageGetXMLDesc (
        conn->vir, call->text_in, with_secrets ? VIR_DOMAIN_SAVE_IMAGE_XML_SECURE : 0);
      return call->text_out != NULL
             || _migrate_vir_storage_fail (conn, "read the saved guest in", call->text_in, error);
    }
  managed = _migrate_vir_find_domain (conn, call->guest);
  if (managed != NULL)
    call->text_out = virDomainManagedSaveGetXMLDesc (
      managed, with_secrets ? VIR_DOMAIN_SAVE_IMAGE_XML_SECURE : 0);
  return call->text_out != NULL
         || _migrate_vir_storage_fail (conn, "read the saved memory of guest", call->guest, error);
}

/* ---- making ---- */

gboolean
_migrate_vir_create_paused (MigrateConn *conn, virDomainPtr domain, MigrateCall *call,
                            GError **error)
{
  g_autoptr (virDomain) created
    = virDomainCreateXML (conn->vir, call->text_in, VIR_DOMAIN_START_PAUSED);

  return created != NULL;
}

/* QEMU flushes a file that it takes for changed, and a resize makes it one. libvirt itself never
 * flushes what it has written to a volume (9.0). */
gboolean
_migrate_vir_touch_disks (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  GVariantIter iter;
  const char *target;
  GVariant *size;

  g_variant_iter_init (&iter, call->question);
  while (g_variant_iter_loop (&iter, "{&sv}", &target, &size))
    if (virDomainBlockResize (domain, target, g_variant_get_uint64 (size),
                              VIR_DOMAIN_BLOCK_RESIZE_BYTES)
        < 0)
      {
        g_variant_unref (size);
        return FALSE;
      }
  return TRUE;
}

/* ---- undefining ---- */

/* NVRAM and TPM state may be the only ones, or shared with the other host: kept, unless the NVRAM
 * is asked for. Saved memory and snapshots make libvirt refuse to undefine a guest that has them,
 * unless they are asked for, too. QEMU's driver must be told to keep (before 8.9 it deletes TPM
 * state, and refuses the flag, so it fails here), the test driver knows none of these flags. */
static guint
get_undefine_flags (guint64 asked)
{
  guint flags = VIR_DOMAIN_UNDEFINE_KEEP_TPM | VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA;

  flags |= (asked & MIGRATE_UNDEFINE_NVRAM) != 0 ? VIR_DOMAIN_UNDEFINE_NVRAM
                                                 : VIR_DOMAIN_UNDEFINE_KEEP_NVRAM;
  if ((asked & MIGRATE_UNDEFINE_MANAGED_SAVE) != 0)
    flags |= VIR_DOMAIN_UNDEFINE_MANAGED_SAVE;
  if ((asked & MIGRATE_UNDEFINE_SNAPSHOTS) != 0)
    flags |= VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA;
  return flags;
}

gboolean
_migrate_vir_undefine (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  return virDomainUndefineFlags (domain,
                                 _migrate_vir_is_qemu (conn) ? get_undefine_flags (call->value) : 0)
         == 0;
}

/* ---- mirrors ---- */

/* The hypervisor's figures of one that is not ready never have it done: libvirt keeps a byte back.
 * A disk that has no job is left out. */
static gboolean
add_block_job (virDomainPtr domain, const char *target, GVariantDict *answer)
{
  virDomainBlockJobInfo info;
  int found = virDomainGetBlockJobInfo (domain, target, &info, 0 /* flags */);
  GVariantDict job;

  if (found < 0)
    return FALSE;
  if (found == 0)
    return TRUE;
  g_variant_dict_init (&job, NULL /* from */);
  g_variant_dict_insert (&job, "done", "t", (guint64) info.cur);
  g_variant_dict_insert (&job, "total", "t", (guint64) info.end);
  g_variant_dict_insert (&job, "ready", "b", info.cur == info.end);
  g_variant_dict_insert_value (answer, target, g_variant_dict_end (&job));
  return TRUE;
}

/* The statistics name the guest's disks, without its document. */
static gboolean
add_block_jobs (virDomainPtr domain, const virDomainStatsRecord *record, GVariantDict *answer)
{
  for (int i = 0; i < record->nparams; i++)
    {
      const virTypedParameter *param = &record->params[i];

      if (param->type == VIR_TYPED_PARAM_STRING && g_str_has_prefix (param->field, "block.")
          && g_str_has_suffix (param->field, ".name")
          && !add_block_job (domain, param->value.s, answer))
        return FALSE;
    }
  return TRUE;
}

gboolean
_migrate_vir_block_jobs (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  virDomainPtr domains[] = { domain, NULL };
  virDomainStatsRecordPtr *records = NULL;
  int n = virDomainListGetStats (domains, VIR_DOMAIN_STATS_BLOCK, &records, 0 /* flags */);
  GVariantDict answer;
  gboolean ok = n >= 0;

  g_variant_dict_init (&answer, NULL /* from */);
  if (n > 0)
    ok = add_block_jobs (domain, records[0], &answer);
  g_clear_pointer (&call->answer, g_variant_unref); /* of a connection that broke */
  call->answer = g_variant_ref_sink (g_variant_dict_end (&answer));
  virDomainStatsRecordListFree (records); /* keeps the last error */
  return ok;
}
