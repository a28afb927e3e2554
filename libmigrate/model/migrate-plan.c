/* A plan: what a move will do. The truth is one a{sv}, which the journal keeps; the getters read
 * it. */
#include "model/model-private.h"

/**
 * MigratePlan:
 *
 * What a move will do, decided before anything is touched: which kind of move it is, how memory
 * travels, what becomes of every disk, the steps in their order with what takes each of them back,
 * what the guest's XML names differently at the destination, the holes in it that are filled on the
 * way, and what all that means for the guest.
 *
 * A move carries out its plan and nothing else. Only what helps a copy to its end (a higher
 * downtime limit, a throttle, post-copy, a pause) is decided while it runs; the effects name what
 * of it is allowed.
 *
 * Holds no secrets: URIs are without passwords, XML is without passwords and keys.
 *
 * Immutable; may be used from any thread.
 *
 * Since: 1.0
 */
struct _MigratePlan
{
  gatomicrefcount ref_count;
  GVariant *values; /* a{sv} */
  GPtrArray *steps; /* MigrateStep */
};

G_DEFINE_BOXED_TYPE (MigratePlan, migrate_plan, migrate_plan_ref, migrate_plan_unref)

static MigrateStep *
step_from_variant (GVariant *value)
{
  const char *what = _migrate_variant_string (value, "what");
  const char *host = _migrate_variant_string (value, "host");
  const char *effect = _migrate_variant_string (value, "effect");
  int risk = MIGRATE_RISK_DESTRUCTIVE;

  _migrate_enum_parse (MIGRATE_TYPE_RISK, _migrate_variant_string (value, "risk"), &risk);
  return _migrate_step_new_planned (what != NULL ? what : "", host != NULL ? host : "",
                                    (MigrateRisk) risk, effect != NULL ? effect : "",
                                    _migrate_variant_string (value, "undo"));
}

static GPtrArray *
read_steps (GVariant *values)
{
  GPtrArray *steps = g_ptr_array_new_with_free_func ((GDestroyNotify) migrate_step_unref);
  g_autoptr (GVariant) list
    = g_variant_lookup_value (values, MIGRATE_PLAN_KEY_STEPS, G_VARIANT_TYPE ("aa{sv}"));

  for (gsize i = 0; list != NULL && i < g_variant_n_children (list); i++)
    {
      g_autoptr (GVariant) value = g_variant_get_child_value (list, i);

      g_ptr_array_add (steps, step_from_variant (value));
    }
  return steps;
}

MigratePlan *
_migrate_plan_new (GVariant *values)
{
  MigratePlan *self = g_new0 (MigratePlan, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->values = g_variant_ref_sink (values);
  self->steps = read_steps (self->values);
  return self;
}

GVariant *
_migrate_plan_peek (MigratePlan *self)
{
  return self->values;
}

gboolean
_migrate_plan_is_cold (MigratePlan *plan)
{
  MigrateKind kind = plan != NULL ? migrate_plan_get_kind (plan) : MIGRATE_KIND_LIVE;

  return kind == MIGRATE_KIND_COLD || kind == MIGRATE_KIND_SUSPEND;
}

/* Of the size of all the rest together, and made again from the host where it is needed. */
static const char *const left_out[]
  = { MIGRATE_PLAN_KEY_XML, MIGRATE_PLAN_KEY_PERSISTENT_XML, NULL };

GVariant *
_migrate_plan_to_variant (MigratePlan *self)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, self->values);
  for (gsize i = 0; left_out[i] != NULL; i++)
    g_variant_dict_remove (&dict, left_out[i]);
  return g_variant_dict_end (&dict);
}

/**
 * migrate_plan_ref:
 * @self: a plan
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
MigratePlan *
migrate_plan_ref (MigratePlan *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * migrate_plan_unref:
 * @self: (transfer full): a plan
 *
 * Gives a reference back.
 *
 * Since: 1.0
 */
void
migrate_plan_unref (MigratePlan *self)
{
  g_return_if_fail (self != NULL);
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_variant_unref (self->values);
  g_ptr_array_unref (self->steps);
  g_free (self);
}

