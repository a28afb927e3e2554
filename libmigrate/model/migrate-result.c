/* The result of a move. Built up by the job, immutable once handed out. */
#include "model/model-private.h"

/**
 * MigrateResult:
 *
 * How a job ended: the outcome, the measured times, bytes, passes, decisions and warnings.
 *
 * Immutable; may be used from any thread.
 *
 * Since: 1.0
 */

G_DEFINE_BOXED_TYPE (MigrateResult, migrate_result, migrate_result_ref, migrate_result_unref)

MigrateResult *
_migrate_result_new (void)
{
  MigrateResult *self = g_new0 (MigrateResult, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->decisions = g_ptr_array_new_with_free_func ((GDestroyNotify) migrate_decision_unref);
  self->warnings = g_ptr_array_new_with_free_func (g_free);
  return self;
}

static void
add_string (GVariantBuilder *builder, const char *key, const char *value)
{
  if (value != NULL)
    g_variant_builder_add (builder, "{sv}", key, g_variant_new_string (value));
}

static GVariant *
phases_to_variant (MigrateResult *self)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{st}"));
  for (int i = 0; i < MIGRATE_N_PHASES; i++)
    if (self->phase_ms[i] != 0)
      g_variant_builder_add (&builder, "{st}", _migrate_enum_nick (MIGRATE_TYPE_PHASE, i),
                             self->phase_ms[i]);
  return g_variant_builder_end (&builder);
}

GVariant *
_migrate_result_to_variant (MigrateResult *self)
{
  GVariantBuilder builder, list;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  add_string (&builder, "outcome", _migrate_enum_nick (MIGRATE_TYPE_OUTCOME, (int) self->outcome));
  add_string (&builder, "kind", _migrate_enum_nick (MIGRATE_TYPE_KIND, (int) self->kind));
  add_string (&builder, "guest-name", self->guest_name);
  add_string (&builder, "guest-uuid", self->guest_uuid);
  add_string (&builder, "source", self->source);
  add_string (&builder, "destination", self->destination);
  g_variant_builder_add (&builder, "{sv}", "total-ms", g_variant_new_uint64 (self->total_ms));
  if (self->has_downtime)
    {
      g_variant_builder_add (&builder, "{sv}", "downtime-ms",
                             g_variant_new_uint64 (self->downtime_ms));
      add_string (&builder, "downtime-origin", self->downtime_origin);
    }
  g_variant_builder_add (&builder, "{sv}", "bytes", g_variant_new_uint64 (self->bytes));
  g_variant_builder_add (&builder, "{sv}", "passes", g_variant_new_uint64 (self->passes));
  g_variant_builder_add (&builder, "{sv}", "phases", phases_to_variant (self));
  g_variant_builder_init (&list, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < self->decisions->len; i++)
    g_variant_builder_add_value (&list, _migrate_decision_to_variant (self->decisions->pdata[i]));
  g_variant_builder_add (&builder, "{sv}", "decisions", g_variant_builder_end (&list));
  g_variant_builder_add (
    &builder, "{sv}", "warnings",
    g_variant_new_strv ((const char *const *) self->warnings->pdata, self->warnings->len));
  return g_variant_builder_end (&builder);
}

static void
load_lists (MigrateResult *self, GVariant *value)
{
  g_autoptr (GVariant) phases = g_variant_lookup_value (value, "phases", G_VARIANT_TYPE ("a{st}"));
  g_autoptr (GVariant) decisions
    = g_variant_lookup_value (value, "decisions", G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GVariant) warnings
    = g_variant_lookup_value (value, "warnings", G_VARIANT_TYPE_STRING_ARRAY);

  for (int i = 0; phases != NULL && i < MIGRATE_N_PHASES; i++)
    self->phase_ms[i]
      = _migrate_variant_uint64 (phases, _migrate_enum_nick (MIGRATE_TYPE_PHASE, i), 0);
  for (gsize i = 0; decisions != NULL && i < g_variant_n_children (decisions); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (decisions, i);

      g_ptr_array_add (self->decisions, _migrate_decision_from_variant (child));
    }
  for (gsize i = 0; warnings != NULL && i < g_variant_n_children (warnings); i++)
    {
      char *warning;

      g_variant_get_child (warnings, i, "s", &warning);
      g_ptr_array_add (self->warnings, warning);
    }
}

MigrateResult *
_migrate_result_from_variant (GVariant *value)
{
  MigrateResult *self = _migrate_result_new ();
  int number;

  if (_migrate_enum_parse (MIGRATE_TYPE_OUTCOME, _migrate_variant_string (value, "outcome"),
                           &number))
    self->outcome = number;
  if (_migrate_enum_parse (MIGRATE_TYPE_KIND, _migrate_variant_string (value, "kind"), &number))
    self->kind = number;
  self->guest_name = g_strdup (_migrate_variant_string (value, "guest-name"));
  self->guest_uuid = g_strdup (_migrate_variant_string (value, "guest-uuid"));
  self->source = g_strdup (_migrate_variant_string (value, "source"));
  self->destination = g_strdup (_migrate_variant_string (value, "destination"));
  self->total_ms = _migrate_variant_uint64 (value, "total-ms", 0);
  self->has_downtime = g_variant_lookup (value, "downtime-ms", "t", &self->downtime_ms);
  self->downtime_origin = g_strdup (_migrate_variant_string (value, "downtime-origin"));
  self->bytes = _migrate_variant_uint64 (value, "bytes", 0);
  self->passes = (guint) _migrate_variant_uint64 (value, "passes", 0);
  load_lists (self, value);
  return self;
}

/**
 * migrate_result_ref:
 * @self: a result
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
MigrateResult *
migrate_result_ref (MigrateResult *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * migrate_result_unref:
 * @self: (transfer full): a result
 *
 * Gives a reference back.
 *
 * Since: 1.0
 */
