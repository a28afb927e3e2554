/* Decide: the steps of a move in their order, as far as they are certain, for each kind of move.
 * What only a failure or a busy guest brings about is not among them. */
#include "check/fate-private.h"
#include "check/plan-private.h"
#include "storage/files-private.h"

#define BOTH_SIDES 2

typedef struct
{
  GVariantBuilder builder;
  const MigrateCheckRequest *request;
  char *source, *destination; /* without secrets */
  GHashTable *folders;        /* that a pool is made of already */
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

/* ---- files ---- */

typedef void (*FileStep) (Steps *self, GVariant *row);

static void
for_each_file (Steps *self, const MigratePlanBasis *basis, FileStep step)
{
  for (gsize i = 0; basis->files != NULL && i < g_variant_n_children (basis->files); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (basis->files, i);

      step (self, row);
    }
}

/* For people: what has no name yet is named by what it is for. */
static const char *
label_of (GVariant *row)
{
  const char *path = _migrate_variant_string (row, "path-there");

  return path != NULL ? path : _migrate_variant_string (row, "id");
}

static void
add_for_file (Steps *self, const char *what, MigrateSide side, MigrateRisk risk, const char *file,
              const char *effect, const char *undo)
{
  g_autofree char *sentence = g_strdup_printf ("“%s” %s", file, effect);

  add (self, what, side, risk, sentence, undo);
}

/* What is below an image comes with it. */
static gboolean
is_connected (Steps *self, GVariant *row)
{
  return self->request->has_connector && _migrate_file_how (row) == MIGRATE_FILE_STAYS
         && g_strcmp0 (_migrate_variant_string (row, "id"), _migrate_variant_string (row, "target"))
              == 0;
}

static void
connect_volume (Steps *self, GVariant *row)
{
  if (is_connected (self, row))
    add_for_file (self, "connect-volume", MIGRATE_SIDE_DESTINATION, MIGRATE_RISK_SAFE,
                  _migrate_variant_string (row, "id"), "is connected by the program",
                  "it is disconnected");
}

static void
disconnect_volume (Steps *self, GVariant *row)
{
  if (is_connected (self, row))
    add_for_file (self, "disconnect-volume", MIGRATE_SIDE_SOURCE, MIGRATE_RISK_SAFE,
                  _migrate_variant_string (row, "id"), "is disconnected by the program", NULL);
}

static void
make_pool (Steps *self, GVariant *row)
{
  const char *folder = _migrate_variant_string (row, "folder-there");

  if (_migrate_file_is_made (row) && folder != NULL
      && g_hash_table_add (self->folders, g_strdup (folder)))
    add_for_file (self, "make-pool", MIGRATE_SIDE_DESTINATION, MIGRATE_RISK_SAFE, folder,
                  "becomes a storage pool for as long as the move lasts, and a folder where it is "
                  "none",
                  "the pool is taken away, and the folder if it was made");
}

static void
make_volume (Steps *self, GVariant *row)
{
  MigrateFileHow how = _migrate_file_how (row);

  if (_migrate_file_is_made (row))
    add_for_file (self, "make-volume", MIGRATE_SIDE_DESTINATION, MIGRATE_RISK_SAFE, label_of (row),
                  how == MIGRATE_FILE_STREAM     ? "is made, unless the same is there already"
                  : how == MIGRATE_FILE_RECREATE ? "is made, and stays empty"
                                                 : "is made, as large as the source's",
                  "it is removed");
}

static void
copy_file (Steps *self, GVariant *row)
{
  if (_migrate_file_how (row) == MIGRATE_FILE_STREAM)
    add_for_file (self, "copy-file", MIGRATE_SIDE_DESTINATION, MIGRATE_RISK_SAFE, label_of (row),
                  "is copied, and read back", "it is removed");
}

static void
resize_volume (Steps *self, GVariant *row)
{
  if (_migrate_variant_uint64 (row, "new-capacity", 0) > 0)
    add_for_file (self, "resize-volume", MIGRATE_SIDE_DESTINATION, MIGRATE_RISK_SAFE,
                  label_of (row), "becomes larger", "it is removed");
}

static void
remove_image (Steps *self, GVariant *row)
{
  const char *path = _migrate_variant_string (row, "path");

  if (_migrate_variant_boolean (row, "remove") && path != NULL)
    add_for_file (self, "remove-image", MIGRATE_SIDE_SOURCE, MIGRATE_RISK_DESTRUCTIVE, path,
                  "is removed: the destination has its own, and it was proven that the hosts do "
                  "not share it",
                  NULL);
}

static gboolean
has_files (const MigratePlanBasis *basis, MigrateFileHow how)
{
  for (gsize i = 0; basis->files != NULL && i < g_variant_n_children (basis->files); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (basis->files, i);

      if (_migrate_file_how (row) == how)
        return TRUE;
    }
  return FALSE;
}

/* ---- what all kinds begin and end with ---- */

static void
add_preparation (Steps *self, const MigratePlanBasis *basis)
{
  add_hooks (self, MIGRATE_HOOK_POINT_BEFORE_PREPARE, UNDO_HOOK);
  if (basis->autostart)
    add (self, "clear-autostart", MIGRATE_SIDE_SOURCE, MIGRATE_RISK_SAFE,
         "the definition there does not start by itself while there may be two",
         "autostart is set again");
  for_each_file (self, basis, connect_volume);
  for_each_file (self, basis, make_pool);
  for_each_file (self, basis, make_volume);
  if (basis->kind == MIGRATE_KIND_BLOCK)
    for_each_file (self, basis, copy_file);
  add_hooks (self, MIGRATE_HOOK_POINT_AFTER_PREPARE, UNDO_HOOK);
  add_hooks (self, MIGRATE_HOOK_POINT_BEFORE_MIGRATE, UNDO_HOOK);
}

static void
add_transfer (Steps *self, const MigratePlanBasis *basis)
{
  gboolean strict = self->request->hand_over == MIGRATE_HAND_OVER_STRICT;

  add (self, "transfer", MIGRATE_SIDE_SOURCE, MIGRATE_RISK_DISRUPTIVE,
       basis->kind == MIGRATE_KIND_BLOCK
         ? "the disks that travel and then the guest's memory are copied; then it changes hands"
       : basis->was_paused
         ? "the guest's memory is copied, then the guest changes hands; it stays paused"
         : "the guest's memory is copied while it runs; it stands still while it changes hands",
       "the copy is aborted, and the guest goes on at the source");
  if (strict && !basis->was_paused)
    add (self, "resume-destination", MIGRATE_SIDE_DESTINATION, MIGRATE_RISK_SAFE,
         "the guest runs on, once the source is proven gone", NULL);
}

/* ---- kinds that stop the guest ---- */

static void
add_stop (Steps *self, const MigratePlanBasis *basis)
{
  if (basis->kind == MIGRATE_KIND_SUSPEND)
    add (self, "save-guest", MIGRATE_SIDE_SOURCE, MIGRATE_RISK_DISRUPTIVE,
         "the guest stops, and its memory is saved to a file",
         "the guest is restored from that file");
  else if (basis->runs)
    add (self, "shut-down-guest", MIGRATE_SIDE_SOURCE, MIGRATE_RISK_DISRUPTIVE,
         "the guest is asked to shut down", "the guest is started again");
}

static void
add_carrier (Steps *self, const MigratePlanBasis *basis)
{
  if (!has_files (basis, MIGRATE_FILE_MIRROR))
    return;
  add (self, "start-carrier", MIGRATE_SIDE_SOURCE, MIGRATE_RISK_SAFE,
       "a guest of this library's own, which never runs, opens the files that travel",
       "it is taken away");
  add (self, "carry", MIGRATE_SIDE_SOURCE, MIGRATE_RISK_SAFE,
       "its hypervisor copies them to the destination's", "the copy is aborted");
  add (self, "end-carrier", MIGRATE_SIDE_DESTINATION, MIGRATE_RISK_SAFE, "that guest is taken away",
       NULL);
}

static void
add_carriage (Steps *self, const MigratePlanBasis *basis)
{
  for_each_file (self, basis, copy_file);
  if (has_files (basis, MIGRATE_FILE_STREAM))
    add (self, "flush-files", MIGRATE_SIDE_DESTINATION, MIGRATE_RISK_SAFE,
         "what was copied so far reaches the disk: a guest of this library's own, which never "
         "runs, has its hypervisor see to it",
         "that guest is taken away");
  add_carrier (self, basis);
  for_each_file (self, basis, resize_volume);
}

static void
add_hand_over (Steps *self, const MigratePlanBasis *basis)
{
  add (self, "define-destination", MIGRATE_SIDE_DESTINATION, MIGRATE_RISK_SAFE,
       "the guest is defined, marked as one that is on its way", "it is undefined");
  if (basis->records)
    add (self, "define-records", MIGRATE_SIDE_DESTINATION, MIGRATE_RISK_SAFE,
         "the guest's snapshots and checkpoints are made known", "they go with the definition");
  add (self, "mark-source", MIGRATE_SIDE_SOURCE, MIGRATE_RISK_SAFE,
       "the definition there is marked as one that has gone", "the mark is taken away");
  add (self, "adopt-destination", MIGRATE_SIDE_DESTINATION, MIGRATE_RISK_SAFE,
       "the mark is taken away: the guest is the destination's", NULL);
  if (basis->kind == MIGRATE_KIND_SUSPEND)
    add (self, "restore-destination", MIGRATE_SIDE_DESTINATION, MIGRATE_RISK_SAFE,
         basis->was_paused ? "the guest is restored, and stays paused"
                           : "the guest is restored, and runs on",
         NULL);
  else if (basis->runs)
    add (self, "start-destination", MIGRATE_SIDE_DESTINATION, MIGRATE_RISK_SAFE,
         "the guest is started, as it ran before", NULL);
}

static void
add_move (Steps *self, const MigratePlanBasis *basis)
{
  if (_migrate_kind_stops (basis->kind))
    {
      add_stop (self, basis);
      add_carriage (self, basis);
      add_hand_over (self, basis);
    }
  else
    add_transfer (self, basis);
  add_hooks (self, MIGRATE_HOOK_POINT_AFTER_MIGRATE, NULL);
}

static void
add_finalization (Steps *self, const MigratePlanBasis *basis, MigratePolicy *policy)
{
  add_hooks (self, MIGRATE_HOOK_POINT_BEFORE_FINALIZE, NULL);
  if (self->request->has_inventory)
    add (self, "swap-record", MIGRATE_SIDE_DESTINATION, MIGRATE_RISK_SAFE,
         "the platform's record names the destination", NULL);
  if (basis->autostart)
    add (self, "set-autostart", MIGRATE_SIDE_DESTINATION, MIGRATE_RISK_SAFE,
         "the guest starts by itself there, as it did", NULL);
  if (_migrate_kind_stops (basis->kind) && basis->persistent)
    add (self, "undefine-source", MIGRATE_SIDE_SOURCE, MIGRATE_RISK_DESTRUCTIVE,
         "the definition there is removed", NULL);
  for_each_file (self, basis, disconnect_volume);
  if (!_migrate_policy_get_bool (policy, "keep-source"))
    for_each_file (self, basis, remove_image);
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
  g_autoptr (GHashTable) folders
    = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL /* value */);
  Steps self
    = { .request = request, .source = source, .destination = destination, .folders = folders };

  g_variant_builder_init (&self.builder, G_VARIANT_TYPE ("aa{sv}"));
  add_preparation (&self, basis);
  add_move (&self, basis);
  add_finalization (&self, basis, policy);
  add_chores (&self, basis, policy);
  return g_variant_builder_end (&self.builder);
}
