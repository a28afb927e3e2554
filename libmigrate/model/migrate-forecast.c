/* What a move will take, as the program sees it. */
#include "model/model-private.h"

/**
 * MigrateForecast:
 *
 * What a move will take, before it is begun: how long, with what downtime, how much travels, and
 * what will be done to the guest so that it comes to an end.
 *
 * Times and amounts are intervals: the outcome is expected between the least and the most. A
 * forecast is no better than what it rests on, so it says of every figure where it comes from
 * ([method@Migrate.Forecast.dup_details]): `sampled` on the running guest, `given` by the policy,
 * `learned` from earlier moves, `assumed`, or `unknown`. Nothing is told of what would rest on an
 * unknown figure.
 *
 * [property@Migrate.Job:forecast] asks for one. Immutable; may be used from any thread.
 *
 * Since: 1.0
 */
struct _MigrateForecast
{
  gatomicrefcount ref_count;
  MigrateForecastValues values;
};

G_DEFINE_BOXED_TYPE (MigrateForecast, migrate_forecast, migrate_forecast_ref,
                     migrate_forecast_unref)

static const char *const origins[] = { "unknown", "sampled", "given", "learned", "assumed" };

/* Of the figures, as they are called in the details. */
static const struct
{
  const char *name;
  gsize offset;
} figures[] = {
  { "memory", G_STRUCT_OFFSET (MigrateForecastValues, memory) },
  { "working-set", G_STRUCT_OFFSET (MigrateForecastValues, working_set) },
  { "dirty-rate", G_STRUCT_OFFSET (MigrateForecastValues, dirty_rate) },
  { "bandwidth", G_STRUCT_OFFSET (MigrateForecastValues, bandwidth) },
  { "overhead-ms", G_STRUCT_OFFSET (MigrateForecastValues, overhead) },
};

MigrateForecast *
_migrate_forecast_new (const MigrateForecastValues *values)
{
  MigrateForecast *self = g_new0 (MigrateForecast, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->values = *values;
  return self;
}

const MigrateForecastValues *
_migrate_forecast_peek (MigrateForecast *self)
{
  return &self->values;
}

/* ---- a{sv} ---- */

static void
add_number (GVariantBuilder *builder, const char *key, guint64 value)
{
  g_variant_builder_add (builder, "{sv}", key, g_variant_new_uint64 (value));
}

static void
add_figure (GVariantBuilder *builder, const char *name, const MigrateFigure *figure)
{
  g_autofree char *least = g_strconcat (name, "-least", NULL);
  g_autofree char *most = g_strconcat (name, "-most", NULL);
  g_autofree char *origin = g_strconcat (name, "-origin", NULL);

  g_variant_builder_add (builder, "{sv}", origin, g_variant_new_string (origins[figure->origin]));
  if (figure->origin == MIGRATE_FIGURE_UNKNOWN)
    return;
  add_number (builder, name, (guint64) figure->likely);
  add_number (builder, least, (guint64) figure->least);
  add_number (builder, most, (guint64) figure->most);
}

static void
add_outcome (GVariantBuilder *builder, const MigrateForecastValues *v)
{
  if (v->has_total)
    add_number (builder, "total-least-ms", v->total_least_ms);
  if (v->has_total_most)
    add_number (builder, "total-most-ms", v->total_most_ms);
  if (v->has_downtime)
    {
      add_number (builder, "downtime-least-ms", v->downtime_least_ms);
      add_number (builder, "downtime-most-ms", v->downtime_most_ms);
    }
  if (v->has_bytes)
    add_number (builder, "bytes-least", v->bytes_least);
  if (v->has_bytes_most)
    add_number (builder, "bytes-most", v->bytes_most);
  if (v->has_need)
    add_number (builder, "needed-bandwidth", v->needed_bandwidth);
  if (v->has_needed_downtime)
    add_number (builder, "needed-downtime-ms", v->needed_downtime_ms);
}

static char **
dup_rungs (const MigrateForecastValues *values)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  for (int rung = MIGRATE_RUNG_PLAIN; rung <= MIGRATE_RUNG_GIVE_UP; rung++)
    if ((values->rungs & (1u << rung)) != 0)
      g_strv_builder_add (names, _migrate_enum_nick (MIGRATE_TYPE_RUNG, rung));
  return g_strv_builder_end (names);
}

