/* Claims whose release could not be written. The program that holds them lives on, so nobody takes
 * them over, and it will not act on them again: they are given back with its next call that the
 * journal answers. */
#include "journal/journal-private.h"

typedef struct
{
  char *guest_uuid, *id;
  guint64 generation;
} Debt;

static GMutex lock; /* for the debts of all journals; no call is made under it */

static void
debt_free (gpointer data)
{
  Debt *debt = data;

  g_free (debt->guest_uuid);
  g_free (debt->id);
  g_free (debt);
}

static GQuark
debts_quark (void)
{
  return g_quark_from_static_string ("migrate-journal-debts");
}

static void
debts_free (gpointer debts)
{
  g_ptr_array_unref (debts);
}

static void
owe (MigrateJournal *self, Debt *debt)
{
  GPtrArray *debts;

  g_mutex_lock (&lock);
  debts = g_object_get_qdata (G_OBJECT (self), debts_quark ());
  if (debts == NULL)
    {
      debts = g_ptr_array_new_with_free_func (debt_free);
      g_object_set_qdata_full (G_OBJECT (self), debts_quark (), debts, debts_free);
    }
  g_ptr_array_add (debts, debt);
  g_mutex_unlock (&lock);
}

void
_migrate_journal_owe (MigrateJournal *self, const char *guest_uuid, const char *id,
                      guint64 generation)
{
  Debt *debt = g_new0 (Debt, 1);

  debt->guest_uuid = g_strdup (guest_uuid);
  debt->id = g_strdup (id);
  debt->generation = generation;
  owe (self, debt);
}

static Debt *
take_debt (MigrateJournal *self)
{
  GPtrArray *debts;
  Debt *debt = NULL;

  g_mutex_lock (&lock);
  debts = g_object_get_qdata (G_OBJECT (self), debts_quark ());
  if (debts != NULL && debts->len > 0)
    debt = g_ptr_array_steal_index (debts, 0);
  g_mutex_unlock (&lock);
  return debt;
}

/* A release that is refused is done: the claim is another's by now. */
void
_migrate_journal_pay (MigrateJournal *self)
{
  MigrateJournalInterface *iface = MIGRATE_JOURNAL_GET_IFACE (self);
  Debt *debt;

  while ((debt = take_debt (self)) != NULL)
    {
      g_autoptr (GError) error = NULL;

      if (!iface->release (self, debt->guest_uuid, debt->id, debt->generation, &error)
          && !g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_LOST_CLAIM))
        {
          owe (self, debt);
          return;
        }
      debt_free (debt);
    }
}
