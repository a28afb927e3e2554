/* The only room that knows libxml2: what the others want to know of libvirt's documents. */
#pragma once

#include "model/model-private.h"

typedef struct
{
  char *target; /* "vda" */
  char *type;   /* "file", "block", "network", "volume", … */
  char *device; /* "disk", "cdrom", "floppy", "lun" */
  char *source; /* nullable: the path, device, or protocol:name; an empty drive has none */
  gboolean read_only, shareable, transient;
} MigrateDisk;

void _migrate_disk_free (MigrateDisk *self);

/* The disks of a domain XML, as MigrateDisk. */
GPtrArray *_migrate_xml_parse_disks (const char *xml, GError **error);
/* The host's UUID out of a capabilities document; NULL without error when it has none. */
char *_migrate_xml_parse_host_uuid (const char *xml, GError **error);
