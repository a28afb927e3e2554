/* Act: a retune of a transfer that runs. Written down first, together with the policy that it
 * makes, so that who follows the transfer next has the new one; then the hypervisor is told what it
 * can change; what it refuses is taken back, all of it. */
#include "migrate/follow-private.h"

#include "steps/steps-private.h"

/* Last what cannot be set back: 0 there means the hypervisor's own, which it does not tell. */
static const struct
{
  const char *key;
  MigrateCallKind call;
} told[] = {
  { "bandwidth", MIGRATE_CALL_SET_BANDWIDTH },
  { "postcopy-bandwidth", MIGRATE_CALL_SET_POSTCOPY_BANDWIDTH },
  { "xbzrle-cache", MIGRATE_CALL_SET_XBZRLE_CACHE },
};

/* ---- decide ---- */

static gboolean
has_xbzrle (MigratePolicy *policy)
{
  g_auto (GStrv) methods = _migrate_policy_dup_list (policy, "compression");

  return g_strv_contains ((const char *const *) methods, "xbzrle");
}

static GError *
unarmed (const char *what)
{
  return _migrate_error_new (MIGRATE_ERROR_UNSUPPORTED, "Allow it before the next move",
                             "Policy key “allow”: %s can only be armed before the start, and this "
                             "transfer was started without it",
                             what);
}

/* What was taken away from a transfer that has it armed may be given back. */
static GError *
check_armed (MigrateWork *work, MigratePolicy *policy)
{
  static const struct
  {
    MigrateAllow allow;
    const char *arg, *what;
  } arms[] = { { MIGRATE_ALLOW_POSTCOPY, "postcopy", "post-copy" },
               { MIGRATE_ALLOW_THROTTLE, "throttle", "throttling" } };
  const MigrateStepEntry *transfer = _migrate_steps_last (work, "transfer");

  for (gsize i = 0; i < G_N_ELEMENTS (arms); i++)
    if (_migrate_policy_allows (policy, arms[i].allow)
        && !_migrate_policy_allows (work->policy, arms[i].allow)
        && (transfer == NULL || !_migrate_variant_boolean (transfer->args, arms[i].arg)))
      return unarmed (arms[i].what);
  if (has_xbzrle (work->policy) && _migrate_policy_get_uint (policy, "xbzrle-cache") == 0
      && _migrate_policy_get_uint (work->policy, "xbzrle-cache") != 0)
    return _migrate_error_new (MIGRATE_ERROR_UNSUPPORTED, "Name a size",
                               "Policy key “xbzrle-cache”: it cannot be left to the hypervisor "
                               "again while the move runs");
  return NULL;
}

/* ---- the hypervisor ---- */

/* A key that its transfer was not started for counts for nothing. */
static gboolean
counts (MigrateWork *work, gsize i)
{
  const MigrateStepEntry *transfer = _migrate_steps_last (work, "transfer");

  switch (told[i].call)
    {
    case MIGRATE_CALL_SET_POSTCOPY_BANDWIDTH:
      return transfer != NULL && _migrate_variant_boolean (transfer->args, "postcopy");
    case MIGRATE_CALL_SET_XBZRLE_CACHE:
      return has_xbzrle (work->policy);
    default:
      return TRUE;
    }
}

static gboolean
is_changed (MigratePolicy *from, MigratePolicy *to, gsize i)
{
  return _migrate_policy_get_uint (from, told[i].key) != _migrate_policy_get_uint (to, told[i].key);
}

static gboolean
tell (MigrateWork *work, gsize i, MigratePolicy *policy, GError **error)
{
  g_autoptr (MigrateCall) call
    = _migrate_work_call (work, MIGRATE_SIDE_SOURCE, told[i].call, work->result->guest_uuid,
                          _migrate_policy_get_uint (policy, told[i].key), error);

  if (call == NULL)
    g_prefix_error (error, "Policy key “%s”: ", told[i].key);
  return call != NULL;
}

static void
set_back (MigrateWork *work, gsize n, MigratePolicy *from, MigratePolicy *to)
{
  for (gsize i = n; i-- > 0;)
    {
      g_autoptr (GError) error = NULL;

      if (is_changed (from, to, i) && counts (work, i) && !tell (work, i, from, &error))
        _migrate_work_warn (work, "A refused retune could not be taken back: %s", error->message);
    }
}

