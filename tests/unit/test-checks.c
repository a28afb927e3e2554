/* Every row of every family is tried, and every code has rows; and what changed between two looks.
 */
#include "checktest.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

TestSuite (checks, .timeout = 60);

/* NULL: it is as the row has it. */
static char *
compare_finding (const CheckRow *row, MigrateFinding *finding)
{
  const char *message = finding != NULL ? migrate_finding_get_message (finding) : NULL;

  if (row->severity == CHECK_ABSENT)
    return finding != NULL ? g_strdup_printf ("it was found: %s", message) : NULL;
  if (finding == NULL)
    return g_strdup ("it was not found");
  if ((int) migrate_finding_get_severity (finding) != row->severity)
    return g_strdup ("it has another severity");
  if (migrate_finding_get_subject (finding) == NULL || strlen (message) < 20)
    return g_strdup_printf ("it says too little: %s", message);
  if (strchr (message, '$') != NULL || (row->says != NULL && strstr (message, row->says) == NULL))
    return g_strdup_printf ("it says something else: %s", message);
  if (row->severity != MIGRATE_SEVERITY_NOTE && migrate_finding_get_remedy (finding) == NULL)
    return g_strdup ("it has no remedy");
  return NULL;
}

static char *
try_row (const CheckRow *row)
{
  CheckGiven given = check_given (row->xml);
  g_autoptr (MigrateReport) report = NULL;
  g_autoptr (MigrateFinding) finding = NULL;

  if (row->spoil != NULL)
    row->spoil (&given);
  report = check_evaluate (&given);
  check_given_clear (&given);
  if (row->code == NULL)
    return migrate_report_is_blocked (report) ? g_strdup ("it is blocked") : NULL;
  finding = check_find (report, row->code);
  if (row->severity == MIGRATE_SEVERITY_BLOCKER && !migrate_report_is_blocked (report))
    return g_strdup ("it is not blocked");
  return compare_finding (row, finding);
}

Test (checks, find_what_is_wrong)
{
  const CheckRow *row;

  for (size_t i = 0; (row = check_row (i)) != NULL; i++)
    {
      g_autofree char *problem = try_row (row);

      cr_expect_null (problem, "%s: “%s”: %s", row->label, row->code != NULL ? row->code : "",
                      problem != NULL ? problem : "");
    }
}

static gboolean
has_row (const char *code, gboolean absent)
{
  const CheckRow *row;

  for (size_t i = 0; (row = check_row (i)) != NULL; i++)
    if (g_strcmp0 (row->code, code) == 0 && (row->severity == CHECK_ABSENT) == absent)
      return TRUE;
  return FALSE;
}

Test (checks, are_all_tested_both_ways)
{
  const MigrateCheckFamily *family;

  for (gsize i = 0; (family = _migrate_check_family (i)) != NULL; i++)
    for (gsize j = 0; j < family->n; j++)
      {
        const char *code = family->checks[j].code;

        cr_expect (has_row (code, FALSE), "“%s”: no row finds it", code);
        cr_expect (has_row (code, TRUE), "“%s”: no row does not", code);
      }
}

Test (checks, have_a_row_of_their_own_each)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  const MigrateCheckFamily *family;

  for (gsize i = 0; (family = _migrate_check_family (i)) != NULL; i++)
    for (gsize j = 0; j < family->n; j++)
      {
        const MigrateCheck *check = &family->checks[j];

        cr_assert (g_hash_table_add (seen, (char *) check->code), "“%s” is there twice",
                   check->code);
        cr_assert_null (strchr (check->meaning, '|'), "%s", check->code);
        cr_assert (!check->acceptable || check->severity == MIGRATE_SEVERITY_BLOCKER, "%s",
                   check->code);
        cr_assert (check->remedy != NULL || check->message == NULL
                     || check->severity == MIGRATE_SEVERITY_NOTE,
                   "“%s” has no remedy", check->code);
        cr_assert_eq (_migrate_check_by_code (check->code), check);
      }
}

/* Whatever hosts do not tell. */
Test (checks, take_no_answer_for_nothing)
{
  CheckGiven given = check_given (NULL);
  g_autoptr (MigrateReport) report = check_evaluate (&given);
  g_autoptr (MigrateFinding) only = g_list_model_get_item (G_LIST_MODEL (report), 0);

  cr_assert_eq (g_list_model_get_n_items (G_LIST_MODEL (report)), 1);
  cr_assert_str_eq (migrate_finding_get_code (only), "hand-over-unprotected");
  check_given_clear (&given);
}

Test (checks, say_when_a_blocker_was_accepted)
{
  CheckGiven given = check_given ("<devices><disk><source file='/a'/><target dev='vda'/></disk>"
                                  "</devices>");
  g_autoptr (MigrateReport) report = NULL;
  g_autoptr (MigrateFinding) finding = NULL;

  check_set (&given, "accept", "disk-sharing-unproven");
  report = check_evaluate (&given);
  finding = check_find (report, "disk-sharing-unproven");
  cr_assert (migrate_finding_is_accepted (finding));
  check_given_clear (&given);
}

/* ---- how to prove that a disk is shared ---- */

static void
no_pool_there (CheckGiven *g)
{
  check_file (&g->facts->on_source, "/mnt/a", "p", TRUE);
  check_file (&g->facts->on_destination, "/mnt/a", NULL, FALSE);
}
static void
no_pool_anywhere (CheckGiven *g)
{
  check_file (&g->facts->on_source, "/mnt/a", NULL, FALSE);
  check_file (&g->facts->on_destination, "/mnt/a", NULL, FALSE);
}
static void
pools (CheckGiven *g)
{
  check_file (&g->facts->on_source, "/mnt/a", "p", TRUE);
  check_file (&g->facts->on_destination, "/mnt/a", "q", TRUE);
}
static void
moved (CheckGiven *g)
{
  check_there (g, DEVICES ("<disk><source file='/srv/a'/><target dev='vda'/></disk>"));
}
static void
a_device (CheckGiven *g)
{
  check_there (g,
               DEVICES ("<disk type='block'><source dev='/dev/sdc'/><target dev='vda'/></disk>"));
}

