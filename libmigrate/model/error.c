/* The error domain. An error carries what a program needs to go on: side, libvirt's own numbers,
 * the remedy, the other job; all of it survives g_error_copy() and g_prefix_error(). */
#include "model/model-private.h"

#include <gio/gio.h>

/**
 * migrate_error_quark:
 *
 * The domain of [error@Migrate.Error].
 *
 * Returns: the quark
 *
 * Since: 1.0
 */

static void
migrate_error_private_init (MigrateErrorPrivate *priv)
{
}

static void
migrate_error_private_copy (const MigrateErrorPrivate *from, MigrateErrorPrivate *to)
{
  *to = *from;
  to->remedy = g_strdup (from->remedy);
  to->other_job = g_strdup (from->other_job);
}

static void
migrate_error_private_clear (MigrateErrorPrivate *priv)
{
  g_free (priv->remedy);
  g_free (priv->other_job);
}

G_DEFINE_EXTENDED_ERROR (MigrateError, migrate_error)

MigrateErrorPrivate *
_migrate_error_private (const GError *error)
{
  if (error == NULL || error->domain != MIGRATE_ERROR)
    return NULL;
  return migrate_error_get_private (error);
}

static GError *
error_new_valist (MigrateError code, const char *remedy, const char *format, va_list args)
{
  GError *error = g_error_new_valist (MIGRATE_ERROR, (int) code, format, args);

  _migrate_error_private (error)->remedy = g_strdup (remedy);
  return error;
}

GError *
_migrate_error_new (MigrateError code, const char *remedy, const char *format, ...)
{
  GError *error;
  va_list args;

  va_start (args, format);
  error = error_new_valist (code, remedy, format, args);
  va_end (args);
  return error;
}

void
_migrate_set_error (GError **error, MigrateError code, const char *remedy, const char *format, ...)
{
  va_list args;

  if (error == NULL)
    return;
  va_start (args, format);
  g_propagate_error (error, error_new_valist (code, remedy, format, args));
  va_end (args);
}

void
_migrate_error_set_side (GError *error, MigrateSide side)
{
  MigrateErrorPrivate *priv = _migrate_error_private (error);

  if (priv != NULL && priv->side == MIGRATE_SIDE_NONE)
    priv->side = side;
}

GError *
_migrate_error_adopt (GError *error)
{
  GError *adopted;

  if (error == NULL || error->domain == MIGRATE_ERROR
      || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return error;
  adopted = _migrate_error_new (MIGRATE_ERROR_FAILED, NULL /* remedy */, "%s", error->message);
  g_error_free (error);
  return adopted;
}
