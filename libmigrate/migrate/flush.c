/* Act: what was written through streams reaches the disk. No call of libvirt's does that: so a
 * carrier opens the files at the destination, and its hypervisor flushes them. */
#include "migrate/carry-private.h"

#include "steps/steps-private.h"
#include "xml/volume-private.h"

gboolean
_migrate_flush_undo (MigrateWork *work, GVariant *args, GError **error)
{
  return _migrate_carry_end (work, MIGRATE_SIDE_DESTINATION, _migrate_variant_string (args, "uuid"),
                             error);
}

static gboolean
touch (MigrateWork *work, GVariant *args, GError **error)
{
  g_autoptr (MigrateCall) create = _migrate_call_new (MIGRATE_CALL_CREATE_PAUSED, NULL /* guest */);
  g_autoptr (MigrateCall) call
    = _migrate_call_new (MIGRATE_CALL_TOUCH_DISKS, _migrate_variant_string (args, "uuid"));

  create->text_in = g_strdup (_migrate_variant_string (args, "document"));
  call->question = g_variant_lookup_value (args, "sizes", G_VARIANT_TYPE_VARDICT);
  return _migrate_work_run_call (work, MIGRATE_SIDE_DESTINATION, create, error)
         && _migrate_work_run_call (work, MIGRATE_SIDE_DESTINATION, call, error);
}

/* They are flushed as it ends. */
gboolean
_migrate_flush_act (MigrateWork *work, GVariant *args, GError **error)
{
  if (touch (work, args, error))
    return _migrate_flush_undo (work, args, error);
  _migrate_flush_undo (work, args, NULL /* error */);
  return FALSE;
}

static GVariant *
step_args (const char *uuid, const char *document, GPtrArray *rows)
{
  GVariantBuilder builder, sizes;

  g_variant_builder_init (&sizes, G_VARIANT_TYPE_VARDICT);
  for (guint i = 0; i < rows->len; i++)
    {
      g_autofree char *target = _migrate_carrier_target (i);

      g_variant_builder_add (
        &sizes, "{sv}", target,
        g_variant_new_uint64 (_migrate_variant_uint64 (rows->pdata[i], "size", 0)));
    }
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  _migrate_builder_add_string (&builder, "uuid", uuid);
  _migrate_builder_add_string (&builder, "document", document);
  g_variant_builder_add (&builder, "{sv}", "sizes", g_variant_builder_end (&sizes));
  return g_variant_builder_end (&builder);
}

static gboolean
flush (MigrateWork *work, GPtrArray *rows, GError **error)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new ();
  g_autofree char *uuid = g_uuid_string_random ();
  g_autofree char *document = NULL;

  for (guint i = 0; i < rows->len; i++)
    g_ptr_array_add (paths, (char *) _migrate_variant_string (rows->pdata[i], "path-there"));
  g_ptr_array_add (paths, NULL);
  document = _migrate_carry_document (work, uuid, (const char *const *) paths->pdata, error);
  return document != NULL
         && _migrate_steps_run (work, "flush-files", step_args (uuid, document, rows), error);
}

gboolean
_migrate_flush_rows (MigrateWork *work, GPtrArray *rows, GError **error)
{
  GError *local_error = NULL;

  if (rows->len == 0 || flush (work, rows, &local_error))
    return TRUE;
  /* A carrier that is left there has the guest's own files open. */
  if (work->lost_claim || g_error_matches (local_error, MIGRATE_ERROR, MIGRATE_ERROR_JOURNAL)
      || !_migrate_steps_undo (work, "flush-files", NULL /* error */))
    {
      g_propagate_error (error, local_error);
      return FALSE;
    }
  /* What is left of it has the files open: the guest could not start there. */
  if (!_migrate_steps_undo_unfinished (work, "flush-files", NULL /* error */)
      && !_migrate_steps_undo_unfinished (work, "flush-files", error))
    {
      g_error_free (local_error);
      return FALSE;
    }
  _migrate_work_warn (work,
                      "It is not certain that the copies are on the destination's disk, so the "
                      "source's are kept: %s",
                      local_error->message);
  g_error_free (local_error);
  return TRUE;
}
