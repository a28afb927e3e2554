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
add_number (GVariantBuilder *builder, const char *key, guint64 value)
{
  g_variant_builder_add (builder, "{sv}", key, g_variant_new_uint64 (value));
}

static void
add_transfer (GVariantBuilder *builder, MigrateResult *self)
{
  add_number (builder, "bytes", self->bytes);
  add_number (builder, "disk-bytes", self->disk_bytes);
  if (self->has_bytes_resent)
    add_number (builder, "bytes-resent", self->bytes_resent);
  add_number (builder, "passes", self->passes);
  add_number (builder, "throttle", self->throttle);
  if (self->has_downtime_limit)
    add_number (builder, "downtime-limit-ms", self->downtime_limit_ms);
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
  _migrate_builder_add_string (&builder, "outcome",
                               _migrate_enum_nick (MIGRATE_TYPE_OUTCOME, (int) self->outcome));
  _migrate_builder_add_string (&builder, "kind",
                               _migrate_enum_nick (MIGRATE_TYPE_KIND, (int) self->kind));
  _migrate_builder_add_string (&builder, "guest-name", self->guest_name);
  _migrate_builder_add_string (&builder, "guest-uuid", self->guest_uuid);
  _migrate_builder_add_string (&builder, "source", self->source);
  _migrate_builder_add_string (&builder, "destination", self->destination);
  add_number (&builder, "total-ms", self->total_ms);
  if (self->has_downtime)
    {
      add_number (&builder, "downtime-ms", self->downtime_ms);
      _migrate_builder_add_string (&builder, "downtime-origin", self->downtime_origin);
    }
  add_transfer (&builder, self);
  if (self->forecast != NULL)
    g_variant_builder_add (&builder, "{sv}", "forecast",
                           _migrate_forecast_to_variant (self->forecast));
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
  g_autoptr (GVariant) forecast
    = g_variant_lookup_value (value, "forecast", G_VARIANT_TYPE_VARDICT);

  if (forecast != NULL)
    self->forecast = _migrate_forecast_from_variant (forecast);

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

static void
load_transfer (MigrateResult *self, GVariant *value)
{
  self->bytes = _migrate_variant_uint64 (value, "bytes", 0);
  self->disk_bytes = _migrate_variant_uint64 (value, "disk-bytes", 0);
  self->has_bytes_resent = g_variant_lookup (value, "bytes-resent", "t", &self->bytes_resent);
  self->passes = (guint) _migrate_variant_uint64 (value, "passes", 0);
  self->throttle = (guint) _migrate_variant_uint64 (value, "throttle", 0);
  self->has_downtime_limit
    = g_variant_lookup (value, "downtime-limit-ms", "t", &self->downtime_limit_ms);
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
  load_transfer (self, value);
  load_lists (self, value);
  return self;
}

/* QEMU counts a page each time it sends it, whole or as one byte, and each page of the guest goes
 * at least once: what it has counted beyond the guest's memory was sent again. What XBZRLE has sent
 * is in neither count, and is by its nature a page that was there already. Far fewer pages than
 * memory has, after a pass was over, means a method that counts otherwise: then nothing is known.
 */
static void
note_resent (MigrateResult *self, const MigrateProgressValues *seen)
{
  guint64 pages = (seen->memory_normal + seen->memory_constant) * seen->page_size;

  if (pages == 0 || seen->memory_total == 0)
    return;
  if (pages < seen->memory_total / 64 * 63 && seen->pass > 1)
    {
      self->has_bytes_resent = FALSE;
      self->bytes_resent = 0;
      return;
    }
  self->has_bytes_resent = TRUE;
  self->bytes_resent
    = MAX (self->bytes_resent,
           (pages > seen->memory_total ? pages - seen->memory_total : 0) + seen->compression_bytes);
}

void
_migrate_result_note (MigrateResult *self, const MigrateProgressValues *seen)
{
  self->bytes = MAX (self->bytes, seen->memory_processed + seen->disk_processed);
  self->disk_bytes = MAX (self->disk_bytes, seen->disk_processed);
  self->passes = MAX (self->passes, seen->pass);
  self->throttle = MAX (self->throttle, seen->throttle);
  note_resent (self, seen);
  if (seen->limit_ms == 0)
    return;
  self->has_downtime_limit = TRUE;
  self->downtime_limit_ms = seen->limit_ms;
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
  g_clear_pointer (&self->forecast, migrate_forecast_unref);
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
 * Returns: (transfer none) (nullable): the name
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
 * Returns: (transfer none) (nullable): the UUID
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
 * Returns: (transfer none) (nullable): the origin
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
 * What travelled, as the hypervisor counts it on the wire: memory, pages sent again included, and
 * disks.
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
 * migrate_result_get_disk_bytes:
 * @self: a result
 *
 * What travelled of the disks; part of [method@Migrate.Result.get_bytes].
 *
 * Returns: bytes
 *
 * Since: 1.0
 */
guint64
migrate_result_get_disk_bytes (MigrateResult *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->disk_bytes;
}

/**
 * migrate_result_has_bytes_resent:
 * @self: a result
 *
 * Whether it is known how much was sent more than once. The hypervisor's page counts tell it, but
 * not with every method of compression.
 *
 * Returns: true when [method@Migrate.Result.get_bytes_resent] means something
 *
 * Since: 1.0
 */
gboolean
migrate_result_has_bytes_resent (MigrateResult *self)
{
  g_return_val_if_fail (self != NULL, FALSE);
  return self->has_bytes_resent;
}

/**
 * migrate_result_get_bytes_resent:
 * @self: a result
 *
 * How much of the guest's memory was sent more than once, because the guest wrote it again after
 * it was sent: the pages that the hypervisor has sent, whole or as one repeated byte, times their
 * size, less the guest's memory; and what XBZRLE has sent.
 *
 * These are bytes of the guest's memory. On the wire a page of one repeated byte is nine bytes.
 *
 * Returns: bytes, 0 when it is not known
 *
 * Since: 1.0
 */
guint64
migrate_result_get_bytes_resent (MigrateResult *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->bytes_resent;
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
 * migrate_result_get_throttle:
 * @self: a result
 *
 * The most by which the hypervisor slowed the guest down on the way, as far as it was seen.
 *
 * Returns: percent of its processor time that the guest was kept from, 0: never
 *
 * Since: 1.0
 */
guint
migrate_result_get_throttle (MigrateResult *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->throttle;
}

/**
 * migrate_result_has_downtime_limit:
 * @self: a result
 *
 * Whether the downtime limit is known that was in force at the end.
 *
 * Returns: true when [method@Migrate.Result.get_downtime_limit_ms] means something
 *
 * Since: 1.0
 */
gboolean
migrate_result_has_downtime_limit (MigrateResult *self)
{
  g_return_val_if_fail (self != NULL, FALSE);
  return self->has_downtime_limit;
}

/**
 * migrate_result_get_downtime_limit_ms:
 * @self: a result
 *
 * The downtime limit that the hypervisor had at the end: it hands over when it believes that the
 * rest takes less. The real downtime is [method@Migrate.Result.get_downtime_ms].
 *
 * Returns: milliseconds, 0 when it is not known
 *
 * Since: 1.0
 */
guint64
migrate_result_get_downtime_limit_ms (MigrateResult *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->downtime_limit_ms;
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
 * migrate_result_get_forecast:
 * @self: a result
 *
 * What was forecast before the copy had come far, to compare with what came of it. There is none
 * where [property@Migrate.Job:forecast] did not ask for it, and in a copy that was over before the
 * guest could be looked at.
 *
 * Returns: (transfer none) (nullable): the forecast
 *
 * Since: 1.0
 */
MigrateForecast *
migrate_result_get_forecast (MigrateResult *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->forecast;
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
