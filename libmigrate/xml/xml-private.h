/* The only room that knows libxml2: what the others want to know of libvirt's documents. */
#pragma once

#include "xml/guest-private.h"
#include "xml/host-private.h"

/* The CPU that a hypervisor gives a guest as the host's own, out of its domain capabilities: a
 * <cpu>. NULL without error when it gives none. */
char *_migrate_xml_host_model (const char *domain_capabilities, GError **error);
/* Of a <cpu>: its model, and "+name" or "-name" for each feature beside it. Both are the caller's.
 */
gboolean _migrate_xml_read_cpu (const char *xml, char **model, char ***features, GError **error);
