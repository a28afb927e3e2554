/* What libvirt has written down of a guest's snapshots and checkpoints. */
#pragma once

#include "model/model-private.h"

/* Of a <domainsnapshot> or <domaincheckpoint>. Errors: INVALID. */
char *_migrate_record_dup_name (const char *xml, GError **error);
/* Files that a snapshot has beside the guest's definition: memory, and images that it was to make;
 * never NULL. */
char **_migrate_record_dup_files (const char *xml);

/* A guest's document, or a path, as it is to be at the destination; NULL: it stays. */
typedef struct
{
  gboolean (*document) (gpointer data, const char *xml, char **result, GError **error);
  gboolean (*path) (gpointer data, const char *path, char **result, GError **error);
  gpointer data;
} MigrateRecordNames;

/* The record with the guest in it, and the files, named so. With passwords, if it had some: to be
 * wiped. Errors: INVALID, and those of names. */
char *_migrate_record_rename (const char *xml, const MigrateRecordNames *names, GError **error);
