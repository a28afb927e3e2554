/* Act: a guest is saved here and restored there. The file is worth something exactly once: memory
 * that is restored after the guest has written to its disks again destroys them. So it is taken
 * away as soon as the guest runs, on whichever host that is, and a guest that may have run since is
 * not restored. */
#include "migrate/saved-private.h"

#include "check/plan-private.h"
#include "migrate/lasting-private.h"
#include "steps/probe-private.h"
#include "steps/steps-private.h"
#include "storage/files-private.h"
#include "xml/host-private.h"

static GVariant *
find_row (MigrateWork *work)
{
  g_autoptr (GVariant) rows = _migrate_files_of (work->plan);

  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);

      if (g_strcmp0 (_migrate_variant_string (row, "role"), "saved-memory") == 0)
        return g_steal_pointer (&row);
    }
  return NULL;
}

static GVariant *
need_row (MigrateWork *work, GError **error)
{
  GVariant *row = find_row (work);

  if (row == NULL)
    _migrate_set_error (error, MIGRATE_ERROR_CHANGED, "Check again",
                        "The plan names no file for the guest's memory");
  return row;
}

/* ---- whether its memory still fits its disks ---- */

static const char *const side_keys[]
  = { [MIGRATE_SIDE_SOURCE] = "source", [MIGRATE_SIDE_DESTINATION] = "destination" };

/* When an image was written last, ns; 0: its storage does not tell. */
static gboolean
ask_written (MigrateWork *work, MigrateSide side, GVariant *row, guint64 *written, GError **error)
{
  gboolean here = side == MIGRATE_SIDE_SOURCE;
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_VOLUME_INFO, NULL /* guest */);
  g_autoptr (MigrateVolume) volume = NULL;
  const char *pool = here ? _migrate_variant_string (row, "pool") : _migrate_made_pool (work, row);
  const char *path = _migrate_variant_string (row, here ? "path" : "path-there");
  GError *local_error = NULL;

  *written = 0;
  if (pool != NULL)
    {
      call->storage.pool = g_strdup (pool);
      call->storage.name = g_strdup (_migrate_variant_string (row, here ? "name" : "name-there"));
    }
  else if (path != NULL)
    call->text_in = g_strdup (path);
  else
    return TRUE;
  if (_migrate_probe_ask (work, side, call, &local_error))
    volume = _migrate_volume_parse (call->text_out, NULL /* error */);
  else if (!g_error_matches (local_error, MIGRATE_ERROR, MIGRATE_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, local_error);
      return FALSE;
    }
  g_clear_error (&local_error);
  *written = volume != NULL ? volume->written : 0;
  return TRUE;
}

/* a{sv}: t by id: of all images that the guest writes to. NULL: its host does not answer. */
static GVariant *
look_at_images (MigrateWork *work, MigrateSide side, GError **error)
{
  g_autoptr (GVariant) rows = _migrate_files_of (work->plan);
  GVariantDict dict;
  guint64 written;

  g_variant_dict_init (&dict, NULL);
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);

      if (g_strcmp0 (_migrate_variant_string (row, "role"), "disk") != 0)
        continue;
      if (!ask_written (work, side, row, &written, error))
        {
          g_variant_dict_clear (&dict);
          return NULL;
        }
      g_variant_dict_insert (&dict, _migrate_variant_string (row, "id"), "t", written);
    }
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

/* It stands still there: with the journal's next write. */
static gboolean
note_images (MigrateWork *work, MigrateSide side, GError **error)
{
  g_autoptr (GVariant) images = look_at_images (work, side, error);
  GVariantDict dict;

  if (images == NULL)
    return FALSE;
  g_variant_dict_init (&dict, work->still);
  g_variant_dict_insert_value (&dict, side_keys[side], images);
  g_clear_pointer (&work->still, g_variant_unref);
  work->still = g_variant_ref_sink (g_variant_dict_end (&dict));
  _migrate_work_set_later (work, MIGRATE_JOB_KEY_STILL, work->still);
  return TRUE;
}

static GVariant *
lookup_images (MigrateWork *work, MigrateSide side)
{
  return work->still != NULL
           ? g_variant_lookup_value (work->still, side_keys[side], G_VARIANT_TYPE_VARDICT)
           : NULL;
}

typedef enum
{
  MEMORY_FITS,
  MEMORY_STALE, /* it has run since */
  MEMORY_UNTOLD
} Memory;