/**
 * migrate_plan_get_kind:
 * @self: a plan
 *
 * The kind of move that was chosen.
 *
 * Returns: the kind
 *
 * Since: 1.0
 */
MigrateKind
migrate_plan_get_kind (MigratePlan *self)
{
  int kind = MIGRATE_KIND_AUTO;

  g_return_val_if_fail (self != NULL, MIGRATE_KIND_AUTO);
  _migrate_enum_parse (MIGRATE_TYPE_KIND,
                       _migrate_variant_string (self->values, MIGRATE_PLAN_KEY_KIND), &kind);
  return (MigrateKind) kind;
}

/**
 * migrate_plan_get_guest_name:
 * @self: a plan
 *
 * The guest's name.
 *
 * Returns: (transfer none) (nullable): the name, or %NULL when the plan does not tell
 *
 * Since: 1.0
 */
const char *
migrate_plan_get_guest_name (MigratePlan *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return _migrate_variant_string (self->values, MIGRATE_PLAN_KEY_GUEST_NAME);
}

/**
 * migrate_plan_get_guest_uuid:
 * @self: a plan
 *
 * The guest's UUID.
 *
 * Returns: (transfer none) (nullable): the UUID, or %NULL when the plan does not tell
 *
 * Since: 1.0
 */
const char *
migrate_plan_get_guest_uuid (MigratePlan *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return _migrate_variant_string (self->values, MIGRATE_PLAN_KEY_GUEST_UUID);
}

/**
 * migrate_plan_get_source:
 * @self: a plan
 *
 * The host where the guest is.
 *
 * Returns: (transfer none) (nullable): its URI, without secrets, or %NULL when the plan does not
 *   tell
 *
 * Since: 1.0
 */
const char *
migrate_plan_get_source (MigratePlan *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return _migrate_variant_string (self->values, MIGRATE_PLAN_KEY_SOURCE);
}

/**
 * migrate_plan_get_destination:
 * @self: a plan
 *
 * The host where the guest goes.
 *
 * Returns: (transfer none) (nullable): its URI, without secrets, or %NULL when the plan does not
 *   tell
 *
 * Since: 1.0
 */
const char *
migrate_plan_get_destination (MigratePlan *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return _migrate_variant_string (self->values, MIGRATE_PLAN_KEY_DESTINATION);
}

/**
 * migrate_plan_get_n_steps:
 * @self: a plan
 *
 * How many steps the move takes.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint
migrate_plan_get_n_steps (MigratePlan *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->steps->len;
}

/**
 * migrate_plan_get_step:
 * @self: a plan
 * @index: which one, from 0, in the order in which they are taken
 *
 * One step: what is done, on which host, to what effect, and what takes it back while the guest
 * has not been handed over.
 *
 * Returns: (transfer none) (nullable): the step, or %NULL when there is none of that number
 *
 * Since: 1.0
 */
MigrateStep *
migrate_plan_get_step (MigratePlan *self, guint index)
{
  g_return_val_if_fail (self != NULL, NULL);
  return index < self->steps->len ? self->steps->pdata[index] : NULL;
}

static GVariant *
dup_value (MigratePlan *self, const char *key, const GVariantType *type)
{
  GVariant *value = g_variant_lookup_value (self->values, key, type);

  return value != NULL
           ? value
           : g_variant_ref_sink (g_variant_new_array (g_variant_type_element (type), NULL, 0));
}

/**
 * migrate_plan_dup_transfer:
 * @self: a plan
 *
 * How the guest's memory travels, as an `a{sv}`. Always there are
 *
 * - `transport` (`s`): the nick of a [enum@Migrate.Transport];
 * - `flags` (`as`): the names of libvirt's flags;
 * - `peer-uri` (`s`): the destination, as the source is told of it, without secrets;
 * - `target-downtime` (`u`): the limit that the copy begins with, in milliseconds;
 * - what the flags are made of, each `b`: `persist`, `paused`, `unsafe`, `postcopy`, `throttle`,
 *   `zero-copy`, `tls`.
 *
 * Only what is asked for is there of the other parameters; the rest is left to the hypervisor:
 *
 * - `migration-uri`, `listen-address`, `tls-name` (`s`);
 * - `bandwidth` (`t`): MiB/s; and with `postcopy` the same of post-copy, `postcopy-bandwidth`;
 * - with `throttle`: `throttle-initial` and `throttle-increment` (`u`): percent;
 * - `connections` (`u`): how many carry the memory;
 * - `compression` (`as`): methods; and with it `compression-level`, `compression-threads` (`u`) and
 *   `xbzrle-cache` (`t`): bytes.
 *
 * Returns: (transfer full): the values
 *
 * Since: 1.0
 */