GVariant *
_migrate_forecast_to_variant (MigrateForecast *self)
{
  const MigrateForecastValues *v = &self->values;
  g_auto (GStrv) rungs = dup_rungs (v);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (
    &builder, "{sv}", "kind",
    g_variant_new_string (_migrate_enum_nick (MIGRATE_TYPE_KIND, (int) v->kind)));
  g_variant_builder_add (
    &builder, "{sv}", "convergence",
    g_variant_new_string (_migrate_enum_nick (MIGRATE_TYPE_CONVERGENCE, (int) v->convergence)));
  g_variant_builder_add (
    &builder, "{sv}", "rung",
    g_variant_new_string (_migrate_enum_nick (MIGRATE_TYPE_RUNG, (int) v->rung)));
  g_variant_builder_add (&builder, "{sv}", "rungs",
                         g_variant_new_strv ((const char *const *) rungs, -1));
  add_outcome (&builder, v);
  add_number (&builder, "max-downtime-ms", v->max_downtime_ms);
  for (gsize i = 0; i < G_N_ELEMENTS (figures); i++)
    add_figure (&builder, figures[i].name,
                (const MigrateFigure *) G_STRUCT_MEMBER_P (v, figures[i].offset));
  return g_variant_builder_end (&builder);
}

static void
load_figure (GVariant *value, const char *name, MigrateFigure *figure)
{
  g_autofree char *least = g_strconcat (name, "-least", NULL);
  g_autofree char *most = g_strconcat (name, "-most", NULL);
  g_autofree char *origin = g_strconcat (name, "-origin", NULL);
  const char *said = _migrate_variant_string (value, origin);

  for (guint i = 0; i < G_N_ELEMENTS (origins); i++)
    if (g_strcmp0 (said, origins[i]) == 0)
      figure->origin = (MigrateFigureOrigin) i;
  figure->likely = (double) _migrate_variant_uint64 (value, name, 0);
  figure->least = (double) _migrate_variant_uint64 (value, least, 0);
  figure->most = (double) _migrate_variant_uint64 (value, most, 0);
}

static void
load_outcome (GVariant *value, MigrateForecastValues *v)
{
  v->has_total = g_variant_lookup (value, "total-least-ms", "t", &v->total_least_ms);
  v->has_total_most
    = v->has_total && g_variant_lookup (value, "total-most-ms", "t", &v->total_most_ms);
  v->has_downtime = g_variant_lookup (value, "downtime-least-ms", "t", &v->downtime_least_ms)
                    && g_variant_lookup (value, "downtime-most-ms", "t", &v->downtime_most_ms);
  v->has_bytes = g_variant_lookup (value, "bytes-least", "t", &v->bytes_least);
  v->has_bytes_most = v->has_bytes && g_variant_lookup (value, "bytes-most", "t", &v->bytes_most);
  v->has_need = g_variant_lookup (value, "needed-bandwidth", "t", &v->needed_bandwidth);
  v->has_needed_downtime
    = v->has_need && g_variant_lookup (value, "needed-downtime-ms", "t", &v->needed_downtime_ms);
}

MigrateForecast *
_migrate_forecast_from_variant (GVariant *value)
{
  MigrateForecastValues v = { 0 };
  g_autoptr (GVariant) rungs = g_variant_lookup_value (value, "rungs", G_VARIANT_TYPE_STRING_ARRAY);
  int number;

  if (_migrate_enum_parse (MIGRATE_TYPE_KIND, _migrate_variant_string (value, "kind"), &number))
    v.kind = number;
  if (_migrate_enum_parse (MIGRATE_TYPE_CONVERGENCE, _migrate_variant_string (value, "convergence"),
                           &number))
    v.convergence = number;
  if (_migrate_enum_parse (MIGRATE_TYPE_RUNG, _migrate_variant_string (value, "rung"), &number))
    v.rung = number;
  for (gsize i = 0; rungs != NULL && i < g_variant_n_children (rungs); i++)
    {
      const char *nick;

      g_variant_get_child (rungs, i, "&s", &nick);
      if (_migrate_enum_parse (MIGRATE_TYPE_RUNG, nick, &number))
        v.rungs |= 1u << number;
    }
  load_outcome (value, &v);
  v.max_downtime_ms = (guint) _migrate_variant_uint64 (value, "max-downtime-ms", 0);
  for (gsize i = 0; i < G_N_ELEMENTS (figures); i++)
    load_figure (value, figures[i].name,
                 (MigrateFigure *) G_STRUCT_MEMBER_P (&v, figures[i].offset));
  return _migrate_forecast_new (&v);
}

/* ---- for people ---- */

/* "4.6 to 6.1 s" */
static char *
tell_time (const MigrateForecastValues *v)
{
  double least = (double) v->total_least_ms / 1000, most = (double) v->total_most_ms / 1000;

  return v->has_total_most ? g_strdup_printf ("%.1f to %.1f s", least, most)
                           : g_strdup_printf ("at least %.1f s", least);
}

