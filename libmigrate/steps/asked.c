/* See the header. The queue is under the work's lock. */
#include "steps/asked-private.h"

static const char *const verb_names[] = {
  [MIGRATE_ASKED_RETUNE] = "retune",
  [MIGRATE_ASKED_FINISH_NOW] = "finish-now",
  [MIGRATE_ASKED_PAUSE] = "pause",
  [MIGRATE_ASKED_GIVE_UP] = "give-up",
};
G_STATIC_ASSERT (G_N_ELEMENTS (verb_names) == MIGRATE_N_ASKED_VERBS);

static GVariant *
none (void)
{
  return g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0);
}

MigrateAsked *
_migrate_asked_new (MigrateAskedVerb verb, GVariant *values)
{
  MigrateAsked *self = g_new0 (MigrateAsked, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->verb = verb;
  self->values = g_variant_ref_sink (values != NULL ? values : none ());
  return self;
}

MigrateAsked *
_migrate_asked_ref (MigrateAsked *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
_migrate_asked_unref (MigrateAsked *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_variant_unref (self->values);
  g_free (self->token);
  g_clear_error (&self->refused);
  g_free (self);
}

const char *
_migrate_asked_verb_name (MigrateAskedVerb verb)
{
  return verb_names[verb];
}

GError *
_migrate_asked_expired (const MigrateAsked *self)
{
  if (self->until == 0 || g_get_real_time () <= self->until)
    return NULL;
  return _migrate_error_new (MIGRATE_ERROR_TIMED_OUT, "Ask again",
                             "“%s” was read too late, and is not done", verb_names[self->verb]);
}

/* ---- messages ---- */

/* A holder that took the job over is another one than the message was for: whoever sent it has been
 * told that nothing came of it. */
MigrateAsked *
_migrate_asked_from_message (MigrateWork *work, GVariant *message)
{
  const char *name = _migrate_variant_string (message, "verb");
  g_autoptr (GVariant) values
    = g_variant_lookup_value (message, MIGRATE_ASKED_KEY_VALUES, G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) asked_values = NULL;
  MigrateAsked *self;
  guint verb = 0;

  while (verb < MIGRATE_N_ASKED_VERBS && g_strcmp0 (verb_names[verb], name) != 0)
    verb++;
  if (verb == MIGRATE_N_ASKED_VERBS || values == NULL
      || _migrate_variant_uint64 (values, MIGRATE_ASKED_KEY_CLAIM, 0) != work->generation)
    return NULL;
  asked_values = g_variant_lookup_value (values, MIGRATE_ASKED_KEY_VALUES, G_VARIANT_TYPE_VARDICT);
  self = _migrate_asked_new ((MigrateAskedVerb) verb, asked_values);
  self->token = g_strdup (_migrate_variant_string (values, MIGRATE_ASKED_KEY_TOKEN));
  self->until = (gint64) _migrate_variant_uint64 (values, MIGRATE_ASKED_KEY_UNTIL, 0);
  return self;
}

GVariant *
_migrate_asked_to_message (const char *token, guint64 generation, gint64 until, GVariant *values)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", MIGRATE_ASKED_KEY_TOKEN, g_variant_new_string (token));
  g_variant_builder_add (&builder, "{sv}", MIGRATE_ASKED_KEY_CLAIM,
                         g_variant_new_uint64 (generation));
  g_variant_builder_add (&builder, "{sv}", MIGRATE_ASKED_KEY_UNTIL,
                         g_variant_new_uint64 ((guint64) until));
  g_variant_builder_add (&builder, "{sv}", MIGRATE_ASKED_KEY_VALUES,
                         values != NULL ? values : none ());
  return g_variant_builder_end (&builder);
}

static GVariant *
answer_to_variant (const MigrateAsked *asked, const GError *refused)
{
  const MigrateErrorPrivate *more = _migrate_error_private (refused);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", MIGRATE_ASKED_KEY_TOKEN,
                         g_variant_new_string (asked->token));
  if (refused != NULL)
    {
      g_variant_builder_add (&builder, "{sv}", "code",
                             g_variant_new_string (_migrate_enum_nick (
                               MIGRATE_TYPE_ERROR, more != NULL ? refused->code : -1)));
      g_variant_builder_add (&builder, "{sv}", "message", g_variant_new_string (refused->message));
    }
  if (more != NULL && more->remedy != NULL)
    g_variant_builder_add (&builder, "{sv}", "remedy", g_variant_new_string (more->remedy));
  return g_variant_builder_end (&builder);
}

/* A code of a newer version is FAILED here. */
GError *
_migrate_asked_refusal (GVariant *values)
{
  const char *message = _migrate_variant_string (values, "message");
  int code;

  if (!_migrate_enum_parse (MIGRATE_TYPE_ERROR, _migrate_variant_string (values, "code"), &code))
    code = MIGRATE_ERROR_FAILED;
  return _migrate_error_new ((MigrateError) code, _migrate_variant_string (values, "remedy"), "%s",
                             message != NULL ? message : "It was refused");
}

