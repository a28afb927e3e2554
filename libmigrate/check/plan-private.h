/* Decide: what a move will do. Pure: from facts, the request and the policy to a plan; the move
 * carries out what the plan says, and reads it from there. */
#pragma once

#include "check/facts-private.h"
#include "xml/rewrite-private.h"

/* What of the guest the way it travels rests on. */
typedef struct
{
  gboolean was_paused, persistent, autostart;
  gboolean shared; /* every file that its disks write was proven to be the same there */
  /* A plan that is renewed has these itself. */
  MigrateKind kind;
  gboolean records; /* libvirt knows snapshots or checkpoints of it */
  gboolean runs;    /* it has to be stopped for a kind that stops it */
  GVariant *files;  /* aa{sv}, borrowed; NULL: none */
} MigratePlanBasis;

/* What stands against the move, and what it would do: both of the same documents. */
MigrateReport *
_migrate_plan_evaluate (const MigrateFacts *facts, const MigrateCheckRequest *request,
                        MigratePolicy *policy, MigratePlan **plan);
/* The same under a policy that may have changed since; what was proven stays proven. plan: NULL: a
 * job of a library that had none.
 */
MigratePlan *_migrate_plan_renew (MigratePlan *plan, const MigratePlanBasis *basis,
                                  const MigrateCheckRequest *request, MigratePolicy *policy);
/* Into one that is all zero; its addresses are the request's, for the plan has them without
 * secrets. */
void _migrate_plan_get_transfer (MigratePlan *plan, const MigrateCheckRequest *request,
                                 MigrateTransfer *transfer);
/* In milliseconds, for the transfer's begin. */
guint _migrate_plan_get_target_downtime (MigratePlan *plan);

/* ---- plan-there.c, plan-xml.c: what the destination is given ---- */

/* What the source said of the guest as it will be at the destination, without secrets and with
 * holes. */
struct _MigrateThere
{
  char *shaped, *shaped_definition;    /* what the source said, of the shape that is asked for */
  GError *misshapen;                   /* why they are of its own; nullable */
  MigrateRewritten *live, *definition; /* NULL: it failed; the second also: a transient guest */
  MigrateGuest *guest;                 /* the first, read; nullable */
  GError *error;                       /* why there is none; nullable */
};

/* Into one that is all zero. */
void _migrate_there_decide (const MigrateFacts *facts, const MigrateCheckRequest *request,
                            MigrateThere *there);
void _migrate_there_clear (MigrateThere *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MigrateThere, _migrate_there_clear)
/* The names of the bindings that it waits for. */
char **_migrate_there_dup_holes (const MigrateThere *self);
void _migrate_plan_add_there (GVariantDict *dict, const MigrateThere *there,
                              const MigrateCheckRequest *request);

/* What becomes of disks that are each one image there; NULL: there are none such. */
MigrateMapping *_migrate_plan_end_chains (const char *const *targets);
/* The same, of those that a plan copies so. */
MigrateMapping *_migrate_plan_get_whole (MigratePlan *plan);
MigrateRewrite _migrate_plan_rewriting (const MigrateCheckRequest *request, GVariant *bindings);

/* Whether the program's own function has the last word. */
gboolean _migrate_plan_has_function (MigratePlan *plan);
/* Whether the destination is given documents of ours at all. bindings: a{sv}, nullable. */
gboolean
_migrate_plan_rewrites (MigratePlan *plan, const MigrateCheckRequest *request, GVariant *bindings);
/* The last of all decisions: a host's document, with its secrets, as the destination is given it.
 * *result: NULL: it is the same. Errors: BLOCKED: a hole is left; INVALID. */
gboolean _migrate_plan_finish_xml (const char *xml, const MigrateCheckRequest *request,
                                   GVariant *bindings, char **result, GError **error);
/* It is the same guest, and the guest would see the same machine. Errors: INVALID. */
gboolean _migrate_plan_prove_xml (const char *source, const char *result, GError **error);

/* ---- plan-disks.c ---- */

/* FALSE also where there is nothing to prove. */
gboolean _migrate_plan_disks_are_shared (const MigrateFacts *facts);
/* The document has the disks that the plan rests on, and no others; there: it is the destination's.
 * Errors: CHANGED; INVALID. */
gboolean
_migrate_plan_prove_disks (MigratePlan *plan, const char *xml, gboolean there, GError **error);

/* ---- plan-files.c ---- */

/* Bytes that the files (aa{sv}) which travel take up, as far as it is known. */
guint64 _migrate_files_sum (GVariant *files);
/* The same of a move that would be made now. */
guint64
_migrate_facts_sum_files (const MigrateFacts *facts, MigratePolicy *policy, MigrateKind kind);

/* ---- its parts: floating ---- */
GVariant *_migrate_plan_disks (const MigrateFacts *facts, const MigrateCheckRequest *request);
GVariant *_migrate_plan_files (const MigrateFacts *facts, const MigrateCheckRequest *request,
                               MigratePolicy *policy, MigrateKind kind);
GVariant *_migrate_plan_transfer (const MigratePlanBasis *basis, const MigrateCheckRequest *request,
                                  MigratePolicy *policy);
GVariant *_migrate_plan_steps (const MigratePlanBasis *basis, const MigrateCheckRequest *request,
                               MigratePolicy *policy);
GVariant *_migrate_plan_effects (const MigratePlanBasis *basis, const MigrateCheckRequest *request,
                                 MigratePolicy *policy);