/* "180 to 200 MiB" */
static char *
tell_amount (double least, double most)
{
  double low = least / (1 << 20), high = most / (1 << 20);

  if ((guint64) (low + 0.5) == (guint64) (high + 0.5))
    return g_strdup_printf ("%.0f MiB", high);
  return g_strdup_printf ("%.0f to %.0f MiB", low, high);
}

static void
add_rate (GString *text, const char *who, const char *does, const MigrateFigure *figure)
{
  g_autofree char *amount = tell_amount (figure->least, figure->most);

  if (figure->origin == MIGRATE_FIGURE_UNKNOWN)
    g_string_append_printf (text, "how much %s %s is not known", who, does);
  else
    g_string_append_printf (text, "%s %s %s/s (%s)", who, does, amount, origins[figure->origin]);
}

static const char *
tell_rung (MigrateRung rung)
{
  switch (rung)
    {
    case MIGRATE_RUNG_PLAIN:
      return "nothing has to be done to the guest";
    case MIGRATE_RUNG_THROTTLE:
      return "the guest will be throttled";
    case MIGRATE_RUNG_POSTCOPY:
      return "the move will switch to post-copy";
    case MIGRATE_RUNG_PAUSE:
      return "the guest will be stopped while the rest is sent";
    case MIGRATE_RUNG_GIVE_UP:
      return "the move will be given up";
    case MIGRATE_RUNG_UNKNOWN:
    default:
      return "what it takes is not known";
    }
}

/* The likely one first. */
static void
add_rungs (GString *text, const MigrateForecastValues *v)
{
  if (v->rung == MIGRATE_RUNG_UNKNOWN)
    return;
  g_string_append_printf (text, ", and %s", tell_rung (v->rung));
  for (int rung = MIGRATE_RUNG_PLAIN; rung <= MIGRATE_RUNG_GIVE_UP; rung++)
    if (rung != (int) v->rung && (v->rungs & 1u << rung) != 0)
      g_string_append_printf (text, ", or %s", tell_rung ((MigrateRung) rung));
}

static void
add_convergence (GString *text, const MigrateForecastValues *v)
{
  static const char *const words[]
    = { "Whether the copy converges is not known", "The copy converges",
        "It is a near thing whether the copy converges", "The copy does not converge" };

  g_string_append_printf (text, "%s within a downtime of %u ms", words[v->convergence],
                          v->max_downtime_ms);
  add_rungs (text, v);
  g_string_append (text, ": ");
  add_rate (text, "the guest", "writes", &v->dirty_rate);
  g_string_append (text, ", ");
  add_rate (text, "the link", "carries", &v->bandwidth);
  g_string_append_c (text, '.');
}

/* The time of a move that comes about; else how long it will be tried. */
static const char *
tell_end (const MigrateForecastValues *v)
{
  const guint given_up = 1u << MIGRATE_RUNG_GIVE_UP;

  if ((v->rungs & given_up) == 0)
    return "The move will take";
  return v->rungs == given_up ? "It will be tried for" : "The move will take, or be tried for,";
}

static void
add_bytes (GString *text, const MigrateForecastValues *v)
{
  g_autofree char *amount = tell_amount ((double) v->bytes_least, (double) v->bytes_most);

  if (v->has_bytes_most)
    g_string_append (text, amount);
  else
    g_string_append_printf (text, "at least %.0f MiB", (double) v->bytes_least / (1 << 20));
}

static void
add_total (GString *text, const MigrateForecastValues *v)
{
  g_autofree char *time = tell_time (v);

  if (!v->has_total)
    {
      g_string_append (text, "How long the move will take is not known");
      if (v->has_bytes)
        g_string_append (text, "; it will send ");
      if (v->has_bytes)
        add_bytes (text, v);
      g_string_append (text, ". ");
      return;
    }
  g_string_append_printf (text, "%s %s", tell_end (v), time);
  if (v->has_downtime)
    g_string_append_printf (text,
                            " with a downtime of %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT " ms",
                            v->downtime_least_ms, v->downtime_most_ms);
  if (v->has_bytes)
    {
      g_string_append (text, ", and send ");
      add_bytes (text, v);
    }
  g_string_append (text, ". ");
}

/* The downtime is not known where the link is not; the bandwidth is. */
static void
add_need (GString *text, const MigrateForecastValues *v)
{
  double mib = (double) v->needed_bandwidth / (1 << 20);

  if (v->has_needed_downtime)
    g_string_append_printf (
      text, " To converge it needs a downtime of at least %" G_GUINT64_FORMAT " ms, or %.0f MiB/s.",
      v->needed_downtime_ms, mib);
  else
    g_string_append_printf (text, " To converge it needs %.0f MiB/s.", mib);
}

