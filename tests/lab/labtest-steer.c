/* The part of labtest.h about how a move comes to its end: what was decided of it, and what is
 * asked of it from outside. */
#include "labtest.h"

#include <string.h>

/* The last of them; NULL: none. */
static MigrateDecision *
find_decision (MigrateResult *result, const char *what, guint *n)
{
  MigrateDecision *found = NULL;

  *n = 0;
  for (guint i = 0; i < migrate_result_get_n_decisions (result); i++)
    {
      MigrateDecision *decision = migrate_result_get_decision (result, i);

      if (!g_str_equal (migrate_decision_get_what (decision), what))
        continue;
      found = decision;
      (*n)++;
    }
  return found;
}

guint
lab_count_decisions (MigrateJob *job, const char *what)
{
  g_autoptr (MigrateResult) result = migrate_job_dup_result (job);
  guint n = 0;

  if (result != NULL)
    find_decision (result, what, &n);
  return n;
}

/* All of them, for the message of a test that fails. */
static char *
tell_decisions (MigrateResult *result)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < migrate_result_get_n_decisions (result); i++)
    {
      MigrateDecision *decision = migrate_result_get_decision (result, i);

      g_string_append_printf (text, "\n%s: %s", migrate_decision_get_what (decision),
                              migrate_decision_get_why (decision));
    }
  return g_string_free (text, FALSE);
}

void
lab_assert_decided (MigrateJob *job, const char *what, const char *pattern)
{
  g_autoptr (MigrateResult) result = migrate_job_dup_result (job);
  g_autofree char *all = NULL;
  MigrateDecision *decision;
  guint n;

  cr_assert_not_null (result);
  all = tell_decisions (result);
  decision = find_decision (result, what, &n);
  cr_assert_not_null (decision, "no decision “%s”:%s", what, all);
  cr_assert (g_regex_match_simple (pattern, migrate_decision_get_why (decision), 0, 0), "%s: %s",
             pattern, migrate_decision_get_why (decision));
}

guint
lab_number_in (const char *text, const char *pattern)
{
  g_autoptr (GRegex) regex = g_regex_new (pattern, 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  g_autofree char *number = NULL;

  cr_assert (g_regex_match (regex, text, 0, &match), "%s: %s", pattern, text);
  number = g_match_info_fetch (match, 1);
  return (guint) g_ascii_strtoull (number, NULL, 10);
}

MigrateJob *
lab_job_load (const char *id)
{
  g_autoptr (MigrateJournal) journal = lab_journal_new ();
  g_autoptr (GError) error = NULL;
  MigrateJob *job = migrate_job_load (journal, id, NULL /* cancellable */, &error);

  cr_assert_not_null (job, "%s", error != NULL ? error->message : "");
  return job;
}

void
lab_assert_retuned (MigrateJob *job, const char *key, const char *value)
{
  g_autoptr (GVariantDict) values = g_variant_dict_new (NULL);
  g_autoptr (GError) error = NULL;

  g_variant_dict_insert (values, key, "s", value);
  cr_assert (migrate_job_retune (job, g_variant_dict_end (values), NULL /* cancellable */, &error),
             "%s", error != NULL ? error->message : "");
}

typedef struct
{
  const char *guest, *state;
  int host;
} Wanted;

static gboolean
is_so (gpointer data)
{
  const Wanted *wanted = data;
  g_autofree char *seen = NULL;

  return lab_try (&seen, "virsh %d domstate --reason %s", wanted->host, wanted->guest)
         && g_str_has_prefix (seen, wanted->state);
}

void
lab_await_state (const char *guest, int host, const char *state)
{
  Wanted wanted = { guest, state, host };

  cr_assert (lab_wait_until (30, is_so, &wanted), "it is not “%s” at h%d", state, host);
}
