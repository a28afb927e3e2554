/* Prints the tables of the documentation that are data in the library, as Markdown, so that they
 * cannot tell something else than the code does. */
#include "check/checks-private.h"
#include "xml/rewrite-private.h"
#include "job/edges-private.h"
#include "migrate/steer-private.h"

#include <stdio.h>
#include <string.h>

static const char *
state_name (MigrateState state)
{
  return _migrate_enum_nick (MIGRATE_TYPE_STATE, (int) state);
}

static const char *
owner_name (MigrateSide side)
{
  return side == MIGRATE_SIDE_NONE ? "as proven"
                                   : _migrate_enum_nick (MIGRATE_TYPE_SIDE, (int) side);
}

static void
print_edge (MigrateState state, gboolean in_flight, MigrateVerb verb)
{
  const MigrateEdge *edge = _migrate_edge_find (state, in_flight, verb);

  if (edge != NULL)
    printf ("| `%s`%s | %s | `%s` | %s | %s |\n", state_name (state),
            in_flight ? ", in flight" : "", _migrate_verb_name (verb), state_name (edge->to),
            owner_name (edge->owner), edge->claim ? "held" : "none");
}

static void
print_edges (void)
{
  printf ("| from | operation | to | owner of the guest then | claim then |\n");
  printf ("|---|---|---|---|---|\n");
  for (int state = MIGRATE_STATE_NEW; state <= MIGRATE_STATE_FAILED; state++)
    for (int in_flight = FALSE; in_flight <= TRUE; in_flight++)
      for (int verb = MIGRATE_VERB_CHECK; verb < MIGRATE_VERB_RUN; verb++)
        print_edge (state, in_flight, verb);
}

static void
print_run (void)
{
  printf ("| where the job is | what `run` does next |\n|---|---|\n");
  for (int state = MIGRATE_STATE_NEW; state <= MIGRATE_STATE_FAILED; state++)
    for (int in_flight = FALSE; in_flight <= TRUE; in_flight++)
      {
        MigrateVerb verb;

        if (_migrate_edge_next (state, in_flight, &verb))
          printf ("| `%s`%s | %s |\n", state_name (state), in_flight ? ", in flight" : "",
                  _migrate_verb_name (verb));
      }
}

static void
print_steer_row (MigrateAskedVerb verb)
{
  static const MigratePhase phases[]
    = { MIGRATE_PHASE_STARTING, MIGRATE_PHASE_COPYING_MEMORY, MIGRATE_PHASE_SWITCHING_OVER,
        MIGRATE_PHASE_POSTCOPY, MIGRATE_PHASE_CANCELLING,     MIGRATE_PHASE_PROVING };

  printf ("| %s |", _migrate_asked_verb_name (verb));
  for (guint i = 0; i < G_N_ELEMENTS (phases); i++)
    printf (" %s |", _migrate_steer_describe (_migrate_steer_decide (verb, phases[i])));
  printf ("\n");
}

static void
print_steer (void)
{
  printf ("| | starting | copying | switching over | post-copy | cancelling | proving |\n");
  printf ("|---|---|---|---|---|---|---|\n");
  for (int verb = MIGRATE_ASKED_RETUNE; verb < MIGRATE_N_ASKED_VERBS; verb++)
    print_steer_row ((MigrateAskedVerb) verb);
}

static void
print_policy (void)
{
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  g_auto (GStrv) keys = migrate_policy_dup_keys (policy);

  printf ("| key | meaning |\n|---|---|\n");
  for (guint i = 0; keys[i] != NULL; i++)
    {
      g_autofree char *meaning = migrate_policy_describe (keys[i]);

      printf ("| `%s` | %s |\n", keys[i], meaning);
    }
}

