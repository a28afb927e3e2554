/* Our mark in a guest's metadata: which job a definition is of, and that it is not to be taken for
 * an ordinary one. An element of a namespace of ours, which libvirt keeps as it is. */
#pragma once

#include "model/model-private.h"

typedef enum
{
  MIGRATE_MARK_NONE,
  MIGRATE_MARK_INCOMING, /* defined there before the hand-over: never an owner */
  MIGRATE_MARK_OUTGOING, /* the source's after it: the destination is the owner */
  MIGRATE_MARK_CARRIER   /* no guest of anybody's */
} MigrateMark;

/* What every carrier is called, before its job's id. */
#define MIGRATE_CARRIER_PREFIX "libmigrate-carrier-"

/* The document with that mark, in the place of one that it had; NONE: without any. All else stays
 * as it is. With secrets, if it had some: to be wiped. Errors: INVALID: not a guest's document. */
char *_migrate_mark_set (const char *xml, MigrateMark mark, const char *job, GError **error);
/* NONE: it has no mark, or one of a kind that is not known. job: nullable; whose. */
MigrateMark _migrate_mark_read (const char *xml, char **job);
/* The mark's own text, as a host is told of it. */
char *_migrate_mark_to_text (MigrateMark mark, const char *job);
MigrateMark _migrate_mark_from_text (const char *text, char **job);
