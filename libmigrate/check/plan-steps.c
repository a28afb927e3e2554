/* Decide: the steps of a move in their order, as far as they are certain. What only a failure or a
 * busy guest brings about is not among them. */
#include "check/plan-private.h"

#define BOTH_SIDES 2

typedef struct
{
  GVariantBuilder builder;
  const MigrateCheckRequest *request;
  char *source, *destination; /* without secrets */
} Steps;

static void
add (Steps *self, const char *what, MigrateSide side, MigrateRisk risk, const char *effect,
     const char *undo)
{
  g_variant_builder_open (&self->builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&self->builder, "{sv}", "what", g_variant_new_string (what));
  g_variant_builder_add (
    &self->builder, "{sv}", "host",
    g_variant_new_string (side == MIGRATE_SIDE_SOURCE ? self->source : self->destination));
  g_variant_builder_add (&self->builder, "{sv}", "risk",
                         g_variant_new_string (_migrate_enum_nick (MIGRATE_TYPE_RISK, (int) risk)));
  g_variant_builder_add (&self->builder, "{sv}", "effect", g_variant_new_string (effect));
  if (undo != NULL)
    g_variant_builder_add (&self->builder, "{sv}", "undo", g_variant_new_string (undo));
  g_variant_builder_close (&self->builder);
}

/* Once for each side, source first. */
static void
add_hooks (Steps *self, MigrateHookPoint point, const char *undo)
{
  static const MigrateSide sides[BOTH_SIDES] = { MIGRATE_SIDE_SOURCE, MIGRATE_SIDE_DESTINATION };
  const char *word = _migrate_enum_nick (MIGRATE_TYPE_HOOK_POINT, (int) point);
  g_autofree char *what = g_strconcat ("hook-", word, NULL);

  for (gsize i = 0; self->request->has_hooks && i < BOTH_SIDES; i++)
    {
      g_autofree char *effect = g_strdup_printf (
        "the program is asked (%s)", _migrate_enum_nick (MIGRATE_TYPE_SIDE, (int) sides[i]));

      add (self, what, sides[i], MIGRATE_RISK_SAFE, effect, undo);
    }
}

#define UNDO_HOOK "the program is asked to undo it"

static void
add_preparation (Steps *self, const MigratePlanBasis *basis)
{
  add_hooks (self, MIGRATE_HOOK_POINT_BEFORE_PREPARE, UNDO_HOOK);
  if (basis->autostart)
    add (self, "clear-autostart", MIGRATE_SIDE_SOURCE, MIGRATE_RISK_SAFE,
         "the definition there does not start by itself while there may be two",
         "autostart is set again");
  add_hooks (self, MIGRATE_HOOK_POINT_AFTER_PREPARE, UNDO_HOOK);
  add_hooks (self, MIGRATE_HOOK_POINT_BEFORE_MIGRATE, UNDO_HOOK);
}

static void
add_transfer (Steps *self, const MigratePlanBasis *basis)
{
  gboolean strict = self->request->hand_over == MIGRATE_HAND_OVER_STRICT;

  add (self, "transfer", MIGRATE_SIDE_SOURCE, MIGRATE_RISK_DISRUPTIVE,
       basis->was_paused
         ? "the guest's memory is copied, then the guest changes hands; it stays paused"
         : "the guest's memory is copied while it runs; it stands still while it changes hands",
       "the copy is aborted, and the guest goes on at the source");
  if (strict && !basis->was_paused)
    add (self, "resume-destination", MIGRATE_SIDE_DESTINATION, MIGRATE_RISK_SAFE,
         "the guest runs on, once the source is proven gone", NULL);
  add_hooks (self, MIGRATE_HOOK_POINT_AFTER_MIGRATE, NULL);
}

static void
add_finalization (Steps *self, const MigratePlanBasis *basis)
{
  add_hooks (self, MIGRATE_HOOK_POINT_BEFORE_FINALIZE, NULL);
  if (self->request->has_inventory)
    add (self, "swap-record", MIGRATE_SIDE_DESTINATION, MIGRATE_RISK_SAFE,
         "the platform's record names the destination", NULL);
  if (basis->autostart)
    add (self, "set-autostart", MIGRATE_SIDE_DESTINATION, MIGRATE_RISK_SAFE,
         "the guest starts by itself there, as it did", NULL);
  add_hooks (self, MIGRATE_HOOK_POINT_AFTER_FINALIZE, NULL);
}

static void
add_chores (Steps *self, const MigratePlanBasis *basis, MigratePolicy *policy)
{
  static const struct
  {
    const char *word, *step, *effect;
    gboolean needs_cpus;
  } chores[] = {
    { "clock", "set-clock", "the guest's clock is set by its agent", TRUE },
    { "trim", "trim", "the guest's file systems discard what they do not use", TRUE },
    { "announce", "announce", "the network is told again where the guest is", FALSE },
  };
  g_auto (GStrv) words = _migrate_policy_dup_list (policy, "chores");

  for (gsize i = 0; words[i] != NULL; i++)
    for (gsize j = 0; j < G_N_ELEMENTS (chores); j++)
      if (g_str_equal (words[i], chores[j].word) && !(chores[j].needs_cpus && basis->was_paused))
        add (self, chores[j].step, MIGRATE_SIDE_DESTINATION, MIGRATE_RISK_SAFE, chores[j].effect,
             NULL);
}

GVariant *
_migrate_plan_steps (const MigratePlanBasis *basis, const MigrateCheckRequest *request,
                     MigratePolicy *policy)
{
  g_autofree char *source = _migrate_uri_redact (request->source_uri);
  g_autofree char *destination = _migrate_uri_redact (request->destination_uri);
  Steps self = { .request = request, .source = source, .destination = destination };

  g_variant_builder_init (&self.builder, G_VARIANT_TYPE ("aa{sv}"));
  add_preparation (&self, basis);
  add_transfer (&self, basis);
  add_finalization (&self, basis);
  add_chores (&self, basis, policy);
  return g_variant_builder_end (&self.builder);
}
