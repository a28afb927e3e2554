/* Act: what the caller and other processes ask of a running transfer. */
#include "migrate/follow-private.h"

void
_migrate_follow_read_mailbox (Follow *self)
{
  g_autoptr (GVariant) messages
    = _migrate_journal_collect (self->work->journal, self->work->id, NULL /* error */);

  for (gsize i = 0; messages != NULL && i < g_variant_n_children (messages); i++)
    {
      g_autoptr (GVariant) message = g_variant_get_child_value (messages, i);
      const char *verb = _migrate_variant_string (message, "verb");

      if (g_strcmp0 (verb, "cancel") == 0)
        _migrate_work_ask_cancel (self->work, "another process asked for it");
      else if (g_strcmp0 (verb, "detach") == 0)
        _migrate_work_ask_detach (self->work);
    }
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
