/* Whether a guest would see that it is somebody else: two documents of one guest, compared in what
 * the guest sees. Pure. */
#pragma once

#include "model/model-private.h"

typedef struct
{
  MigrateSeverity severity; /* BLOCKER: the guest would break */
  char *subject;            /* "disk vda", "machine" */
  char *what;               /* "bus", "address", "device" */
  char *from, *to;          /* NULL: it is not there */
} MigrateDifference;

/* Both: a domain document. The differences, MigrateDifference, those that break first; empty: none.
 * Errors: INVALID. */
GPtrArray *_migrate_xml_compare (const char *source, const char *result, GError **error);
/* A sentence for people. */
char *_migrate_difference_describe (const MigrateDifference *self);