static Memory
compare_images (GVariant *then, GVariant *now)
{
  GVariantIter iter;
  const char *id;
  GVariant *value;
  Memory memory = MEMORY_FITS;

  g_variant_iter_init (&iter, then);
  while (g_variant_iter_loop (&iter, "{&sv}", &id, &value))
    {
      guint64 before = g_variant_get_uint64 (value), after = _migrate_variant_uint64 (now, id, 0);

      if (before != 0 && after != 0 && before != after)
        memory = MEMORY_STALE;
      else if ((before == 0 || after == 0) && memory == MEMORY_FITS)
        memory = MEMORY_UNTOLD;
    }
  return memory;
}

/* Nobody but this step brings it back, and it was never begun before. */
static gboolean
was_never_tried (MigrateWork *work, MigrateSide side)
{
  guint tries = 0;

  for (guint i = 0; i < work->steps->len; i++)
    tries += g_str_equal (((const MigrateStepEntry *) work->steps->pdata[i])->kind->name,
                          "restore-destination");
  return side == MIGRATE_SIDE_DESTINATION && tries <= 1;
}

/* libvirt's reason alone does not tell after its host has booted: then it is unknown, whether the
 * guest had been brought back or not. */
static Memory
judge_memory (MigrateWork *work, MigrateSide side, const MigrateDomain *domain)
{
  g_autoptr (GVariant) then = lookup_images (work, side);
  g_autoptr (GVariant) now = NULL;

  if (domain->state == MIGRATE_DOMAIN_SHUTOFF && domain->reason == MIGRATE_SHUTOFF_SAVED)
    return MEMORY_FITS;
  if (domain->reason == MIGRATE_SHUTOFF_SHUTDOWN || domain->reason == MIGRATE_SHUTOFF_DESTROYED)
    return MEMORY_STALE;
  if (was_never_tried (work, side))
    return MEMORY_FITS;
  now = then != NULL ? look_at_images (work, side, NULL /* error */) : NULL;
  return now != NULL ? compare_images (then, now) : MEMORY_UNTOLD;
}

static gboolean
is_up (const MigrateDomain *domain)
{
  return domain->state == MIGRATE_DOMAIN_RUNNING || domain->state == MIGRATE_DOMAIN_PAUSED;
}

/* ---- the file ---- */

static gboolean
remove_file (MigrateWork *work, MigrateSide side, GVariant *row, GError **error)
{
  g_autofree char *name = NULL;
  const char *pool;

  if (side == MIGRATE_SIDE_DESTINATION)
    {
      pool = _migrate_made_pool (work, row);
      name = g_strdup (_migrate_variant_string (row, "name-there"));
    }
  else if (!_migrate_find_source (work, row, &pool, &name, error))
    return FALSE;
  return pool == NULL
         || _migrate_probe_file_remove (work, side, pool, name, MIGRATE_REFRESH_BEFORE,
                                        NULL /* was_there */, error);
}

/* ---- saving ---- */

static gboolean
save (MigrateWork *work, GVariant *row, GError **error)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_SAVE, work->result->guest_uuid);
  g_autoptr (MigrateCall) seen = NULL;

  call->text_in = g_strdup (_migrate_variant_string (row, "path"));
  if (!_migrate_lasting_call (work, MIGRATE_SIDE_SOURCE, call, TRUE /* may be cancelled */, error))
    return FALSE;
  seen = _migrate_step_find (work, MIGRATE_SIDE_SOURCE, error);
  if (seen == NULL)
    return FALSE;
  return seen->domain.state == MIGRATE_DOMAIN_SHUTOFF
         || _migrate_step_unproven (error, MIGRATE_SIDE_SOURCE, "Saving the guest");
}

gboolean
_migrate_save_guest (MigrateWork *work, GError **error)
{
  g_autoptr (GVariant) row = need_row (work, error);
  MigrateStepEntry *step
    = row != NULL ? _migrate_steps_begin (work, "save-guest", NULL /* args */, error) : NULL;
  GError *failure = NULL;

  if (step == NULL)
    return FALSE;
  _migrate_work_set_phase (work, MIGRATE_PHASE_SHUTTING_DOWN);
  if (save (work, row, &failure))
    note_images (work, MIGRATE_SIDE_SOURCE, NULL /* it is one proof of two */);
  if (failure == NULL)
    return _migrate_steps_end (work, step, NULL /* failure */, error);
  _migrate_steps_end (work, step, failure, NULL /* error */);
  g_propagate_error (error, failure);
  return FALSE;
}

