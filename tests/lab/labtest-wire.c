/* The part of labtest.h about how memory travels: what QEMU says of it while it does. */
#include "labtest.h"

MigrateJob *
lab_slow_job (const char *guest, int from, int to, const char *const *settings)
{
  MigrateJob *job = lab_job_new (guest, from, to);

  lab_set_policy (job, "bandwidth", "16");
  lab_set_policy (job, "poll-interval", "100");
  for (guint i = 0; settings[i] != NULL; i++)
    {
      g_auto (GStrv) pair = g_strsplit (settings[i], "=", 2);

      lab_set_policy (job, pair[0], pair[1]);
    }
  return job;
}

typedef struct
{
  const char *guest, *command;
  int host;
  char *answer;
} Question;

static void
ask_qemu (gpointer data)
{
  Question *question = data;

  question->answer = lab_run ("virsh %d qemu-monitor-command %s '{\"execute\": \"%s\"}'",
                              question->host, question->guest, question->command);
}

MigrateResult *
lab_move_and_ask (MigrateJob *job, const char *guest, int from, int to, const char *command,
                  const char *pattern)
{
  Question question = { guest, command, from, NULL };
  MigrateResult *result;

  if (command != NULL)
    lab_when (job, 0.2, 0, ask_qemu, &question);
  result = lab_run_works (job, NULL);
  lab_assert_rest (job, MIGRATE_STATE_FINALIZED, MIGRATE_OUTCOME_MOVED);
  lab_assert_at (guest, to, "running");
  lab_assert_alive (guest);
  if (command != NULL)
    cr_assert (question.answer != NULL && g_regex_match_simple (pattern, question.answer, 0, 0),
               "%s: %s", pattern, question.answer);
  g_free (question.answer);
  return result;
}
