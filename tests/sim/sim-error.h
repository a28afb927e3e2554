/* Apart from sim-private.h, because libvirt's backend and the simulator each have their own
 * connections. */
#pragma once

#include <glib.h>

/* What libvirt would have said, through the library's own table from libvirt's codes to ours.
 * transfer: said in a transfer, perhaps by the other host. */
void _sim_set_error (GError **error, gboolean transfer, int vir_domain, int vir_code,
                     int system_error, const char *doing, const char *words);
