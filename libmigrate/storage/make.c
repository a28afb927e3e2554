/* Act: pools and volumes at the destination, each a step. What is in the way is found before the
 * intent is written down: whatever the name leads to after that was made by the step, and its undo
 * may remove it. */
#include "storage/connect-private.h"
#include "storage/files-private.h"

#include "steps/probe-private.h"
#include "xml/volume-private.h"

#define BUSY_WAIT_US                                                                               \
  (10 * G_TIME_SPAN_SECOND) /* a pool that is refreshed, or has a volume made                      \
                             */
#define BUSY_POLL_MS 100

static gboolean
is (const GError *error, int code)
{
  return g_error_matches (error, MIGRATE_ERROR, code);
}

/* ---- pools ---- */

static MigrateSide
side_of (GVariant *args)
{
  return g_strcmp0 (_migrate_variant_string (args, "side"), "source") == 0
           ? MIGRATE_SIDE_SOURCE
           : MIGRATE_SIDE_DESTINATION;
}

static gboolean
find_pool (MigrateWork *work, MigrateSide side, const char *folder, char **name, GError **error)
{
  GError *local_error = NULL;
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_POOL_FIND, NULL /* guest */);

  call->text_in = g_strdup (folder);
  if (_migrate_work_run_call (work, side, call, &local_error))
    {
      *name = g_strdup (call->text_out);
      return TRUE;
    }
  if (is (local_error, MIGRATE_ERROR_NOT_FOUND))
    {
      g_error_free (local_error);
      return TRUE;
    }
  g_propagate_error (error, local_error);
  return FALSE;
}

static gboolean
create_pool (MigrateWork *work, MigrateSide side, const char *pool, const char *folder,
             gboolean make_folder, GError **error)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_POOL_CREATE, NULL /* guest */);

  call->storage.pool = g_strdup (pool);
  call->text_in = g_strdup (folder);
  call->value = make_folder;
  return _migrate_work_run_call (work, side, call, error);
}

/* folder: to be removed with it; NULL: it stays. */
static gboolean
remove_pool (MigrateWork *work, MigrateSide side, const char *pool, const char *folder,
             GError **error)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_POOL_REMOVE, NULL /* guest */);

  call->storage.pool = g_strdup (pool);
  call->text_in = g_strdup (folder);
  call->value = folder != NULL;
  return _migrate_probe_ask (work, side, call, error);
}

static gboolean
make_pool_act (MigrateWork *work, GVariant *args, GError **error)
{
  return create_pool (work, side_of (args), _migrate_variant_string (args, "pool"),
                      _migrate_variant_string (args, "folder"),
                      _migrate_variant_boolean (args, "made-folder"), error);
}

static gboolean
make_pool_undo (MigrateWork *work, GVariant *args, GError **error)
{
  return remove_pool (work, side_of (args), _migrate_variant_string (args, "pool"),
                      _migrate_variant_boolean (args, "made-folder")
                        ? _migrate_variant_string (args, "folder")
                        : NULL,
                      error);
}

static GVariant *
pool_args (MigrateWork *work, MigrateSide side, const char *folder, gboolean make_folder)
{
  g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, folder, -1);
  g_autofree char *pool = g_strdup_printf ("libmigrate-%s-%.8s", work->id, sum);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  _migrate_builder_add_string (&builder, "side",
                               _migrate_enum_nick (MIGRATE_TYPE_SIDE, (int) side));
  g_variant_builder_add (&builder, "{sv}", "pool", g_variant_new_string (pool));
  g_variant_builder_add (&builder, "{sv}", "folder", g_variant_new_string (folder));
  g_variant_builder_add (&builder, "{sv}", "made-folder", g_variant_new_boolean (make_folder));
  return g_variant_builder_end (&builder);
}

/* A step that is known to have done nothing: nothing of it is to be taken back. */
static gboolean
run_or_forget (MigrateWork *work, const char *kind, GVariant *args, int harmless, GError **error)
{
  MigrateStepEntry *step = _migrate_steps_begin (work, kind, args, error);
  GError *failure = NULL;

  if (step == NULL)
    return FALSE;
  if (step->kind->act (work, step->args, &failure))
    return _migrate_steps_end (work, step, NULL /* failure */, error);
  if (!is (failure, harmless))
    _migrate_steps_end (work, step, failure, NULL /* error */);
  else
    _migrate_steps_end_undone (work, step, g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0),
                               NULL /* error */);
  g_propagate_error (error, failure);
  return FALSE;
}

