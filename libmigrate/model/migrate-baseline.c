/* A CPU for many hosts, as the program sees it. */
#include "model/model-private.h"

/**
 * MigrateBaseline:
 *
 * A CPU model with features that all the hosts asked can give a guest, and which of them could
 * take a guest that has it: advice from [method@Migrate.Survey.baseline]. Nothing is changed by
 * it: a guest gets the CPU by its definition, when it is started next.
 *
 * Immutable; may be used from any thread.
 *
 * Since: 1.0
 */
struct _MigrateBaseline
{
  gatomicrefcount ref_count;
  char *cpu, *model;
  char **features;
  GVariant *hosts; /* aa{sv} */
};

G_DEFINE_BOXED_TYPE (MigrateBaseline, migrate_baseline, migrate_baseline_ref,
                     migrate_baseline_unref)

MigrateBaseline *
_migrate_baseline_new (const char *cpu, const char *model, const char *const *features,
                       GVariant *hosts)
{
  MigrateBaseline *self = g_new0 (MigrateBaseline, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->cpu = g_strdup (cpu);
  self->model = g_strdup (model);
  self->features = g_strdupv ((char **) features);
  self->hosts = g_variant_ref_sink (hosts);
  return self;
}

/**
 * migrate_baseline_ref:
 * @self: a baseline
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
MigrateBaseline *
migrate_baseline_ref (MigrateBaseline *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * migrate_baseline_unref:
 * @self: (transfer full): a baseline
 *
 * Gives a reference back.
 *
 * Since: 1.0
 */
void
migrate_baseline_unref (MigrateBaseline *self)
{
  g_return_if_fail (self != NULL);
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->cpu);
  g_free (self->model);
  g_strfreev (self->features);
  g_variant_unref (self->hosts);
  g_free (self);
}

/**
 * migrate_baseline_get_cpu:
 * @self: a baseline
 *
 * The CPU as a definition takes it.
 *
 * Returns: (transfer none): the XML of a `<cpu>` element
 *
 * Since: 1.0
 */
const char *
migrate_baseline_get_cpu (MigrateBaseline *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->cpu;
}

/**
 * migrate_baseline_get_model:
 * @self: a baseline
 *
 * The name of the CPU model.
 *
 * Returns: (transfer none): the name
 *
 * Since: 1.0
 */
const char *
migrate_baseline_get_model (MigrateBaseline *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->model;
}

/**
 * migrate_baseline_dup_features:
 * @self: a baseline
 *
 * What differs from the model: `+name` for each feature beyond it, `-name` for each of its own
 * that is left out.
 *
 * Returns: (transfer full) (array zero-terminated=1): the features
 *
 * Since: 1.0
 */
char **
migrate_baseline_dup_features (MigrateBaseline *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return g_strdupv (self->features);
}

/* ---- the hosts ---- */

typedef enum
{
  FIT_UNKNOWN,
  FIT_UNSUITED,
  FIT_SUITED
} Fit;

static Fit
fit_of (GVariant *row)
{
  gboolean suited;

  if (!g_variant_lookup (row, MIGRATE_BASELINE_SUITED, "b", &suited))
    return FIT_UNKNOWN;
  return suited ? FIT_SUITED : FIT_UNSUITED;
}

static char **
dup_hosts (MigrateBaseline *self, Fit fit)
{
  GStrvBuilder *builder = g_strv_builder_new ();
  char **hosts;

  for (gsize i = 0; i < g_variant_n_children (self->hosts); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (self->hosts, i);

      if (fit_of (row) == fit)
        g_strv_builder_add (builder, _migrate_variant_string (row, MIGRATE_BASELINE_HOST));
    }
  hosts = g_strv_builder_end (builder);
  g_strv_builder_unref (builder);
  return hosts;
}

/**
 * migrate_baseline_dup_suited:
 * @self: a baseline
 *
 * The hosts that could take a guest with this CPU.
 *
 * Returns: (transfer full) (array zero-terminated=1): their names, or URIs without secrets
 *
 * Since: 1.0
 */
char **
migrate_baseline_dup_suited (MigrateBaseline *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return dup_hosts (self, FIT_SUITED);
}

/**
 * migrate_baseline_dup_unsuited:
 * @self: a baseline
 *
 * The hosts that could not.
 *
 * Returns: (transfer full) (array zero-terminated=1): their names, or URIs without secrets
 *
 * Since: 1.0
 */
char **
migrate_baseline_dup_unsuited (MigrateBaseline *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return dup_hosts (self, FIT_UNSUITED);
}

/**
 * migrate_baseline_dup_unknown:
 * @self: a baseline
 *
 * The hosts of which it is not known: they did not answer, or could not tell.
 *
 * Returns: (transfer full) (array zero-terminated=1): their names, or URIs without secrets
 *
 * Since: 1.0
 */
char **
migrate_baseline_dup_unknown (MigrateBaseline *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return dup_hosts (self, FIT_UNKNOWN);
}

/**
 * migrate_baseline_dup_advice:
 * @self: a baseline
 *
 * The same in words, a line for each host, with the reason where it is not suited or not known.
 *
 * Returns: (transfer full) (array zero-terminated=1): the lines
 *
 * Since: 1.0
 */
char **
migrate_baseline_dup_advice (MigrateBaseline *self)
{
  static const char *const words[] = { [FIT_SUITED] = "could take the guest with this CPU",
                                       [FIT_UNSUITED] = "could not",
                                       [FIT_UNKNOWN] = "cannot be judged" };
  GStrvBuilder *builder;
  char **lines;

  g_return_val_if_fail (self != NULL, NULL);
  builder = g_strv_builder_new ();
  for (gsize i = 0; i < g_variant_n_children (self->hosts); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (self->hosts, i);
      const char *why = _migrate_variant_string (row, MIGRATE_BASELINE_WHY);
      g_autofree char *line
        = g_strdup_printf ("“%s” %s%s%s", _migrate_variant_string (row, MIGRATE_BASELINE_HOST),
                           words[fit_of (row)], why != NULL ? ": " : "", why != NULL ? why : "");

      g_strv_builder_add (builder, line);
    }
  lines = g_strv_builder_end (builder);
  g_strv_builder_unref (builder);
  return lines;
}

/**
 * migrate_baseline_dup_details:
 * @self: a baseline
 *
 * The rest, as an `a{sv}`, which may grow: `hosts` (`aa{sv}`), in the order in which they were
 * given, source first. Of each there are `host` (`s`): its name, or its URI without secrets;
 * `suited` (`b`), absent where it is not known; and `why` (`s`), absent where it is suited.
 *
 * Returns: (transfer full): the values
 *
 * Since: 1.0
 */
GVariant *
migrate_baseline_dup_details (MigrateBaseline *self)
{
  GVariantBuilder builder;

  g_return_val_if_fail (self != NULL, NULL);
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "hosts", self->hosts);
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}
