/* Act: everything between the check and the transfer. */
#include "prepare/prepare-private.h"

#include "check/plan-private.h"
#include "steps/steps-private.h"
#include "storage/connect-private.h"
#include "storage/files-private.h"

#include <string.h>

static gboolean
refuse_blocked (MigrateReport *report, GError **error)
{
  g_autoptr (MigrateFinding) first = NULL;
  guint blockers = migrate_report_count (report, MIGRATE_SEVERITY_BLOCKER);

  if (blockers == 0)
    return TRUE;
  first = g_list_model_get_item (G_LIST_MODEL (report), 0);
  _migrate_set_error (error, MIGRATE_ERROR_BLOCKED, migrate_finding_get_remedy (first),
                      "The move is blocked (%s): %s%s", migrate_finding_get_code (first),
                      migrate_finding_get_message (first),
                      blockers > 1 ? "; and there are other blockers" : "");
  return FALSE;
}

static gboolean
gather_again (MigrateWork *work, MigrateReport **report, GError **error)
{
  g_autoptr (MigrateFacts) facts = NULL;
  g_autofree char *difference = NULL;
  MigrateCheckRequest request;
  MigratePlan *plan;

  _migrate_work_set_phase (work, MIGRATE_PHASE_GATHERING);
  facts = _migrate_facts_gather (work, error);
  if (facts == NULL)
    return FALSE;
  difference = work->facts != NULL ? _migrate_facts_compare (work->facts, facts) : NULL;
  if (difference != NULL)
    {
      _migrate_set_error (error, MIGRATE_ERROR_CHANGED, "Check again",
                          "Since the check something changed: %s", difference);
      return FALSE;
    }
  request = _migrate_facts_request (facts, work->policy);
  *report = _migrate_plan_evaluate (facts, &request, work->policy, &plan);
  _migrate_work_set_plan (work, plan);
  g_clear_pointer (&work->facts, _migrate_facts_unref);
  work->facts = g_steal_pointer (&facts);
  return TRUE;
}

/* ---- what a dead controller left ---- */

static gboolean
is_left_behind (MigrateWork *work, GVariant *job)
{
  const char *uuid = _migrate_variant_string (job, MIGRATE_JOB_KEY_GUEST_UUID);
  const char *id = _migrate_variant_string (job, MIGRATE_JOB_KEY_ID);
  const char *state = _migrate_variant_string (job, MIGRATE_JOB_KEY_STATE);
  g_autoptr (GVariant) facts
    = g_variant_lookup_value (job, MIGRATE_JOB_KEY_FACTS, G_VARIANT_TYPE_VARDICT);

  if (g_strcmp0 (uuid, work->facts->guest.uuid) != 0 || g_strcmp0 (id, work->id) == 0)
    return FALSE;
  /* The facts are noted under the claim, before the first step: it was cut short in preparing. */
  return g_strcmp0 (state, "prepared") == 0 || g_strcmp0 (state, "migrated") == 0
         || g_strcmp0 (state, "failed") == 0
         || (g_strcmp0 (state, "checked") == 0 && facts != NULL);
}

/* We hold the guest's claim and the facts prove that it is at our source and only there. Where the
 * other job was taking it, it has moved: its autostart is still owed, its hooks were right. Else it
 * stayed, and all of that job is taken back. Either way the job is closed. */
static gboolean
settle_predecessor (MigrateWork *work, GVariant *job, GError **error)
{
  const char *id = _migrate_variant_string (job, MIGRATE_JOB_KEY_ID);
  gboolean moved
    = g_strcmp0 (_migrate_variant_string (job, MIGRATE_JOB_KEY_DESTINATION), work->source_uri) == 0;
  g_autoptr (GVariant) entries = _migrate_journal_load_entries (work->journal, id, error);
  g_autoptr (GVariant) values = NULL;
  GVariantBuilder builder;
  gboolean ok;

  if (entries == NULL)
    return FALSE;
  _migrate_work_decide (work, "settle-predecessor",
                        "job %s was left by its controller; the guest has %s, and is only there",
                        id, moved ? "moved" : "stayed");
  _migrate_steps_load (work, entries);
  ok = _migrate_steps_undo (work, moved ? "clear-autostart" : NULL, error);
  g_ptr_array_set_size (work->steps, 0);
  if (!ok)
    {
      g_prefix_error (error, "Settling job “%s”: ", id);
      return FALSE;
    }
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", MIGRATE_JOB_KEY_STATE,
                         g_variant_new_string (moved ? "finalized" : "undone"));
  g_variant_builder_add (&builder, "{sv}", MIGRATE_JOB_KEY_OUTCOME,
                         g_variant_new_string (moved ? "moved" : "stayed"));
  g_variant_builder_add (&builder, "{sv}", MIGRATE_JOB_KEY_IN_FLIGHT,
                         g_variant_new_boolean (FALSE));
  values = g_variant_ref_sink (g_variant_builder_end (&builder));
  return _migrate_journal_update_job (work->journal, id, 0 /* generation */, values, error);
}