/**
 * migrate_forecast_dup_summary:
 * @self: a forecast
 *
 * All of it as a paragraph for people.
 *
 * Returns: (transfer full): the paragraph
 *
 * Since: 1.0
 */
char *
migrate_forecast_dup_summary (MigrateForecast *self)
{
  GString *text;
  const MigrateForecastValues *v;

  g_return_val_if_fail (self != NULL, NULL);
  v = &self->values;
  text = g_string_new (NULL);
  add_total (text, v);
  add_convergence (text, v);
  if (v->has_need)
    add_need (text, v);
  return g_string_free (text, FALSE);
}

/* ---- getters ---- */

/**
 * migrate_forecast_ref:
 * @self: a forecast
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
MigrateForecast *
migrate_forecast_ref (MigrateForecast *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * migrate_forecast_unref:
 * @self: (transfer full): a forecast
 *
 * Gives a reference back.
 *
 * Since: 1.0
 */
void
migrate_forecast_unref (MigrateForecast *self)
{
  g_return_if_fail (self != NULL);
  if (g_atomic_ref_count_dec (&self->ref_count))
    g_free (self);
}

/**
 * migrate_forecast_get_convergence:
 * @self: a forecast
 *
 * Whether the copy comes to an end by itself, within the policy's `max-downtime` and with nothing
 * done to the guest.
 *
 * Returns: the convergence
 *
 * Since: 1.0
 */
MigrateConvergence
migrate_forecast_get_convergence (MigrateForecast *self)
{
  g_return_val_if_fail (self != NULL, MIGRATE_CONVERGENCE_UNKNOWN);
  return self->values.convergence;
}

/**
 * migrate_forecast_get_rung:
 * @self: a forecast
 *
 * What will most likely be done to the guest, of what the policy allows. Where others may come too
 * the details name them all, as `rungs`.
 *
 * Returns: the rung
 *
 * Since: 1.0
 */
MigrateRung
migrate_forecast_get_rung (MigrateForecast *self)
{
  g_return_val_if_fail (self != NULL, MIGRATE_RUNG_UNKNOWN);
  return self->values.rung;
}

/**
 * migrate_forecast_has_total:
 * @self: a forecast
 *
 * Whether anything can be said of how long the move will take.
 *
 * Returns: true when [method@Migrate.Forecast.get_total_least_ms] means something
 *
 * Since: 1.0
 */
gboolean
migrate_forecast_has_total (MigrateForecast *self)
{
  g_return_val_if_fail (self != NULL, FALSE);
  return self->values.has_total;
}

/**
 * migrate_forecast_get_total_least_ms:
 * @self: a forecast
 *
 * How long the whole move will take at least, or until it is given up; to compare with
 * [method@Migrate.Result.get_total_ms].
 *
 * Returns: milliseconds
 *
 * Since: 1.0
 */
guint64
migrate_forecast_get_total_least_ms (MigrateForecast *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->values.total_least_ms;
}

/**
 * migrate_forecast_has_total_most:
 * @self: a forecast
 *
 * Whether an end of it is known.
 *
 * Returns: true when [method@Migrate.Forecast.get_total_most_ms] means something
 *
 * Since: 1.0
 */
gboolean
migrate_forecast_has_total_most (MigrateForecast *self)
{
  g_return_val_if_fail (self != NULL, FALSE);
  return self->values.has_total_most;
}

/**
 * migrate_forecast_get_total_most_ms:
 * @self: a forecast
 *
 * How long the whole move will take at most, or until it is given up.
 *
 * Returns: milliseconds; nothing unless [method@Migrate.Forecast.has_total_most]
 *
 * Since: 1.0
 */
guint64
migrate_forecast_get_total_most_ms (MigrateForecast *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->values.total_most_ms;
}

/**
 * migrate_forecast_has_downtime:
 * @self: a forecast
 *
 * Whether anything can be said of the downtime. A move that is given up, and one of a guest that is
 * paused, has none.
 *
 * Returns: true when [method@Migrate.Forecast.get_downtime_least_ms] means something
 *
 * Since: 1.0
 */
gboolean
migrate_forecast_has_downtime (MigrateForecast *self)
{
  g_return_val_if_fail (self != NULL, FALSE);
  return self->values.has_downtime;
}

/**
 * migrate_forecast_get_downtime_least_ms:
 * @self: a forecast
 *
 * How long the guest will stand still at least.
 *
 * Returns: milliseconds
 *
 * Since: 1.0
 */