gboolean
_migrate_work_read_mailbox (MigrateWork *work)
{
  g_autoptr (GVariant) messages
    = _migrate_journal_collect (work->journal, work->id, NULL /* error */);
  gboolean detach = FALSE;

  for (gsize i = 0; messages != NULL && i < g_variant_n_children (messages); i++)
    {
      g_autoptr (GVariant) message = g_variant_get_child_value (messages, i);
      g_autoptr (MigrateAsked) asked = _migrate_asked_from_message (work, message);
      const char *verb = _migrate_variant_string (message, "verb");

      if (asked != NULL)
        _migrate_work_put_back (work, asked);
      else if (g_strcmp0 (verb, MIGRATE_ASKED_WITHDRAW) == 0)
        _migrate_work_withdraw_message (work, message);
      else if (g_strcmp0 (verb, "cancel") == 0)
        _migrate_work_ask_cancel (work, "another process asked for it");
      detach |= g_strcmp0 (verb, "detach") == 0;
    }
  return detach;
}

/* ---- asking ---- */

/* For a later round, which nobody need wake the worker for. */
void
_migrate_work_put_back (MigrateWork *self, MigrateAsked *asked)
{
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->asked, _migrate_asked_ref (asked));
  g_mutex_unlock (&self->lock);
}

void
_migrate_work_put (MigrateWork *self, MigrateAsked *asked)
{
  _migrate_work_put_back (self, asked);
  _migrate_work_wake (self);
}

gboolean
_migrate_work_withdraw (MigrateWork *self, MigrateAsked *asked)
{
  gboolean there;

  g_mutex_lock (&self->lock);
  there = g_ptr_array_remove (self->asked, asked);
  g_mutex_unlock (&self->lock);
  return there;
}

gboolean
_migrate_work_await (MigrateWork *self, MigrateAsked *asked, guint ms, GError **refused)
{
  gint64 deadline = _migrate_backend_now (self->backend) + (gint64) ms * 1000;
  gboolean answered;

  g_mutex_lock (&self->lock);
  while (!asked->answered && _migrate_backend_now (self->backend) < deadline)
    self->backend->vtable->wait_until (self->backend, &self->answered, &self->lock, deadline);
  answered = asked->answered;
  if (answered)
    *refused = g_steal_pointer (&asked->refused);
  g_mutex_unlock (&self->lock);
  return answered;
}

/* ---- answering ---- */

GPtrArray *
_migrate_work_take_asked (MigrateWork *self)
{
  GPtrArray *taken;

  g_mutex_lock (&self->lock);
  taken = g_steal_pointer (&self->asked);
  self->asked = g_ptr_array_new_with_free_func ((GDestroyNotify) _migrate_asked_unref);
  g_mutex_unlock (&self->lock);
  return taken;
}

void
_migrate_work_note_asked (MigrateWork *self, MigrateAsked *asked)
{
  if (asked->token != NULL)
    _migrate_work_append_later (self, MIGRATE_ASKED_ENTRY, verb_names[asked->verb], "begun",
                                answer_to_variant (asked, NULL /* refused */));
}

void
_migrate_work_answer (MigrateWork *self, MigrateAsked *asked, GError *refused)
{
  if (asked->token != NULL)
    _migrate_work_append_later (self, MIGRATE_ASKED_ENTRY, verb_names[asked->verb],
                                refused != NULL ? "refused" : "done",
                                answer_to_variant (asked, refused));
  g_mutex_lock (&self->lock);
  asked->answered = TRUE;
  asked->refused = refused;
  g_mutex_unlock (&self->lock);
  self->backend->vtable->wake (self->backend, &self->answered);
}

void
_migrate_work_withdraw_message (MigrateWork *self, GVariant *message)
{
  g_autoptr (GVariant) values
    = g_variant_lookup_value (message, MIGRATE_ASKED_KEY_VALUES, G_VARIANT_TYPE_VARDICT);
  const char *token = _migrate_variant_string (values, MIGRATE_ASKED_KEY_TOKEN);

  g_mutex_lock (&self->lock);
  for (guint i = self->asked->len; token != NULL && i-- > 0;)
    if (g_strcmp0 (((MigrateAsked *) self->asked->pdata[i])->token, token) == 0)
      g_ptr_array_remove_index (self->asked, i);
  g_mutex_unlock (&self->lock);
}

void
_migrate_work_forget_messages (MigrateWork *self)
{
  g_mutex_lock (&self->lock);
  for (guint i = self->asked->len; i-- > 0;)
    if (((MigrateAsked *) self->asked->pdata[i])->token != NULL)
      g_ptr_array_remove_index (self->asked, i);
  g_mutex_unlock (&self->lock);
}