static const char *
find_made_pool (MigrateWork *work, MigrateSide side, const char *folder)
{
  for (guint i = work->steps->len; i-- > 0;)
    {
      const MigrateStepEntry *step = work->steps->pdata[i];

      if (g_str_equal (step->kind->name, "make-pool") && step->status == MIGRATE_STEP_DONE
          && side_of (step->args) == side
          && g_strcmp0 (_migrate_variant_string (step->args, "folder"), folder) == 0)
        return _migrate_variant_string (step->args, "pool");
    }
  return NULL;
}

/* The folder is made only when it was seen to be missing: one that was there is not removed. */
const char *
_migrate_make_pool (MigrateWork *work, MigrateSide side, const char *folder, GError **error)
{
  GError *failed = NULL;

  if (find_made_pool (work, side, folder) == NULL
      && !run_or_forget (work, "make-pool", pool_args (work, side, folder, FALSE),
                         MIGRATE_ERROR_NOT_FOUND, &failed))
    {
      if (!is (failed, MIGRATE_ERROR_NOT_FOUND) || side == MIGRATE_SIDE_SOURCE)
        {
          g_propagate_prefixed_error (error, failed, "Making a storage pool of “%s”: ", folder);
          return NULL;
        }
      g_error_free (failed);
      if (!run_or_forget (work, "make-pool", pool_args (work, side, folder, TRUE),
                          MIGRATE_ERROR_NOT_FOUND, error))
        return NULL;
    }
  return find_made_pool (work, side, folder);
}

const char *
_migrate_made_pool (MigrateWork *work, GVariant *row)
{
  const char *pool = _migrate_variant_string (row, "pool-there");

  return pool != NULL ? pool
                      : find_made_pool (work, MIGRATE_SIDE_DESTINATION,
                                        _migrate_variant_string (row, "folder-there"));
}

gboolean
_migrate_find_source (MigrateWork *work, GVariant *row, const char **pool, char **name,
                      GError **error)
{
  const char *path = _migrate_variant_string (row, "path");
  g_autofree char *folder = NULL;

  *pool = _migrate_variant_string (row, "pool");
  *name = g_strdup (_migrate_variant_string (row, "name"));
  if (*pool != NULL && *name != NULL)
    return TRUE;
  g_free (*name);
  *name = g_path_get_basename (path);
  folder = g_path_get_dirname (path);
  *pool = _migrate_make_pool (work, MIGRATE_SIDE_SOURCE, folder, error);
  return *pool != NULL;
}

/* ---- volumes ---- */

MigrateVolume *
_migrate_ask_volume (MigrateWork *work, MigrateSide side, const char *pool, const char *name,
                     GError **error)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_VOLUME_INFO, NULL /* guest */);
  GError *local_error = NULL;

  call->storage.pool = g_strdup (pool);
  call->storage.name = g_strdup (name);
  if (_migrate_probe_ask (work, side, call, &local_error))
    return _migrate_volume_parse (call->text_out, error);
  if (is (local_error, MIGRATE_ERROR_NOT_FOUND))
    g_error_free (local_error);
  else
    g_propagate_error (error, local_error);
  return NULL;
}

static gboolean
is_there (MigrateWork *work, const char *pool, const char *name, gboolean *there, GError **error)
{
  GError *local_error = NULL;
  g_autoptr (MigrateVolume) volume
    = _migrate_ask_volume (work, MIGRATE_SIDE_DESTINATION, pool, name, &local_error);

  *there = volume != NULL;
  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, local_error);
  return FALSE;
}

static gboolean
refuse_in_the_way (GError **error, const char *pool, const char *name)
{
  GError *refused = _migrate_error_new (
    MIGRATE_ERROR_BUSY, "Remove it, if it is of no use, or map the disk to another name",
    "Volume “%s” of storage pool “%s” is in the way at the destination", name, pool);

  _migrate_error_set_side (refused, MIGRATE_SIDE_DESTINATION);
  g_propagate_error (error, refused);
  return FALSE;
}

/* A pool may be busy with something else; that the name is taken tells the volume itself. */
static gboolean
make_volume_act (MigrateWork *work, GVariant *args, GError **error)
{
  const char *pool = _migrate_variant_string (args, "pool");
  const char *name = _migrate_variant_string (args, "name");
  gint64 deadline = _migrate_backend_now (work->backend) + BUSY_WAIT_US;

  for (;;)
    {
      g_autoptr (MigrateCall) call
        = _migrate_call_new (MIGRATE_CALL_VOLUME_CREATE, NULL /* guest */);
      g_autoptr (GError) local_error = NULL;
      gboolean there;

      call->storage.pool = g_strdup (pool);
      call->text_in = g_strdup (_migrate_variant_string (args, "document"));
      call->value = _migrate_variant_uint64 (args, "capacity", 0);
      if (_migrate_work_run_call (work, MIGRATE_SIDE_DESTINATION, call, &local_error))
        return TRUE;
      if (!is (local_error, MIGRATE_ERROR_BUSY) || _migrate_backend_now (work->backend) >= deadline)
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
      if (!is_there (work, pool, name, &there, error))
        return FALSE;
      if (there)
        return refuse_in_the_way (error, pool, name);
      _migrate_work_sleep (work, BUSY_POLL_MS);
    }
}

