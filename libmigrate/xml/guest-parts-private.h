/* The parts of a guest's document, each read by a file of its own into a guest that is being made.
 * Of several errors the first is kept; the guest is dropped when there is one. */
#pragma once

#include "xml/document-private.h"
#include "xml/guest-private.h"

void _migrate_guest_read_disks (GPtrArray *disks, const xmlNode *devices, GError **error);
void _migrate_guest_read_nics (MigrateGuest *self, const xmlNode *devices, GError **error);
void _migrate_guest_read_devices (MigrateGuest *self, const xmlNode *devices, GError **error);
void _migrate_guest_read_endpoints (MigrateGuest *self, const xmlNode *devices);

GPtrArray *_migrate_disk_list_new (void);
GPtrArray *_migrate_nic_list_new (void);
GPtrArray *_migrate_host_device_list_new (void);
GPtrArray *_migrate_device_list_new (void);
GPtrArray *_migrate_endpoint_list_new (void);
GPtrArray *_migrate_secret_use_list_new (void);

/* usage_type: what libvirt looks a usage up as, where the element does not say; takes of. */
void
_migrate_secret_use_add (GPtrArray *uses, const xmlNode *secret, const char *usage_type, char *of);
/* "0000:06:12.5" */
char *_migrate_pci_address (const xmlNode *address, GError **error);
/* For a message: what the document says, when it is short enough to be a name. */
const char *_migrate_short_name (const char *name);
