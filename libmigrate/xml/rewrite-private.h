/* The guest's document as it will be at the destination. Pure. */
#pragma once

#include "model/mapping-private.h"

/* Where what is there comes from; an earlier one wins. */
typedef enum
{
  MIGRATE_ORIGIN_BINDING, /* what a step or a hook answered */
  MIGRATE_ORIGIN_JOB,     /* the job's mapping */
  MIGRATE_ORIGIN_PROFILE, /* the destination's */
  MIGRATE_ORIGIN_POLICY,  /* what follows from the way that the guest travels */
  MIGRATE_N_ORIGINS
} MigrateOrigin;

typedef struct
{
  GVariant *bindings;      /* a{sv}: see _migrate_mapping_new_from_bindings(); nullable */
  MigrateMapping *mapping; /* nullable */
  MigrateMapping *profile; /* nullable */
  /* Names ("disk:vda") of the bindings that the plan's steps will answer; nullable. */
  const char *const *expected;
  MigrateMapping *policy; /* nullable: what the way needs on which the guest travels */
} MigrateRewrite;

/* One value that is another one now. No secret. */
typedef struct
{
  const char *rule; /* of the table; static */
  char *subject;    /* "disk vda", "interface 52:54:00:12:34:56", "guest" */
  char *from, *to;  /* NULL: it was not there; it is taken away */
  MigrateOrigin origin;
} MigrateChange;

typedef struct
{
  char *xml;
  GPtrArray *changes; /* MigrateChange, in the order of the document; never NULL */
  char **holes;       /* names that nothing has filled yet, of mapping and plan; never NULL */
  char **unused;      /* names in the job's mapping that this guest has nothing for; never NULL */
} MigrateRewritten;

/* The guest's migratable document, live or inactive, as it is to be there. What no rule names
 * survives. Errors: INVALID: no document, or a binding that is not valid. */
MigrateRewritten *_migrate_xml_rewrite (const char *xml, const MigrateRewrite *how, GError **error);
void _migrate_rewritten_free (MigrateRewritten *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MigrateRewritten, _migrate_rewritten_free)

/* What an image of that path, which no document names, is called there: its path. NULL: it is not
 * known yet, or no path. Errors: INVALID: a binding is not valid. */
char *_migrate_xml_rewrite_path (const char *path, const MigrateRewrite *how, GError **error);

typedef struct
{
  const char *rule, *place, *meaning;
  const char *const *attributes; /* none: the element's text, or the whole */
  const char *kinds[6];
} MigrateRuleText;

/* A rule of the table, for the documentation. FALSE: there are no more. */
gboolean _migrate_rewrite_describe (guint i, MigrateRuleText *text);