/* A file that others only read too, as soon as it is whole. */
static gboolean
is_relied_on (MigrateWork *work, GVariant *args)
{
  static const char *const kinds[] = { "use-file", NULL };
  const char *path = _migrate_variant_string (args, "path");

  if (path == NULL || !_migrate_stream_is_done (work, args)
      || !_migrate_steps_is_used_elsewhere (work, kinds, "path", path))
    return FALSE;
  _migrate_work_warn (work, "“%s” is left at the destination: another job uses it", path);
  return TRUE;
}

/* A transient pool does not outlive its host: then the folder gets one for as long as it takes. */
static gboolean
make_volume_undo (MigrateWork *work, GVariant *args, GError **error)
{
  const char *pool = _migrate_variant_string (args, "pool");
  const char *name = _migrate_variant_string (args, "name");
  const char *folder = _migrate_variant_string (args, "folder");
  g_autofree char *found = NULL;
  gboolean was_there = FALSE;

  if (is_relied_on (work, args))
    return TRUE;
  if (!_migrate_probe_file_remove (work, MIGRATE_SIDE_DESTINATION, pool, name,
                                   MIGRATE_REFRESH_BEFORE, &was_there, error))
    return FALSE;
  if (was_there || folder == NULL)
    return TRUE;
  if (!find_pool (work, MIGRATE_SIDE_DESTINATION, folder, &found, error))
    return FALSE;
  if (found != NULL)
    return g_str_equal (found, pool)
           || _migrate_probe_file_remove (work, MIGRATE_SIDE_DESTINATION, found, name,
                                          MIGRATE_REFRESH_BEFORE, NULL /* was_there */, error);
  if (!create_pool (work, MIGRATE_SIDE_DESTINATION, pool, folder, FALSE /* make_folder */,
                    NULL /* error */))
    return TRUE; /* the folder is gone, and what was in it */
  return _migrate_probe_file_remove (work, MIGRATE_SIDE_DESTINATION, pool, name,
                                     MIGRATE_REFRESH_BEFORE, NULL /* was_there */, error)
         && remove_pool (work, MIGRATE_SIDE_DESTINATION, pool, NULL /* folder */, error);
}

static GVariant *
volume_args (MigrateWork *work, GVariant *row, const char *pool, const char *document,
             guint64 capacity)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  _migrate_builder_add_string (&builder, "id", _migrate_variant_string (row, "id"));
  _migrate_builder_add_string (&builder, "pool", pool);
  _migrate_builder_add_string (&builder, "folder", _migrate_variant_string (row, "folder-there"));
  _migrate_builder_add_string (&builder, "name", _migrate_variant_string (row, "name-there"));
  _migrate_builder_add_string (&builder, "document", document);
  if (_migrate_file_may_serve (row))
    _migrate_builder_add_string (&builder, "path", _migrate_variant_string (row, "path-there"));
  g_variant_builder_add (&builder, "{sv}", "capacity", g_variant_new_uint64 (capacity));
  return g_variant_builder_end (&builder);
}

static guint64
size_of (GVariant *row, gboolean raw)
{
  return _migrate_variant_uint64 (row, raw ? "size" : "capacity", 0);
}

/* What the other end of a mirror is must have the source's size to the byte: libvirt refuses any
 * other. */
static gboolean
prove_size (MigrateWork *work, GVariant *row, const char *pool, gboolean raw, GError **error)
{
  const char *name = _migrate_variant_string (row, "name-there");
  guint64 wanted = size_of (row, raw);
  GError *local_error = NULL;
  g_autoptr (MigrateVolume) volume
    = _migrate_ask_volume (work, MIGRATE_SIDE_DESTINATION, pool, name, &local_error);

  if (local_error != NULL)
    {
      g_propagate_error (error, local_error);
      return FALSE;
    }
  if (volume != NULL && volume->capacity == wanted)
    return TRUE;
  _migrate_set_error (error, MIGRATE_ERROR_FAILED, NULL /* remedy */,
                      "Volume “%s” was made with %" G_GUINT64_FORMAT
                      " bytes at the destination, not %" G_GUINT64_FORMAT,
                      name, volume != NULL ? volume->capacity : 0, wanted);
  return FALSE;
}