/* ---- restoring ---- */

/* With other names for what is named otherwise there. */
static gboolean
make_xml (MigrateWork *work, const char *path, char **xml, GError **error)
{
  const MigrateCheckRequest request = _migrate_check_request (work);
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_SAVED_XML, NULL /* guest */);

  *xml = NULL;
  if (!_migrate_plan_rewrites (work->plan, &request, work->bindings))
    return TRUE;
  call->text_in = g_strdup (path);
  call->value = MIGRATE_XML_SECURE;
  return _migrate_work_run_call (work, MIGRATE_SIDE_DESTINATION, call, error)
         && _migrate_plan_finish_xml (call->text_out, &request, work->bindings, xml, error);
}

static gboolean
restore (MigrateWork *work, MigrateSide side, const char *path, GError **error)
{
  const MigrateBefore before = _migrate_before (work->before);
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_RESTORE, work->result->guest_uuid);
  g_autoptr (MigrateCall) seen = NULL;

  call->text_in = g_strdup (path);
  call->value = before.was_paused;
  if ((side == MIGRATE_SIDE_DESTINATION && !make_xml (work, path, &call->transfer.dest_xml, error))
      || !_migrate_lasting_call (work, side, call, FALSE /* may be cancelled */, error))
    return FALSE;
  seen = _migrate_step_find (work, side, error);
  if (seen == NULL)
    return FALSE;
  return is_up (&seen->domain) || _migrate_step_unproven (error, side, "Restoring the guest");
}

static gboolean
refuse_untold (GError **error, MigrateSide side, const MigrateDomain *domain)
{
  g_autofree char *state = _migrate_domain_describe (domain->state, domain->reason);
  GError *refused = _migrate_error_new (
    MIGRATE_ERROR_NEEDS_RECOVER, "Start it from its disks, or leave it off",
    "Guest “%s” is %s: it may have run since its memory was saved", domain->name, state);

  _migrate_error_set_side (refused, side);
  g_propagate_error (error, refused);
  return FALSE;
}

static gboolean
restore_once (MigrateWork *work, MigrateSide side, const char *key, GError **error)
{
  g_autoptr (GVariant) row = need_row (work, error);
  g_autoptr (MigrateCall) seen = NULL;

  if (row == NULL || !_migrate_lasting_settle (work, side, TRUE /* take_back */, error))
    return FALSE;
  seen = _migrate_step_find (work, side, error);
  if (seen == NULL)
    return FALSE;
  if (!is_up (&seen->domain))
    switch (judge_memory (work, side, &seen->domain))
      {
      case MEMORY_FITS:
        if (!restore (work, side, _migrate_variant_string (row, key), error))
          return FALSE;
        break;
      case MEMORY_STALE:
        _migrate_work_warn (work,
                            "The guest has run since its memory was saved, and went off: it is not "
                            "brought back from it");
        break;
      case MEMORY_UNTOLD:
      default:
        return refuse_untold (error, side, &seen->domain);
      }
  return remove_file (work, side, row, error);
}

gboolean
_migrate_saved_prepare_restore (MigrateWork *work, GError **error)
{
  g_autoptr (GVariant) known = lookup_images (work, MIGRATE_SIDE_DESTINATION);

  return known != NULL || note_images (work, MIGRATE_SIDE_DESTINATION, error);
}

static gboolean
save_guest_undo (MigrateWork *work, GVariant *args, GError **error)
{
  return restore_once (work, MIGRATE_SIDE_SOURCE, "path", error);
}

static gboolean
restore_destination_act (MigrateWork *work, GVariant *args, GError **error)
{
  return restore_once (work, MIGRATE_SIDE_DESTINATION, "path-there", error);
}

/* Part of a revert alone. */
static gboolean
restore_destination_undo (MigrateWork *work, GVariant *args, GError **error)
{
  return _migrate_step_end_guest (work, MIGRATE_SIDE_DESTINATION, error);
}

void
_migrate_saved_add_step_kinds (void)
{
  static const MigrateStepKind kinds[] = {
    { "save-guest", NULL, save_guest_undo },
    { "restore-destination", restore_destination_act, restore_destination_undo },
  };
  static gsize once = 0;

  if (g_once_init_enter (&once))
    {
      _migrate_step_kinds_add (kinds, G_N_ELEMENTS (kinds));
      g_once_init_leave (&once, 1);
    }
}