/* An answer that did not come may have been a yes: that key is set back too. */
static GError *
tell_all (MigrateWork *work, MigratePolicy *from, MigratePolicy *to)
{
  for (gsize i = 0; i < G_N_ELEMENTS (told); i++)
    {
      GError *error = NULL;

      if (!is_changed (from, to, i) || !counts (work, i) || tell (work, i, to, &error))
        continue;
      set_back (work,
                g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_TIMED_OUT)
                    || g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_UNREACHABLE)
                  ? i + 1
                  : i,
                from, to);
      return error;
    }
  return NULL;
}

/* ---- the step ---- */

static void
adopt (Follow *self, MigratePolicy *policy)
{
  MigrateWork *work = self->work;

  g_set_object (&work->policy, policy);
  work->report->policy (work->report_data, policy);
  self->seen.resume_ms = (guint64) _migrate_policy_get_uint (policy, "resume-timeout") * 1000;
}

static MigrateStepEntry *
begin (MigrateWork *work, MigratePolicy *policy, GVariant *values, GError **error)
{
  GVariantBuilder builder;
  MigrateStepEntry *step;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "values", _migrate_policy_pick (policy, values));
  g_variant_builder_add (&builder, "{sv}", "before", _migrate_policy_pick (work->policy, values));
  _migrate_work_set_later (work, MIGRATE_JOB_KEY_POLICY, _migrate_policy_to_variant (policy));
  step = _migrate_steps_begin (work, "retune", g_variant_builder_end (&builder), error);
  if (step == NULL)
    _migrate_work_set_later (work, MIGRATE_JOB_KEY_POLICY,
                             _migrate_policy_to_variant (work->policy));
  return step;
}

/* What the journal does not take now goes with its next write. */
static void
end (MigrateWork *work, MigrateStepEntry *step, MigratePolicy *policy, const GError *refused)
{
  if (refused != NULL)
    _migrate_work_set_later (work, MIGRATE_JOB_KEY_POLICY, _migrate_policy_to_variant (policy));
  _migrate_steps_end (work, step, refused, NULL /* error */);
}

GError *
_migrate_follow_retune (Follow *self, MigrateAsked *asked)
{
  MigrateWork *work = self->work;
  GError *refused = NULL;
  g_autoptr (MigratePolicy) policy = _migrate_policy_retune (work->policy, asked->values, &refused);
  g_autofree char *what = NULL;
  MigrateStepEntry *step;

  if (policy == NULL)
    return refused;
  refused = check_armed (work, policy);
  if (refused != NULL)
    return refused;
  step = begin (work, policy, asked->values, &refused);
  if (step == NULL)
    return refused;
  refused = tell_all (work, work->policy, policy);
  what = _migrate_policy_describe_change (work->policy, policy, asked->values);
  if (refused == NULL)
    adopt (self, policy);
  end (work, step, work->policy, refused);
  if (refused == NULL)
    _migrate_work_decide (work, "retune", "%s asked for it: %s",
                          asked->token != NULL ? "another process" : "the caller", what);
  return refused;
}

/* The policy was written with the step's intent, so it is the new one; the hypervisor may have
 * heard of it or not. */
void
_migrate_follow_retune_again (Follow *self)
{
  MigrateWork *work = self->work;
  MigrateStepEntry *step = _migrate_steps_last (work, "retune");
  g_autoptr (MigratePolicy) before = NULL;
  g_autoptr (GVariant) values = NULL;
  g_autoptr (GError) refused = NULL;

  if (step == NULL || step->status != MIGRATE_STEP_BEGUN || !self->seen.job_active)
    return;
  before = migrate_policy_copy (work->policy);
  values = g_variant_lookup_value (step->args, "before", G_VARIANT_TYPE_VARDICT);
  if (values != NULL)
    _migrate_policy_load_variant (before, values);
  refused = tell_all (work, before, work->policy);
  if (refused != NULL)
    adopt (self, before);
  end (work, step, work->policy, refused);
}
