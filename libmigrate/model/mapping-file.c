/* A mapping out of a key file: a host's profile, or what an operator wrote for one move. */
#include "model/mapping-private.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define MOST_BYTES (1024 * 1024)

/* Says which file, group and key; key NULL: the whole group. */
static void
say_where (GError **error, const char *path, const char *group, const char *key)
{
  g_autofree char *shown_group = _migrate_value_show (group);
  g_autofree char *shown_key = key != NULL ? _migrate_value_show (key) : NULL;

  g_prefix_error (error, "Mapping file “%s”, group “%s”%s%s%s: ", path, shown_group,
                  key != NULL ? ", key “" : "", key != NULL ? shown_key : "",
                  key != NULL ? "”" : "");
}

/* [disk], each key a thing and what it is there. */
static gboolean
read_kind (MigrateMapping *self, GKeyFile *file, const char *path, const char *group,
           GError **error)
{
  g_auto (GStrv) keys = g_key_file_get_keys (file, group, NULL, NULL);

  for (gsize i = 0; keys != NULL && keys[i] != NULL; i++)
    {
      g_autofree char *value = g_key_file_get_value (file, group, keys[i], NULL);

      if (!_migrate_mapping_set_text (self, group, keys[i], value != NULL ? g_strstrip (value) : "",
                                      error))
        {
          say_where (error, path, group, keys[i]);
          return FALSE;
        }
    }
  return TRUE;
}

/* [disk vda], each key a field. Each is tried by itself first, so that an error can name it. */
static gboolean
read_thing (MigrateMapping *self, GKeyFile *file, const char *path, const char *group,
            const char *kind, const char *from, GError **error)
{
  g_auto (GStrv) keys = g_key_file_get_keys (file, group, NULL, NULL);
  g_auto (GVariantDict) to = G_VARIANT_DICT_INIT (NULL);

  for (gsize i = 0; keys != NULL && keys[i] != NULL; i++)
    {
      g_autofree char *value = g_key_file_get_value (file, group, keys[i], NULL);
      gssize index = _migrate_map_kind_find (kind);

      if (index >= 0
          && !_migrate_map_field_check ((MigrateMapKind) index, keys[i],
                                        value != NULL ? g_strstrip (value) : "", error))
        {
          say_where (error, path, group, keys[i]);
          return FALSE;
        }
      g_variant_dict_insert (&to, keys[i], "s", value != NULL ? value : "");
    }
  if (!migrate_mapping_set (self, kind, from, g_variant_dict_end (&to), error))
    {
      say_where (error, path, group, NULL /* key */);
      return FALSE;
    }
  return TRUE;
}

static gboolean
read_group (MigrateMapping *self, GKeyFile *file, const char *path, const char *group,
            GError **error)
{
  const char *blank = strchr (group, ' ');
  g_autofree char *kind = blank != NULL ? g_strndup (group, (gsize) (blank - group)) : NULL;
  g_autofree char *from = blank != NULL ? g_strdup (blank + 1) : NULL;

  return blank == NULL ? read_kind (self, file, path, group, error)
                       : read_thing (self, file, path, group, kind, g_strstrip (from), error);
}

static gboolean
load (GKeyFile *file, const char *path, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  GStatBuf status;

  if (g_stat (path, &status) == 0 && (!S_ISREG (status.st_mode) || status.st_size > MOST_BYTES))
    {
      _migrate_set_error (error, MIGRATE_ERROR_INVALID,
                          "Name a file that a person could have written",
                          "Mapping file “%s” is not a file, or larger than 1 MiB", path);
      return FALSE;
    }
  if (g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, &local_error))
    return TRUE;
  _migrate_set_error (error,
                      g_error_matches (local_error, G_FILE_ERROR, G_FILE_ERROR_NOENT)
                        ? MIGRATE_ERROR_NOT_FOUND
                        : MIGRATE_ERROR_INVALID,
                      "Write groups such as “[disk]” with lines such as “vda=/srv/b.qcow2”",
                      "Mapping file “%s” cannot be read: %s", path, local_error->message);
  return FALSE;
}

/**
 * migrate_mapping_new_from_file:
 * @path: a key file
 * @error: return location for an error
 *
 * Reads a mapping from a key file: that of a destination, which is good for any guest, or that of
 * one move.
 *
 * A group has the name of a kind, with lines `FROM=TO`; `TO` is a bare value or
 * `field=value;field=value`, `none` to take the thing away there, `?` when a hook will answer it.
 * Or a group has the name of a kind and a thing, `[interface 52:54:00:12:34:56]`, with a line for
 * each field. Blocking, but for a local file only.
 *
 * Fails with %MIGRATE_ERROR_INVALID naming the file, the group and the key of the first line that
 * is not valid, or %MIGRATE_ERROR_NOT_FOUND.
 *
 * Returns: (transfer full): a new mapping
 *
 * Since: 1.0
 */
MigrateMapping *
migrate_mapping_new_from_file (const char *path, GError **error)
{
  g_autoptr (MigrateMapping) self = NULL;
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_auto (GStrv) groups = NULL;

  g_return_val_if_fail (path != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!load (file, path, error))
    return NULL;
  self = migrate_mapping_new ();
  groups = g_key_file_get_groups (file, NULL);
  for (gsize i = 0; groups[i] != NULL; i++)
    if (!read_group (self, file, path, groups[i], error))
      return NULL;
  return g_steal_pointer (&self);
}
