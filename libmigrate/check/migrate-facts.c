/* The facts, as the program sees them: to keep, and to carry elsewhere. */
#include "check/facts-file-private.h"
#include "check/facts-snapshot-private.h"

/**
 * MigrateFacts:
 *
 * What both hosts said about one move, at one time, and what was asked of the check.
 *
 * They come from a check ([method@Migrate.Job.dup_facts]) or from a file, and give the same report
 * wherever they are: [method@Migrate.Facts.check] touches no host. Passwords, keys and the values
 * of secrets are not in them; names, addresses and paths are.
 *
 * Immutable; may be used from any thread.
 *
 * Since: 1.0
 */

G_DEFINE_BOXED_TYPE (MigrateFacts, migrate_facts, migrate_facts_ref, migrate_facts_unref)

/**
 * migrate_facts_new_from_bytes:
 * @bytes: what [method@Migrate.Facts.to_bytes] gave
 * @error: return location for an error
 *
 * Reads facts that were kept. They may come from anybody: what is not understood is not known, and
 * what is too large, or no facts at all, is refused in bounded time and memory.
 *
 * Errors: INVALID.
 *
 * Returns: (transfer full): the facts
 *
 * Since: 1.0
 */
MigrateFacts *
migrate_facts_new_from_bytes (GBytes *bytes, GError **error)
{
  g_autoptr (GVariant) snapshot = NULL;

  g_return_val_if_fail (bytes != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);
  snapshot = _migrate_facts_parse (bytes, error);
  return snapshot != NULL ? _migrate_facts_read (snapshot, error) : NULL;
}

/**
 * migrate_facts_to_bytes:
 * @self: facts
 *
 * The facts as text, which comes back exactly. People can read it; programs had better ask
 * [method@Migrate.Facts.dup_details]. It tells how hosts and a guest are set up: write it to a file
 * for its owner alone.
 *
 * Returns: (transfer full): UTF-8 text
 *
 * Since: 1.0
 */
GBytes *
migrate_facts_to_bytes (MigrateFacts *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return _migrate_facts_print (self->snapshot);
}

/**
 * migrate_facts_ref:
 * @self: facts
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
MigrateFacts *
migrate_facts_ref (MigrateFacts *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return _migrate_facts_ref (self);
}

/**
 * migrate_facts_unref:
 * @self: (transfer full): facts
 *
 * Gives a reference back.
 *
 * Since: 1.0
 */
void
migrate_facts_unref (MigrateFacts *self)
{
  g_return_if_fail (self != NULL);
  _migrate_facts_unref (self);
}

/**
 * migrate_facts_get_taken_us:
 * @self: facts
 *
 * When they were gathered.
 *
 * Returns: microseconds since the epoch
 *
 * Since: 1.0
 */
guint64
migrate_facts_get_taken_us (MigrateFacts *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return (guint64) MAX (self->taken, 0);
}

/**
 * migrate_facts_get_guest_name:
 * @self: facts
 *
 * The name of the guest.
 *
 * Returns: (transfer none): the name
 *
 * Since: 1.0
 */
const char *
migrate_facts_get_guest_name (MigrateFacts *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->guest.name;
}

/**
 * migrate_facts_get_guest_uuid:
 * @self: facts
 *
 * The UUID of the guest.
 *
 * Returns: (transfer none): the UUID
 *
 * Since: 1.0
 */
const char *
migrate_facts_get_guest_uuid (MigrateFacts *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->guest.uuid;
}

static const char *
get_asked (MigrateFacts *self, const char *key)
{
  g_autoptr (GVariant) values
    = g_variant_lookup_value (self->snapshot, MIGRATE_SNAPSHOT_REQUEST, G_VARIANT_TYPE_VARDICT);

  return _migrate_variant_string (values, key);
}

/**
 * migrate_facts_get_source:
 * @self: facts
 *
 * The host where the guest was.
 *
 * Returns: (transfer none) (nullable): its URI, without secrets
 *
 * Since: 1.0
 */
const char *
migrate_facts_get_source (MigrateFacts *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return get_asked (self, MIGRATE_REQUEST_KEY_SOURCE_URI);
}