guint64
migrate_forecast_get_downtime_least_ms (MigrateForecast *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->values.downtime_least_ms;
}

/**
 * migrate_forecast_get_downtime_most_ms:
 * @self: a forecast
 *
 * How long the guest will stand still at most.
 *
 * Returns: milliseconds
 *
 * Since: 1.0
 */
guint64
migrate_forecast_get_downtime_most_ms (MigrateForecast *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->values.downtime_most_ms;
}

/**
 * migrate_forecast_has_bytes:
 * @self: a forecast
 *
 * Whether anything can be said of how much will travel.
 *
 * Returns: true when [method@Migrate.Forecast.get_bytes_least] means something
 *
 * Since: 1.0
 */
gboolean
migrate_forecast_has_bytes (MigrateForecast *self)
{
  g_return_val_if_fail (self != NULL, FALSE);
  return self->values.has_bytes;
}

/**
 * migrate_forecast_get_bytes_least:
 * @self: a forecast
 *
 * How much will travel at least; to compare with [method@Migrate.Result.get_bytes].
 *
 * Returns: bytes
 *
 * Since: 1.0
 */
guint64
migrate_forecast_get_bytes_least (MigrateForecast *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->values.bytes_least;
}

/**
 * migrate_forecast_has_bytes_most:
 * @self: a forecast
 *
 * Whether it is known how much will travel at most.
 *
 * Returns: true when [method@Migrate.Forecast.get_bytes_most] means something
 *
 * Since: 1.0
 */
gboolean
migrate_forecast_has_bytes_most (MigrateForecast *self)
{
  g_return_val_if_fail (self != NULL, FALSE);
  return self->values.has_bytes_most;
}

/**
 * migrate_forecast_get_bytes_most:
 * @self: a forecast
 *
 * How much will travel at most.
 *
 * Returns: bytes; nothing unless [method@Migrate.Forecast.has_bytes_most]
 *
 * Since: 1.0
 */
guint64
migrate_forecast_get_bytes_most (MigrateForecast *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->values.bytes_most;
}

/**
 * migrate_forecast_has_need:
 * @self: a forecast
 *
 * Whether it is known what the copy would need to converge, because it does not, or may not.
 *
 * Returns: true when [method@Migrate.Forecast.get_needed_bandwidth] means something
 *
 * Since: 1.0
 */
gboolean
migrate_forecast_has_need (MigrateForecast *self)
{
  g_return_val_if_fail (self != NULL, FALSE);
  return self->values.has_need;
}

/**
 * migrate_forecast_has_needed_downtime:
 * @self: a forecast
 *
 * Whether it is known what downtime the copy would need to converge: not where the bandwidth of the
 * link is unknown.
 *
 * Returns: true when [method@Migrate.Forecast.get_needed_downtime_ms] means something
 *
 * Since: 1.0
 */
gboolean
migrate_forecast_has_needed_downtime (MigrateForecast *self)
{
  g_return_val_if_fail (self != NULL, FALSE);
  return self->values.has_needed_downtime;
}

/**
 * migrate_forecast_get_needed_downtime_ms:
 * @self: a forecast
 *
 * The `max-downtime` with which the copy would converge over this link.
 *
 * Returns: milliseconds; nothing unless [method@Migrate.Forecast.has_needed_downtime]
 *
 * Since: 1.0
 */
guint64
migrate_forecast_get_needed_downtime_ms (MigrateForecast *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->values.needed_downtime_ms;
}

/**
 * migrate_forecast_get_needed_bandwidth:
 * @self: a forecast
 *
 * What the link would have to carry for the copy to converge within this `max-downtime`.
 *
 * Returns: bytes per second; nothing unless [method@Migrate.Forecast.has_need]
 *
 * Since: 1.0
 */
guint64
migrate_forecast_get_needed_bandwidth (MigrateForecast *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->values.needed_bandwidth;
}

/**
 * migrate_forecast_dup_details:
 * @self: a forecast
 *
 * All values as `a{sv}`, for printing and for keys that later versions add, what is not known left
 * out; and what they rest on:
 * `memory` (of the guest, that is not empty), `working-set` (what it writes to), `dirty-rate`,
 * `bandwidth` and `overhead-ms` (of a move beside the copy), each with a `-least`, a `-most`, and
 * an `-origin`, which is `sampled`, `given`, `learned`, `assumed` or `unknown`; the last has no
 * numbers.
 *
 * Returns: (transfer full): the values
 *
 * Since: 1.0
 */
GVariant *
migrate_forecast_dup_details (MigrateForecast *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return g_variant_ref_sink (_migrate_forecast_to_variant (self));
}