/* Facts of two hosts say nothing about a third: a transfer that another job began to or from one
 * is not ours to judge. */
static gboolean
is_ours_to_settle (MigrateWork *work, GVariant *job, GError **error)
{
  const char *id = _migrate_variant_string (job, MIGRATE_JOB_KEY_ID);
  const char *ends[] = { _migrate_variant_string (job, MIGRATE_JOB_KEY_SOURCE),
                         _migrate_variant_string (job, MIGRATE_JOB_KEY_DESTINATION) };

  for (gsize i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      GError *refused;

      if (g_strcmp0 (ends[i], work->source_uri) == 0
          || g_strcmp0 (ends[i], work->destination_uri) == 0)
        continue;
      refused = _migrate_error_new (MIGRATE_ERROR_NEEDS_RECOVER, "Follow that job to its end first",
                                    "Job “%s” left the guest's move by way of “%s” unfinished", id,
                                    ends[i]);
      _migrate_error_private (refused)->other_job = g_strdup (id);
      g_propagate_error (error, refused);
      return FALSE;
    }
  return TRUE;
}

static gboolean
settle_predecessors (MigrateWork *work, GError **error)
{
  g_autoptr (GVariant) jobs
    = _migrate_journal_list_jobs (work->journal, work->facts->guest.uuid, error);
  g_autoptr (MigrateCall) guest = NULL;
  gboolean settled = FALSE;

  if (jobs == NULL)
    return FALSE;
  for (gsize i = 0; i < g_variant_n_children (jobs); i++)
    {
      g_autoptr (GVariant) job = g_variant_get_child_value (jobs, i);

      if (!is_left_behind (work, job))
        continue;
      if (!is_ours_to_settle (work, job, error))
        return FALSE;
      if (!settle_predecessor (work, job, error))
        return FALSE;
      settled = TRUE;
    }
  if (!settled)
    return TRUE;
  guest = _migrate_work_call (work, MIGRATE_SIDE_SOURCE, MIGRATE_CALL_DOMAIN_FIND,
                              work->facts->guest.uuid, 0, error);
  if (guest == NULL)
    return FALSE;
  work->facts->guest.autostart = guest->domain.autostart;
  return TRUE;
}

/* The claim comes before the blockers: a guest that another job of ours is moving is refused with
 * that job's id, not with what its move looks like from outside. */
static gboolean
claim_or_refuse (MigrateWork *work, MigrateReport *report, GError **error)
{
  work->generation
    = _migrate_journal_claim (work->journal, work->facts->guest.uuid, work->id, error);
  if (work->generation == 0)
    return FALSE;
  if (refuse_blocked (report, error))
    return TRUE;
  _migrate_journal_release (work->journal, work->facts->guest.uuid, work->id, work->generation,
                            NULL /* the claim of a dead holder can be taken over */);
  work->generation = 0;
  return FALSE;
}

static char *
take_text (MigrateWork *work, guint flags)
{
  g_autoptr (MigrateCall) call
    = _migrate_work_call (work, MIGRATE_SIDE_SOURCE, MIGRATE_CALL_DOMAIN_XML,
                          work->facts->guest.uuid, flags, NULL /* error */);

  return call != NULL ? g_steal_pointer (&call->text_out) : NULL;
}

/* Should every host forget the guest, a recovery can define it anew. What holds passwords is not
 * written down: such a guest has none in the journal. */
static void
remember_definition (MigrateWork *work)
{
  g_autofree char *plain = NULL;
  char *whole;

  if (!work->facts->guest.persistent)
    return;
  plain = take_text (work, MIGRATE_XML_INACTIVE);
  whole = take_text (work, MIGRATE_XML_INACTIVE | MIGRATE_XML_SECURE);
  if (plain != NULL && g_strcmp0 (plain, whole) == 0)
    work->facts->definition = g_steal_pointer (&plain);
  if (whole != NULL)
    explicit_bzero (whole, strlen (whole));
  g_free (whole);
}