gboolean
_migrate_make_volume (MigrateWork *work, GVariant *row, gboolean raw, GError **error)
{
  const char *pool = _migrate_made_pool (work, row);
  const char *name = _migrate_variant_string (row, "name-there");
  g_autofree char *document
    = _migrate_volume_make (row, raw ? MIGRATE_VOLUME_FILE : MIGRATE_VOLUME_IMAGE, error);
  gboolean there;

  if (document == NULL || !is_there (work, pool, name, &there, error))
    return FALSE;
  if (there)
    return refuse_in_the_way (error, pool, name);
  if (!run_or_forget (work, "make-volume",
                      volume_args (work, row, pool, document, size_of (row, raw)),
                      MIGRATE_ERROR_BUSY, error))
    {
      g_prefix_error (error, "Making “%s” for disk “%s”: ", name,
                      _migrate_variant_string (row, "id"));
      return FALSE;
    }
  return prove_size (work, row, pool, raw, error);
}

gboolean
_migrate_was_made (MigrateWork *work, GVariant *row)
{
  const char *id = _migrate_variant_string (row, "id");

  for (guint i = 0; i < work->steps->len; i++)
    {
      const MigrateStepEntry *step = work->steps->pdata[i];

      if (g_str_equal (step->kind->name, "make-volume")
          && (step->status == MIGRATE_STEP_DONE || step->status == MIGRATE_STEP_RELEASED)
          && g_strcmp0 (_migrate_variant_string (step->args, "id"), id) == 0)
        return TRUE;
    }
  return FALSE;
}

/* What the plan knew of it stays; what only its host knows is added. */
static GVariant *
complete_options (GVariant *row, const MigrateVolume *here)
{
  static const char *const planned[] = { "encryption", "encryption-secret" };
  g_autoptr (GVariant) options = g_variant_lookup_value (row, "options", G_VARIANT_TYPE ("a{ss}"));
  const char *value;
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{ss}"));
  _migrate_file_add_options (&builder, here);
  for (gsize i = 0; options != NULL && i < G_N_ELEMENTS (planned); i++)
    if (g_variant_lookup (options, planned[i], "&s", &value))
      _migrate_file_add_option (&builder, planned[i], value);
  return g_variant_builder_end (&builder);
}

/* What is in no pool of the source's is seen when it has been given one. NULL: it failed. */
GVariant *
_migrate_file_complete (MigrateWork *work, GVariant *row, GError **error)
{
  g_autofree char *name = NULL;
  const char *pool;
  g_autoptr (MigrateVolume) here = NULL;
  GVariantDict dict;

  if (_migrate_variant_uint64 (row, "size", 0) > 0 && !_migrate_file_comes_later (row))
    return g_variant_ref (row);
  if (!_migrate_find_source (work, row, &pool, &name, error))
    return NULL;
  here = _migrate_ask_volume (work, MIGRATE_SIDE_SOURCE, pool, name, error);
  if (here == NULL)
    {
      if (error != NULL && *error == NULL)
        _migrate_set_error (error, MIGRATE_ERROR_NOT_FOUND, "Look for it, and check again",
                            "The source does not show “%s”", _migrate_variant_string (row, "path"));
      return NULL;
    }
  g_variant_dict_init (&dict, row);
  g_variant_dict_insert (&dict, "size", "t", here->physical > 0 ? here->physical : here->capacity);
  g_variant_dict_insert (&dict, "allocation", "t", here->allocation);
  g_variant_dict_insert (&dict, "capacity", "t", here->capacity);
  g_variant_dict_insert_value (&dict, "options", complete_options (row, here));
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

/* ---- what a step is, for the journal and a recovery ---- */

void
_migrate_storage_add_step_kinds (void)
{
  static const MigrateStepKind kinds[] = {
    { "make-pool", make_pool_act, make_pool_undo },
    { "make-volume", make_volume_act, make_volume_undo },
    /* The volume's own undo removes what was written to it. */
    { "copy-file", NULL, NULL },
    { "resize-volume", _migrate_resize_volume_act, NULL },
    { "fetch-image", NULL, NULL },
    { "use-file", NULL, NULL },
    { "connect-volume", _migrate_connect_volume_act, _migrate_connect_volume_undo },
    { "disconnect-volume", _migrate_disconnect_volume_act, NULL },
    { "use-secret", NULL, NULL },
    { "define-secret", NULL, _migrate_define_secret_undo },
    { "remove-image", _migrate_remove_image_act, NULL },
  };
  static gsize once = 0;

  if (g_once_init_enter (&once))
    {
      _migrate_step_kinds_add (kinds, G_N_ELEMENTS (kinds));
      g_once_init_leave (&once, 1);
    }
}
