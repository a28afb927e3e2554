/* Images by their file names. The folder is read when something is asked, so that an image that was
 * put there meanwhile is found; what is answered is a path without links, so that what was looked
 * at is what is read. */
#include "model/model-private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MOST_CHECKSUMS (16 << 20) /* bytes of their file */

/**
 * MigrateDirectoryImageSource:
 *
 * An image source that is a folder of this machine's: a backing file is found there by its file
 * name. What is no regular file, and a link that leads out of the folder, is refused.
 *
 * A file of checksums beside it, as `sha256sum` writes it, says what each is to be; an image that
 * it does not name is compared with the source's as a whole.
 *
 * Immutable and thread-safe.
 *
 * Since: 1.0
 */
struct _MigrateDirectoryImageSource
{
  GObject parent_instance;

  char *path, *checksums; /* set once; nullable */
};

enum
{
  PROP_PATH = 1,
  PROP_CHECKSUMS,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

/* ---- what is asked for ---- */

static gboolean
refuse (MigrateRequest *request, const char *code, const char *format, ...) G_GNUC_PRINTF (3, 4);

static gboolean
refuse (MigrateRequest *request, const char *code, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  return migrate_request_refuse (request, code, message);
}

static gboolean
is_name (const char *name)
{
  return name != NULL && *name != '\0' && strchr (name, '/') == NULL && !g_str_equal (name, ".")
         && !g_str_equal (name, "..");
}

static gboolean
is_inside (const char *folder, const char *path)
{
  gsize n = strlen (folder);

  return strncmp (folder, path, n) == 0 && (path[n] == '/' || g_str_equal (folder, "/"));
}

/* "HEX  NAME", or "HEX *NAME"; a line that begins with a backslash has a name that was changed. */
static gboolean
is_line_of (const char *line, const char *name)
{
  gsize hex = strspn (line, "0123456789abcdefABCDEF");

  return hex == MIGRATE_SHA256_LENGTH && line[hex] == ' '
         && (line[hex + 1] == ' ' || line[hex + 1] == '*') && g_str_equal (line + hex + 2, name);
}

static char *
find_checksum (const char *text, const char *name)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (gsize i = 0; lines[i] != NULL; i++)
    {
      g_strchomp (lines[i]);
      if (is_line_of (lines[i], name))
        return g_strndup (lines[i], MIGRATE_SHA256_LENGTH);
    }
  return NULL;
}

static gboolean
read_checksum (MigrateDirectoryImageSource *self, const char *name, char **checksum, GError **error)
{
  g_autofree char *text = NULL;
  struct stat about;

  *checksum = NULL;
  if (self->checksums == NULL)
    return TRUE;
  if (stat (self->checksums, &about) == 0
      && (!S_ISREG (about.st_mode) || about.st_size > MOST_CHECKSUMS))
    {
      g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "It is no file of checksums");
      return FALSE;
    }
  if (!g_file_get_contents (self->checksums, &text, NULL /* length */, error))
    return FALSE;
  *checksum = find_checksum (text, name);
  return TRUE;
}

/* ---- the answer ---- */

static gboolean
answer (MigrateRequest *request, const char *path, guint64 size, const char *checksum)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "path",
                         g_utf8_validate (path, -1, NULL /* end */)
                           ? g_variant_new_string (path)
                           : g_variant_new_bytestring (path));
  g_variant_builder_add (&builder, "{sv}", "size", g_variant_new_uint64 (size));
  if (checksum != NULL)
    g_variant_builder_add (&builder, "{sv}", "checksum", g_variant_new_string (checksum));
  return migrate_request_answer (request, g_variant_builder_end (&builder));
}

static gboolean
answer_or_refuse (MigrateDirectoryImageSource *self, MigrateRequest *request, const char *name)
{
  g_autofree char *wanted = g_build_filename (self->path, name, NULL);
  g_autofree char *checksum = NULL;
  g_autoptr (GError) error = NULL;
  char *folder = realpath (self->path, NULL);
  char *path = folder != NULL ? realpath (wanted, NULL) : NULL;
  int reason = errno;
  struct stat about = { 0 };
  gboolean answered;

  if (folder == NULL)
    answered = refuse (request, "failed", "“%s”: %s", self->path, g_strerror (reason));
  else if (path == NULL && reason == ENOENT)
    answered = refuse (request, "not-found", "“%s” has no “%s”", self->path, name);
  else if (path == NULL || stat (path, &about) < 0)
    answered = refuse (request, "failed", "“%s”: %s", wanted, g_strerror (errno));
  else if (!is_inside (folder, path) || !S_ISREG (about.st_mode))
    answered = refuse (request, "denied", "“%s” is no file of that folder", wanted);
  else if (!read_checksum (self, name, &checksum, &error))
    answered = refuse (request, "failed", "“%s”: %s", self->checksums, error->message);
  else
    answered = answer (request, path, (guint64) about.st_size, checksum);
  free (path);
  free (folder);
  return answered;
}