/* The guest has got back what its last move owed it. */
static void
renew_plan (MigrateWork *work)
{
  const MigrateDomain *guest = &work->facts->guest;
  const MigratePlanBasis basis
    = { guest->state == MIGRATE_DOMAIN_PAUSED, guest->persistent, guest->autostart };
  const MigrateCheckRequest request = _migrate_check_request (work);

  _migrate_work_set_plan (work, _migrate_plan_renew (work->plan, &basis, &request, work->policy));
}

static void
note_name (MigrateWork *work, const char *key, const char *name)
{
  _migrate_work_set_later (work, key, g_variant_new_string (name != NULL ? name : ""));
}

/* With the names that it is made of: they may have been set after the check was written. */
static void
note_plan (MigrateWork *work)
{
  note_name (work, MIGRATE_JOB_KEY_SOURCE_NAME, work->source_name);
  note_name (work, MIGRATE_JOB_KEY_DESTINATION_NAME, work->destination_name);
  note_name (work, MIGRATE_JOB_KEY_PEER_URI, work->peer_uri);
  note_name (work, MIGRATE_JOB_KEY_MIGRATION_URI, work->migration_uri);
  note_name (work, MIGRATE_JOB_KEY_DISKS_URI, work->disks_uri);
  note_name (work, MIGRATE_JOB_KEY_LISTEN_ADDRESS, work->listen_address);
  note_name (work, MIGRATE_JOB_KEY_TLS_NAME, work->tls_name);
  _migrate_work_set_later (work, MIGRATE_JOB_KEY_PLAN, _migrate_plan_to_variant (work->plan));
  if (work->mapping != NULL)
    _migrate_work_set_later (work, MIGRATE_JOB_KEY_MAPPING,
                             _migrate_mapping_to_variant (work->mapping));
  if (work->profile != NULL)
    _migrate_work_set_later (work, MIGRATE_JOB_KEY_PROFILE,
                             _migrate_mapping_to_variant (work->profile));
  if (work->resize != NULL)
    _migrate_work_set_later (work, MIGRATE_JOB_KEY_RESIZE, work->resize);
}

static gboolean
settle_and_note (MigrateWork *work, GError **error)
{
  gboolean autostart = work->facts->guest.autostart;

  if (!settle_predecessors (work, error))
    return FALSE;
  if (work->facts->guest.autostart != autostart)
    renew_plan (work);
  remember_definition (work);
  g_clear_pointer (&work->before, g_variant_unref);
  work->before = g_variant_ref_sink (_migrate_facts_to_variant (work->facts));
  _migrate_work_set_later (work, MIGRATE_JOB_KEY_FACTS, work->before);
  note_plan (work);
  return TRUE;
}

/* Before images are made: those may be encrypted, or have something on a server below them. */
static gboolean
connect_volumes (MigrateWork *work, GError **error)
{
  g_autoptr (GVariant) volumes = _migrate_prepare_volumes (work->facts, work->plan);
  g_autoptr (GVariant) secrets = _migrate_prepare_secrets (work->facts, work->policy);

  return _migrate_volumes_connect (work, volumes, error)
         && _migrate_secrets_provide (work, secrets, error);
}

gboolean
_migrate_prepare (MigrateWork *work, MigrateReport **report, GError **error)
{
  if (!gather_again (work, report, error) || _migrate_work_check_cancelled (work, error)
      || !claim_or_refuse (work, *report, error) || !settle_and_note (work, error))
    return FALSE;
  _migrate_work_set_phase (work, MIGRATE_PHASE_PREPARING);
  if (!_migrate_steps_hook (work, MIGRATE_HOOK_POINT_BEFORE_PREPARE, error))
    return FALSE;
  /* A crash in the hand-over leaves two definitions: the one at the source must not start by
   * itself when that host boots. */
  if (work->facts->guest.autostart
      && !_migrate_steps_run (work, "clear-autostart", NULL /* args */, error))
    return FALSE;
  if (!connect_volumes (work, error) || !_migrate_storage_prepare (work, error))
    return FALSE;
  return _migrate_steps_hook (work, MIGRATE_HOOK_POINT_AFTER_PREPARE, error)
         && !_migrate_work_check_cancelled (work, error);
}
