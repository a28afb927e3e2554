/* Act: what the caller and other processes ask of a running transfer, and their answer. What each
 * verb comes to in which phase is in steer.c. */
#include "migrate/follow-private.h"

#include "migrate/steer-private.h"
#include "steps/steps-private.h"

void
_migrate_follow_read_mailbox (Follow *self)
{
  if (_migrate_work_read_mailbox (self->work))
    _migrate_work_ask_detach (self->work);
}

void
_migrate_follow_check_cancelled (Follow *self)
{
  g_autoptr (GError) error = NULL;

  if (self->given_up != NULL || self->too_late
      || !_migrate_work_check_cancelled (self->work, &error))
    return;
  if (_migrate_follow_is_switched (self))
    {
      self->too_late = TRUE;
      _migrate_work_decide (self->work, "cancel-too-late",
                            "%s, but the switch to post-copy was the hand-over: there is no way "
                            "back",
                            self->work->cancel_why);
      return;
    }
  _migrate_work_decide (self->work, "cancel", "%s", self->work->cancel_why);
  self->given_up = g_steal_pointer (&error);
}

/* ---- verbs ---- */

static gboolean
is_begun (Follow *self, const char *step_name)
{
  const MigrateStepEntry *step = _migrate_steps_last (self->work, step_name);

  return step != NULL && step->status == MIGRATE_STEP_BEGUN;
}

/* The dead controller's operator was told that it would be done. */
void
_migrate_follow_load_asked (Follow *self)
{
  self->finish_asked = is_begun (self, "finish-now");
  self->pause_asked = is_begun (self, "pause");
}

static const char *
asker (const MigrateAsked *asked)
{
  return asked->token != NULL ? "another process" : "the caller";
}

static void
give_up (Follow *self, MigrateAsked *asked)
{
  const MigrateStats *s = &self->stats;
  gboolean disks = _migrate_follow_copies_disks (self);

  self->given_up = _migrate_error_new (
    MIGRATE_ERROR_NO_CONVERGENCE,
    "Move it again with more bandwidth or downtime, or with more allowed",
    "The move was given up by its operator: %" G_GUINT64_FORMAT
    " MiB%s remained, at %" G_GUINT64_FORMAT " MiB/s, while the guest wrote %" G_GUINT64_FORMAT
    " MiB/s",
    (disks ? s->disk_remaining : s->memory_remaining) >> 20, disks ? " of its disks" : "",
    (disks ? self->mirror.rate : s->memory_bps) >> 20,
    (disks ? self->mirror.written : s->dirty_rate) >> 20);
  _migrate_work_decide (self->work, "give-up", "%s asked for it: %s", asker (asked),
                        self->given_up->message);
}

/* A step from now on until the transfer's end, so that who follows it next knows. */
static GError *
hold (Follow *self, MigrateAsked *asked, gboolean *flag, const char *what)
{
  const char *name = _migrate_asked_verb_name (asked->verb);
  GError *error = NULL;

  if (*flag)
    return NULL;
  if (_migrate_steps_begin (self->work, name, NULL /* args */, &error) == NULL)
    return error;
  *flag = TRUE;
  _migrate_work_decide (self->work, name, "%s asked for it: %s", asker (asked), what);
  return NULL;
}

static GError *
do_asked (Follow *self, MigrateAsked *asked)
{
  _migrate_work_note_asked (self->work, asked);
  switch (asked->verb)
    {
    case MIGRATE_ASKED_RETUNE:
      return _migrate_follow_retune (self, asked);
    case MIGRATE_ASKED_FINISH_NOW:
      return hold (self, asked, &self->finish_asked, "the move ends the fastest way there is");
    case MIGRATE_ASKED_PAUSE:
      return hold (self, asked, &self->pause_asked,
                   "the guest stands still until the copy is done");
    case MIGRATE_ASKED_GIVE_UP:
    default:
      give_up (self, asked);
      return NULL;
    }
}

/* ---- answering ---- */

/* The phase that counts for an order: what was decided is so before the hosts show it. */
static MigratePhase
phase_of_orders (Follow *self)
{
  if (self->work->phase != MIGRATE_PHASE_PROVING && _migrate_follow_is_switched (self))
    return MIGRATE_PHASE_POSTCOPY;
  return self->given_up != NULL ? MIGRATE_PHASE_CANCELLING : self->work->phase;
}

/* FALSE: not yet. */
static gboolean
answer (Follow *self, MigrateAsked *asked)
{
  MigratePhase phase = phase_of_orders (self);
  GError *refused = _migrate_asked_expired (asked);

  if (refused == NULL)
    switch (_migrate_steer_decide (asked->verb, phase))
      {
      case MIGRATE_STEER_LATER:
        return FALSE;
      case MIGRATE_STEER_DO:
        refused = do_asked (self, asked);
        break;
      default:
        refused = _migrate_steer_refusal (asked->verb, phase);
      }
  _migrate_work_answer (self->work, asked, refused);
  return TRUE;
}

/* What the journal refuses goes with the next write; but nothing is done without the claim. */
static gboolean
write_answers (Follow *self, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (!self->work->lost_claim
      && _migrate_work_update (self->work, g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0),
                               &local_error))
    return TRUE;
  if (!self->work->lost_claim)
    return TRUE;
  if (local_error == NULL)
    local_error
      = _migrate_error_new (MIGRATE_ERROR_LOST_CLAIM, NULL /* remedy */,
                            "Job “%s” was taken over by another controller", self->work->id);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

gboolean
_migrate_follow_answer_asked (Follow *self, GError **error)
{
  g_autoptr (GPtrArray) taken = _migrate_work_take_asked (self->work);
  gboolean to_write = FALSE;

  for (guint i = 0; i < taken->len; i++)
    {
      MigrateAsked *asked = taken->pdata[i];

      if (self->work->lost_claim || !answer (self, asked))
        _migrate_work_put_back (self->work, asked);
      else
        to_write |= asked->token != NULL;
    }
  return (!to_write && !self->work->lost_claim) || write_answers (self, error);
}