static gboolean
directory_image_source_fetch (MigrateImageSource *iface, MigrateRequest *request)
{
  MigrateDirectoryImageSource *self = MIGRATE_DIRECTORY_IMAGE_SOURCE (iface);
  g_autoptr (GVariant) details = migrate_request_dup_details (request);
  const char *name = _migrate_variant_string (details, "name");

  if (self->path == NULL)
    return migrate_request_refuse (request, "not-found", "The image source has no folder");
  if (!is_name (name))
    return migrate_request_refuse (request, "invalid", "What is asked for has no file name");
  return answer_or_refuse (self, request, name);
}

static void
directory_image_source_iface_init (MigrateImageSourceInterface *iface)
{
  iface->fetch = directory_image_source_fetch;
}

/* ---- the object ---- */

G_DEFINE_FINAL_TYPE_WITH_CODE (MigrateDirectoryImageSource, migrate_directory_image_source,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MIGRATE_TYPE_IMAGE_SOURCE,
                                                      directory_image_source_iface_init))

static void
directory_image_source_free (GObject *object)
{
  MigrateDirectoryImageSource *self = MIGRATE_DIRECTORY_IMAGE_SOURCE (object);

  g_free (self->path);
  g_free (self->checksums);
  G_OBJECT_CLASS (migrate_directory_image_source_parent_class)->finalize (object);
}

static void
directory_image_source_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  MigrateDirectoryImageSource *self = MIGRATE_DIRECTORY_IMAGE_SOURCE (object);

  switch (id)
    {
    case PROP_PATH:
      g_value_set_string (value, self->path);
      break;
    case PROP_CHECKSUMS:
      g_value_set_string (value, self->checksums);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
directory_image_source_set_property (GObject *object, guint id, const GValue *value,
                                     GParamSpec *pspec)
{
  MigrateDirectoryImageSource *self = MIGRATE_DIRECTORY_IMAGE_SOURCE (object);

  switch (id)
    {
    case PROP_PATH:
      self->path = g_value_dup_string (value);
      break;
    case PROP_CHECKSUMS:
      self->checksums = g_value_dup_string (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
migrate_directory_image_source_class_init (MigrateDirectoryImageSourceClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags once = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  object_class->finalize = directory_image_source_free;
  object_class->get_property = directory_image_source_get_property;
  object_class->set_property = directory_image_source_set_property;

  /**
   * MigrateDirectoryImageSource:path:
   *
   * The folder.
   *
   * Since: 1.0
   */
  props[PROP_PATH] = g_param_spec_string ("path", NULL, NULL, NULL, once);
  /**
   * MigrateDirectoryImageSource:checksums:
   *
   * The file of checksums. %NULL: there is none.
   *
   * Since: 1.0
   */
  props[PROP_CHECKSUMS] = g_param_spec_string ("checksums", NULL, NULL, NULL, once);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
migrate_directory_image_source_init (MigrateDirectoryImageSource *self)
{
}

/**
 * migrate_directory_image_source_new:
 * @path: (type filename): the folder
 * @checksums: (nullable) (type filename): the file of checksums
 *
 * Makes an image source. Both are looked at when an image is asked for.
 *
 * Returns: (transfer full): a new image source
 *
 * Since: 1.0
 */
MigrateDirectoryImageSource *
migrate_directory_image_source_new (const char *path, const char *checksums)
{
  g_return_val_if_fail (path != NULL, NULL);
  return g_object_new (MIGRATE_TYPE_DIRECTORY_IMAGE_SOURCE, "path", path, "checksums", checksums,
                       NULL);
}

/**
 * migrate_directory_image_source_get_path:
 * @self: an image source
 *
 * Gets [property@Migrate.DirectoryImageSource:path].
 *
 * Returns: (nullable): the folder
 *
 * Since: 1.0
 */
const char *
migrate_directory_image_source_get_path (MigrateDirectoryImageSource *self)
{
  g_return_val_if_fail (MIGRATE_IS_DIRECTORY_IMAGE_SOURCE (self), NULL);
  return self->path;
}

/**
 * migrate_directory_image_source_get_checksums:
 * @self: an image source
 *
 * Gets [property@Migrate.DirectoryImageSource:checksums].
 *
 * Returns: (nullable): the file of checksums
 *
 * Since: 1.0
 */
const char *
migrate_directory_image_source_get_checksums (MigrateDirectoryImageSource *self)
{
  g_return_val_if_fail (MIGRATE_IS_DIRECTORY_IMAGE_SOURCE (self), NULL);
  return self->checksums;
}