void
migrate_result_unref (MigrateResult *self)
{
  g_return_if_fail (self != NULL);
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->guest_name);
  g_free (self->guest_uuid);
  g_free (self->source);
  g_free (self->destination);
  g_free (self->downtime_origin);
  g_ptr_array_unref (self->decisions);
  g_ptr_array_unref (self->warnings);
  g_free (self);
}

/**
 * migrate_result_get_outcome:
 * @self: a result
 *
 * How the job ended.
 *
 * Returns: the outcome
 *
 * Since: 1.0
 */
MigrateOutcome
migrate_result_get_outcome (MigrateResult *self)
{
  g_return_val_if_fail (self != NULL, MIGRATE_OUTCOME_NONE);
  return self->outcome;
}

/**
 * migrate_result_get_kind:
 * @self: a result
 *
 * How the guest travelled.
 *
 * Returns: the kind that was chosen
 *
 * Since: 1.0
 */
MigrateKind
migrate_result_get_kind (MigrateResult *self)
{
  g_return_val_if_fail (self != NULL, MIGRATE_KIND_AUTO);
  return self->kind;
}

/**
 * migrate_result_get_guest_name:
 * @self: a result
 *
 * The guest's name.
 *
 * Returns: (nullable): the name
 *
 * Since: 1.0
 */
const char *
migrate_result_get_guest_name (MigrateResult *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->guest_name;
}

/**
 * migrate_result_get_guest_uuid:
 * @self: a result
 *
 * The guest's UUID.
 *
 * Returns: (nullable): the UUID
 *
 * Since: 1.0
 */
const char *
migrate_result_get_guest_uuid (MigrateResult *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->guest_uuid;
}

/**
 * migrate_result_get_total_ms:
 * @self: a result
 *
 * The time from the job's first operation to its end, time between the program's calls included.
 *
 * Returns: milliseconds
 *
 * Since: 1.0
 */
guint64
migrate_result_get_total_ms (MigrateResult *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->total_ms;
}

/**
 * migrate_result_has_downtime:
 * @self: a result
 *
 * Whether the downtime was measured.
 *
 * Returns: true when it was
 *
 * Since: 1.0
 */
gboolean
migrate_result_has_downtime (MigrateResult *self)
{
  g_return_val_if_fail (self != NULL, FALSE);
  return self->has_downtime;
}

/**
 * migrate_result_get_downtime_ms:
 * @self: a result
 *
 * How long the guest stood still at the hand-over.
 *
 * Returns: milliseconds, 0 when it was not measured
 *
 * Since: 1.0
 */
guint64
migrate_result_get_downtime_ms (MigrateResult *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->downtime_ms;
}

/**
 * migrate_result_get_downtime_origin:
 * @self: a result
 *
 * Who measured the downtime: `hypervisor`, or `polled` by asking both hosts.
 *
 * Returns: (nullable): the origin
 *
 * Since: 1.0
 */
const char *
migrate_result_get_downtime_origin (MigrateResult *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->downtime_origin;
}

/**
 * migrate_result_get_bytes:
 * @self: a result
 *
 * What travelled, pages sent again included.
 *
 * Returns: bytes
 *
 * Since: 1.0
 */
guint64
migrate_result_get_bytes (MigrateResult *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->bytes;
}

/**
 * migrate_result_get_passes:
 * @self: a result
 *
 * Passes over the guest's memory.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint
migrate_result_get_passes (MigrateResult *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->passes;
}

/**
 * migrate_result_get_phase_ms:
 * @self: a result
 * @phase: a phase
 *
 * How long a phase lasted, all its occurrences added up.
 *
 * Returns: milliseconds
 *
 * Since: 1.0
 */
guint64
migrate_result_get_phase_ms (MigrateResult *self, MigratePhase phase)
{
  g_return_val_if_fail (self != NULL, 0);
  g_return_val_if_fail ((int) phase >= 0 && (int) phase < MIGRATE_N_PHASES, 0);
  return self->phase_ms[phase];
}

/**
 * migrate_result_get_n_decisions:
 * @self: a result
 *
 * How many decisions were taken.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint
migrate_result_get_n_decisions (MigrateResult *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->decisions->len;
}

/**
 * migrate_result_get_decision:
 * @self: a result
 * @index: which, from 0
 *
 * One decision, in the order in which they were taken.
 *
 * Returns: (transfer none): the decision
 *
 * Since: 1.0
 */
MigrateDecision *
migrate_result_get_decision (MigrateResult *self, guint index)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (index < self->decisions->len, NULL);
  return self->decisions->pdata[index];
}

/**
 * migrate_result_dup_warnings:
 * @self: a result
 *
 * What did not go as it should and did not keep the guest from moving.
 *
 * Returns: (transfer full) (array zero-terminated=1): the warnings
 *
 * Since: 1.0
 */
char **
migrate_result_dup_warnings (MigrateResult *self)
{
  GStrvBuilder *builder;
  char **warnings;

  g_return_val_if_fail (self != NULL, NULL);
  builder = g_strv_builder_new ();
  for (guint i = 0; i < self->warnings->len; i++)
    g_strv_builder_add (builder, self->warnings->pdata[i]);
  warnings = g_strv_builder_end (builder);
  g_strv_builder_unref (builder);
  return warnings;
}

/**
 * migrate_result_dup_details:
 * @self: a result
 *
 * All values as `a{sv}`: for printing and for keys that later versions add.
 *
 * Returns: (transfer full): the values
 *
 * Since: 1.0
 */
GVariant *
migrate_result_dup_details (MigrateResult *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return g_variant_ref_sink (_migrate_result_to_variant (self));
}