GVariant *
migrate_plan_dup_transfer (MigratePlan *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return dup_value (self, MIGRATE_PLAN_KEY_TRANSFER, G_VARIANT_TYPE_VARDICT);
}

/**
 * migrate_plan_dup_disks:
 * @self: a plan
 *
 * The guest's disks, as an `aa{sv}`. Of each there are
 *
 * - `target` (`s`): `vda`; `type` and `device` (`s`): as the guest's XML has them;
 * - `storage` (`s`): `shared`, `not-shared`, `unproven`, or `empty`: a drive without a medium; and
 *   `why` (`s`), for people.
 *
 * And where it has them:
 *
 * - `source` (`s`): a path, `pool:volume` or `protocol:name`, without secrets; absent: no medium;
 * - `source-there` (`s`): the same at the destination, where that is another;
 * - `format` and `format-there` (`s`): of the image, likewise;
 * - `chain` (`as`): the sources of the images below it, from the top;
 * - `open` (`b`): true: what it is there is a hole ([method@Migrate.Plan.dup_holes]).
 *
 * Returns: (transfer full): the disks
 *
 * Since: 1.0
 */
GVariant *
migrate_plan_dup_disks (MigratePlan *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return dup_value (self, MIGRATE_PLAN_KEY_DISKS, G_VARIANT_TYPE ("aa{sv}"));
}

/**
 * migrate_plan_dup_files:
 * @self: a plan
 *
 * The files that the guest is made of, as an `aa{sv}`: images and what is below them, the variables
 * of its firmware, saved memory, media in its drives, a kernel. Of each
 *
 * - `id` (its name in steps and progress: `vda`, `vda.1` the first image below it, `nvram`), `role`
 *   (`disk`, `backing`, `cdrom`, `nvram`, `tpm`, `saved-memory`, `kernel`, `initrd`, `dtb`), and
 *   `target`, the disk that it belongs to, where there is one;
 * - `how`: `shared` (both hosts have it already), `stays` (it is on a server, or a device),
 * `mirror` (the source's hypervisor writes it there), `stream` (it is copied byte by byte and read
 * back, or found there and compared), `recreate` (made there, and empty), `in-stream` (it comes
 * with memory) or `refused` (a finding says why); and `why`, for people;
 * - `path` and `path-there`, `pool` and `name`, `pool-there` and `name-there`, `folder-there` (the
 *   folder that a pool is made of there), as far as there is one;
 * - `format`, `backing-format`, `backing-there` (what is below it at the destination), `options`
 *   (`a{ss}`: `compat`, `cluster-size`, `lazy-refcounts`, `extended-l2`, `encryption`,
 *   `encryption-secret`, `owner`, `group`, `mode`);
 * - `capacity` (of the disk that is inside), `size` (of the file) and `allocation` (what it takes
 *   up), in bytes, as the source's pools knew them; absent: not known;
 * - `remove`: true where the source's own may go in the end, unless the policy keeps it.
 *
 * Returns: (transfer full): the files, which may be none
 *
 * Since: 1.0
 */
GVariant *
migrate_plan_dup_files (MigratePlan *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return dup_value (self, MIGRATE_PLAN_KEY_FILES, G_VARIANT_TYPE ("aa{sv}"));
}

