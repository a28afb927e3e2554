/* Errors as libvirt makes them. */
#include "sim-error.h"

#include "virt/libvirt-private.h"

void
_sim_set_error (GError **error, gboolean transfer, int vir_domain, int vir_code, int system_error,
                const char *doing, const char *words)
{
  virError said = {
    .code = vir_code,
    .domain = vir_domain,
    .message = (char *) words,
    .level = VIR_ERR_ERROR,
    .int1 = system_error,
  };

  g_propagate_error (error,
                     _migrate_vir_error_convert (
                       &said, transfer ? MIGRATE_VIR_TRANSFER : MIGRATE_VIR_ANYWHERE, doing));
}
