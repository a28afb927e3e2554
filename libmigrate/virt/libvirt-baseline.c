/* A CPU that is in all of several, as one host's hypervisor can give it. */
#include "virt/facts-private.h"
#include "virt/libvirt-private.h"

#include <stdlib.h>

/* Features that keep a guest from moving are left out. libvirt has this call since 4.4. */
gboolean
_migrate_vir_baseline_cpu (MigrateConn *conn, virDomainPtr unused, MigrateCall *call,
                           GError **error)
{
  g_autoptr (GVariant) emulator
    = g_variant_lookup_value (call->question, MIGRATE_FACT_DOMAIN, G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) cpus
    = g_variant_lookup_value (call->question, MIGRATE_BASELINE_CPUS, G_VARIANT_TYPE_STRING_ARRAY);
  g_autofree const char **texts = g_variant_get_strv (cpus, NULL);
  char *found = virConnectBaselineHypervisorCPU (
    conn->vir, _migrate_variant_string (emulator, MIGRATE_EMULATOR_PATH),
    _migrate_variant_string (emulator, MIGRATE_EMULATOR_ARCH),
    _migrate_variant_string (emulator, MIGRATE_EMULATOR_MACHINE),
    _migrate_variant_string (emulator, MIGRATE_EMULATOR_TYPE), texts,
    (guint) g_variant_n_children (cpus), VIR_CONNECT_BASELINE_CPU_MIGRATABLE);

  if (found == NULL)
    return FALSE;
  g_free (call->text_out); /* what an attempt on a connection that broke has left */
  call->text_out = g_strdup (found);
  free (found);
  return TRUE;
}