/**
 * migrate_plan_dup_changes:
 * @self: a plan
 *
 * What the guest's XML names differently at the destination, as an `aa{sv}`. Of each there are, all
 * `s`,
 *
 * - `rule`: the rule that changes it, and `subject`: the device, for people;
 * - `from`: what it is here; absent: nothing; and `to`: what it is there; absent: it is taken away;
 * - `origin`: who said so: `binding`, `mapping` (the job's) or `profile` (the destination's);
 * - `document`: where: `live` (the guest as it runs), `definition` (from its next start on) or
 *   `both`.
 *
 * Returns: (transfer full): the changes, which may be none
 *
 * Since: 1.0
 */
GVariant *
migrate_plan_dup_changes (MigratePlan *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return dup_value (self, MIGRATE_PLAN_KEY_CHANGES, G_VARIANT_TYPE ("aa{sv}"));
}

/**
 * migrate_plan_dup_holes:
 * @self: a plan
 *
 * What of the XML is known only when the destination was made ready, as an `aa{sv}`. Of each there
 * are, both `s`, `name`: that of the binding which fills it (`network:blue`), and `filled-by`: who
 * answers it, for people.
 *
 * Returns: (transfer full): the holes, which may be none
 *
 * Since: 1.0
 */
GVariant *
migrate_plan_dup_holes (MigratePlan *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return dup_value (self, MIGRATE_PLAN_KEY_HOLES, G_VARIANT_TYPE ("aa{sv}"));
}

/**
 * migrate_plan_dup_effects:
 * @self: a plan
 *
 * What the move means for the guest and its hosts, one sentence each, for people.
 *
 * Returns: (transfer full): the sentences
 *
 * Since: 1.0
 */
char **
migrate_plan_dup_effects (MigratePlan *self)
{
  char **effects = NULL;

  g_return_val_if_fail (self != NULL, NULL);
  if (g_variant_lookup (self->values, MIGRATE_PLAN_KEY_EFFECTS, "^as", &effects))
    return effects;
  return g_new0 (char *, 1);
}

/**
 * migrate_plan_get_xml:
 * @self: a plan
 *
 * The guest's XML as the destination will have it, as far as it is known: where a hole is not
 * filled yet it says what it says at the source, and passwords are left out. Where nothing is
 * changed it is the source's own.
 *
 * Returns: (transfer none) (nullable): the XML, or %NULL: it cannot be made (the report says
 *   why), or
 *   the plan comes from a journal, which does not keep it
 *
 * Since: 1.0
 */
const char *
migrate_plan_get_xml (MigratePlan *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return _migrate_variant_string (self->values, MIGRATE_PLAN_KEY_XML);
}

/**
 * migrate_plan_get_persistent_xml:
 * @self: a plan
 *
 * The same of the guest's definition, which counts from its next start on.
 *
 * Returns: (transfer none) (nullable): the XML, or %NULL: as with [method@Migrate.Plan.get_xml], or
 *   the guest has no definition
 *
 * Since: 1.0
 */
const char *
migrate_plan_get_persistent_xml (MigratePlan *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return _migrate_variant_string (self->values, MIGRATE_PLAN_KEY_PERSISTENT_XML);
}

/**
 * migrate_plan_dup_details:
 * @self: a plan
 *
 * The whole plan as an `a{sv}`, which may grow:
 *
 * - `kind` (`s`): the nick of a [enum@Migrate.Kind];
 * - `guest-name`, `guest-uuid`, `source`, `destination`, `xml`, `persistent-xml` (`s`): as their
 *   getters give them;
 * - `transfer` (`a{sv}`), `disks`, `files`, `changes`, `holes` (`aa{sv}`), `effects` (`as`): as
 * theirs;
 * - `steps` (`aa{sv}`): of each `what`, `host`, `risk`, `effect` and, where it can be taken back,
 *   `undo`, all `s`;
 * - `shared` (`b`): true: every file that the disks write is proven to be the same there;
 * - `runs` (`b`): true: the guest ran, or was paused;
 * - `function` (`b`): true: the program's own has the last word on the XML.
 *
 * What does not apply, or is not known, is absent.
 *
 * Returns: (transfer full): the values
 *
 * Since: 1.0
 */
GVariant *
migrate_plan_dup_details (MigratePlan *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return g_variant_ref (self->values);
}