/**
 * migrate_facts_get_destination:
 * @self: facts
 *
 * The host that it was to go to.
 *
 * Returns: (transfer none) (nullable): its URI, without secrets
 *
 * Since: 1.0
 */
const char *
migrate_facts_get_destination (MigrateFacts *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return get_asked (self, MIGRATE_REQUEST_KEY_DESTINATION_URI);
}

/**
 * migrate_facts_get_kind:
 * @self: facts
 *
 * The kind of move that was asked about.
 *
 * Returns: the kind
 *
 * Since: 1.0
 */
MigrateKind
migrate_facts_get_kind (MigrateFacts *self)
{
  g_autoptr (MigratePolicy) policy = NULL;

  g_return_val_if_fail (self != NULL, MIGRATE_KIND_AUTO);
  policy = _migrate_facts_dup_policy (self);
  return _migrate_facts_request (self, policy).kind;
}

/**
 * migrate_facts_dup_policy:
 * @self: facts
 *
 * The policy of the check that gathered them.
 *
 * Returns: (transfer full): a policy of the caller's own
 *
 * Since: 1.0
 */
MigratePolicy *
migrate_facts_dup_policy (MigrateFacts *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return _migrate_facts_dup_policy (self);
}

/**
 * migrate_facts_dup_mapping:
 * @self: facts
 *
 * The mapping of the job whose check gathered them.
 *
 * Returns: (transfer full) (nullable): a mapping of the caller's own, or %NULL: the job had none
 *
 * Since: 1.0
 */
MigrateMapping *
migrate_facts_dup_mapping (MigrateFacts *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->mapping != NULL ? migrate_mapping_copy (self->mapping) : NULL;
}

/**
 * migrate_facts_dup_profile:
 * @self: facts
 *
 * The destination's profile at that time ([property@Migrate.Host:profile]).
 *
 * Returns: (transfer full) (nullable): a mapping of the caller's own, or %NULL: the destination had
 *   none
 *
 * Since: 1.0
 */
MigrateMapping *
migrate_facts_dup_profile (MigrateFacts *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->profile != NULL ? migrate_mapping_copy (self->profile) : NULL;
}

/**
 * migrate_facts_map:
 * @self: facts
 * @mapping: (nullable): the job's mapping, or %NULL for none
 * @profile: (nullable): the destination's profile, or %NULL for none
 * @error: return location for an error
 *
 * The same facts, asked about a move with other names; [method@Migrate.Facts.check] of them tells
 * what stands against it. No host is asked.
 *
 * What the facts do not tell is not made up. Where the destination was not asked about a name, such
 * as that of a network which only this mapping has, the call fails, and the error lists what was
 * not asked. Whether a disk is shared was proven of what the destination would have opened then:
 * where that is something else now, it counts as unproven.
 *
 * Errors: INVALID: the facts do not tell of these names.
 *
 * Returns: (transfer full): the facts
 *
 * Since: 1.0
 */
MigrateFacts *
migrate_facts_map (MigrateFacts *self, MigrateMapping *mapping, MigrateMapping *profile,
                   GError **error)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (mapping == NULL || MIGRATE_IS_MAPPING (mapping), NULL);
  g_return_val_if_fail (profile == NULL || MIGRATE_IS_MAPPING (profile), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);
  return _migrate_facts_map (self, mapping, profile, error);
}

/**
 * migrate_facts_dup_details:
 * @self: facts
 *
 * All that was said, by key. “source” and “destination” are dictionaries of what these hosts
 * answered, the guest's documents in the source's “guest”; “request” and “policy” are what was
 * asked; “probed” is a list of what was proven of the files of disks; “elsewhere” (of a survey)
 * lists other hosts that have the guest; “dirty-rate” and “learned” are what a forecast rests on.
 * What a host could not say, or was not asked, is absent, and later versions may have more.
 *
 * Returns: (transfer full): a dictionary, `a{sv}`
 *
 * Since: 1.0
 */
GVariant *
migrate_facts_dup_details (MigrateFacts *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return g_variant_ref (self->snapshot);
}