#define FILE_DISK DEVICES ("<disk><source file='/mnt/a'/><target dev='vda'/></disk>")
#define VOLUME_DISK                                                                                \
  DEVICES ("<disk type='volume'><source pool='p' volume='v'/><target dev='vda'/></disk>")

static const struct
{
  const char *label, *xml;
  void (*spoil) (CheckGiven *given);
  const char *remedy;
} proofs[] = {
  { "nothing known", FILE_DISK, NULL,
    "the folder “/mnt” is one and the same on both hosts, with an active storage pool" },
  { "no pool there", FILE_DISK, no_pool_there,
    "Give the destination an active storage pool of the folder “/mnt”" },
  { "no pool anywhere", FILE_DISK, no_pool_anywhere,
    "Give both hosts an active storage pool of the folder “/mnt”" },
  { "two pools", FILE_DISK, pools, "on both hosts (pool “p” here, “q” there)" },
  { "another folder there", FILE_DISK, moved, "the folders “/mnt” here and “/srv” there" },
  { "a device there", FILE_DISK, a_device, "Make sure that both hosts see the same file" },
  { "a volume", VOLUME_DISK, NULL, "the storage pool “p” is started on both hosts" },
  { "a directory", DEVICES ("<disk type='dir'><source dir='/d/e'/><target dev='vda'/></disk>"),
    NULL, "the folder “/d/e” is one" },
};

Test (checks, say_where_to_look_at_what_is_not_proven)
{
  for (gsize i = 0; i < G_N_ELEMENTS (proofs); i++)
    {
      CheckGiven given = check_given (proofs[i].xml);
      g_autoptr (MigrateReport) report = NULL;
      g_autoptr (MigrateFinding) finding = NULL;

      if (proofs[i].spoil != NULL)
        proofs[i].spoil (&given);
      report = check_evaluate (&given);
      check_given_clear (&given);
      finding = check_find (report, "disk-sharing-unproven");
      cr_assert_not_null (finding, "%s", proofs[i].label);
      cr_expect_not_null (strstr (migrate_finding_get_remedy (finding), proofs[i].remedy), "%s: %s",
                          proofs[i].label, migrate_finding_get_remedy (finding));
    }
}

/* What a document names is said as it is, also where it looks like a place in the words. */
Test (checks, take_no_words_out_of_a_name)
{
  CheckGiven given = check_given ("<devices><disk><source file='/$1/$2$3'/><target dev='vda'/>"
                                  "</disk></devices>");
  g_autoptr (MigrateReport) report = check_evaluate (&given);
  g_autoptr (MigrateFinding) finding = check_find (report, "disk-sharing-unproven");

  cr_assert_not_null (strstr (migrate_finding_get_message (finding), "“/$1/$2$3”"));
  check_given_clear (&given);
}

/* ---- what changed between check and prepare ---- */

static void
nothing (CheckGiven *g)
{
}
static void
paused (CheckGiven *g)
{
  g->facts->guest.state = MIGRATE_DOMAIN_PAUSED;
  g->facts->guest.reason = MIGRATE_PAUSED_USER;
}
static void
transient (CheckGiven *g)
{
  g->facts->guest.persistent = FALSE;
}
static void
network_disk (CheckGiven *g)
{
  CheckGiven with = check_given ("<devices><disk type='network'><source protocol='nbd' name='a'/>"
                                 "<target dev='vda'/></disk></devices>");

  check_given_clear (g);
  *g = with;
}
static void
changed_name (CheckGiven *g)
{
  g_free (g->facts->guest.name);
  g->facts->guest.name = g_strdup ("x");
}
static void
changed_host (CheckGiven *g)
{
  g_free (g->facts->destination.uuid);
  g->facts->destination.uuid = g_strdup ("u3");
}
static void
changed_uuid (CheckGiven *g)
{
  g_free (g->facts->guest.uuid);
  g->facts->guest.uuid = g_strdup ("x");
}

static const struct
{
  const char *label, *says;
  void (*spoil) (CheckGiven *given);
} changes[] = {
  { "nothing", NULL, nothing },
  { "paused since", "paused", paused },
  { "transient since", "transient", transient },
  { "renamed", "named", changed_name },
  { "other UUID", "UUID", changed_uuid },
  { "other host", "another host", changed_host },
  { "disk added", "disks", network_disk },
};

ParameterizedTestParameters (checks, see_what_changed)
{
  static size_t indexes[G_N_ELEMENTS (changes)];

  for (size_t i = 0; i < G_N_ELEMENTS (changes); i++)
    indexes[i] = i;
  return cr_make_param_array (size_t, indexes, G_N_ELEMENTS (changes));
}

ParameterizedTest (size_t *index, checks, see_what_changed)
{
  CheckGiven before = check_given (NULL), now = check_given (NULL);
  g_autofree char *difference = NULL;

  changes[*index].spoil (&now);
  difference = _migrate_facts_compare (before.facts, now.facts);
  if (changes[*index].says == NULL)
    cr_assert_null (difference);
  else
    cr_assert (difference != NULL && strstr (difference, changes[*index].says) != NULL, "%s: %s",
               changes[*index].label, difference);
  check_given_clear (&before);
  check_given_clear (&now);
}