static void
print_presets (void)
{
  g_auto (GStrv) names = migrate_policy_dup_presets ();

  printf ("| preset | what it may do to the guest, and the keys that it sets |\n|---|---|\n");
  for (guint i = 0; names[i] != NULL; i++)
    {
      g_autofree char *meaning = migrate_policy_describe_preset (names[i]);

      printf ("| `%s` | %s |\n", names[i], meaning);
    }
}

/* Where it is not all of them. */
static void
print_concerned (const MigrateCheck *check)
{
  const char *separator = " (with ";

  for (int kind = MIGRATE_KIND_LIVE; check->spares != 0 && kind <= MIGRATE_KIND_SUSPEND; kind++)
    if ((check->spares & (1u << kind)) == 0)
      {
        printf ("%s`%s`", separator, _migrate_enum_nick (MIGRATE_TYPE_KIND, kind));
        separator = ", ";
      }
  if (check->spares != 0)
    putchar (')');
}

static void
print_check (const MigrateCheck *check)
{
  printf ("| `%s` | %s%s | %s", check->code,
          _migrate_enum_nick (MIGRATE_TYPE_SEVERITY, (int) check->severity),
          check->acceptable ? ", may be accepted" : "", check->meaning);
  print_concerned (check);
  printf (" | %s |\n", check->remedy != NULL ? check->remedy : "");
}

static void
print_checks (void)
{
  const MigrateCheckFamily *family;

  for (gsize i = 0; (family = _migrate_check_family (i)) != NULL; i++)
    {
      printf ("%s### %c%s\n\n", i > 0 ? "\n" : "", g_ascii_toupper (family->name[0]),
              family->name + 1);
      printf ("| code | severity | meaning | remedy |\n|---|---|---|---|\n");
      for (gsize j = 0; j < family->n; j++)
        print_check (&family->checks[j]);
    }
}

/* A bar would end the cell. */
static void
print_place (const char *text)
{
  for (; *text != '\0'; text++)
    if (*text == '|')
      fputs ("\\|", stdout);
    else
      putchar (*text);
}

static void
print_kinds (void)
{
  printf ("| kind | what is named | what is said of it | fields |\n|---|---|---|---|\n");
  for (guint i = 0; i < MIGRATE_N_MAP_KINDS; i++)
    {
      const MigrateMapRow *row = &_migrate_map_rows[i];

      printf ("| `%s` | %s | %s | ", row->name, row->from_meaning, row->meaning);
      for (const MigrateMapField *field = row->fields; field->name != NULL; field++)
        printf ("%s`%s`: %s%s%s", field == row->fields ? "" : "; ", field->name, field->meaning,
                *field->meaning != '\0' ? ", " : "",
                field->words == NULL ? _migrate_value_type_describe (field->type) : "");
      printf ("%s |\n", row->removable ? " or `none`" : "");
    }
}

static void
print_rules (void)
{
  MigrateRuleText rule;

  printf ("| rule | where | kinds | what |\n|---|---|---|---|\n");
  for (guint i = 0; _migrate_rewrite_describe (i, &rule); i++)
    {
      printf ("| %s | `", rule.rule);
      print_place (rule.place);
      printf ("`");
      for (guint k = 0; rule.attributes[k] != NULL; k++)
        printf ("%s`@%s`", k > 0 ? ", " : " ", rule.attributes[k]);
      printf (" | ");
      for (guint k = 0; rule.kinds[k] != NULL; k++)
        printf ("%s`%s`", k > 0 ? ", " : "", rule.kinds[k]);
      printf (" | %s |\n", rule.meaning);
    }
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    void (*print) (void);
  } tables[]
    = { { "checks", print_checks }, { "edges", print_edges },   { "run", print_run },
        { "steer", print_steer },   { "policy", print_policy }, { "presets", print_presets },
        { "kinds", print_kinds },   { "rules", print_rules } };

  for (guint i = 0; argc == 2 && i < G_N_ELEMENTS (tables); i++)
    if (strcmp (argv[1], tables[i].name) == 0)
      {
        tables[i].print ();
        return 0;
      }
  return 64;
}
