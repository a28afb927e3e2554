/* Decide: what a move will do. Pure: from facts, the request and the policy to a plan; the move
 * carries out what the plan says, and reads it from there. */
#pragma once

#include "check/facts-private.h"
#include "xml/rewrite-private.h"

/* What of the guest the way it travels rests on. */
typedef struct
{
  gboolean was_paused, persistent, autostart;
} MigratePlanBasis;

MigratePlan *_migrate_plan_decide (const MigrateFacts *facts, const MigrateCheckRequest *request,
                                   MigratePolicy *policy, MigrateKind kind);
/* The same under a policy that may have changed since. plan: NULL: a job of a library that had
 * none.
 */
MigratePlan *_migrate_plan_renew (MigratePlan *plan, const MigratePlanBasis *basis,
                                  const MigrateCheckRequest *request, MigratePolicy *policy);
/* Into one that is all zero; its addresses are the request's, for the plan has them without
 * secrets. */
void _migrate_plan_get_transfer (MigratePlan *plan, const MigrateCheckRequest *request,
                                 MigrateTransfer *transfer);
/* In milliseconds, for the transfer's begin. */
guint _migrate_plan_get_target_downtime (MigratePlan *plan);

/* ---- plan-xml.c: what the destination is given ---- */

/* What the host said, rewritten, without secrets and with holes. */
typedef struct
{
  MigrateRewritten *live, *definition; /* the second nullable: a transient guest */
} MigratePlanDocuments;

void _migrate_plan_documents_clear (MigratePlanDocuments *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MigratePlanDocuments, _migrate_plan_documents_clear)
/* Into one that is all zero. Errors: INVALID. */
gboolean _migrate_plan_rewrite (const MigrateFacts *facts, const MigrateCheckRequest *request,
                                MigratePlanDocuments *documents, GError **error);
/* The names of the bindings that they wait for. */
char **_migrate_plan_documents_dup_holes (const MigratePlanDocuments *self);
void _migrate_plan_add_documents (GVariantDict *dict, const MigratePlanDocuments *self,
                                  const MigrateCheckRequest *request);

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

/* ---- its parts: floating ---- */
GVariant *_migrate_plan_transfer (const MigratePlanBasis *basis, const MigrateCheckRequest *request,
                                  MigratePolicy *policy);
GVariant *_migrate_plan_steps (const MigratePlanBasis *basis, const MigrateCheckRequest *request,
                               MigratePolicy *policy);
GVariant *_migrate_plan_effects (const MigratePlanBasis *basis, const MigrateCheckRequest *request,
                                 MigratePolicy *policy);
