/* Act: asking the program for a backing file, and what to make of the answer. Who answers names a
 * file; nothing of it is believed before it was read. */
#include "storage/fetch-private.h"

#include "steps/request-private.h"

#include <string.h>

/* ---- the question ---- */

static void
copy_value (GVariantBuilder *builder, GVariant *row, const char *key)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (row, key, NULL /* type */);

  if (value != NULL)
    g_variant_builder_add (builder, "{sv}", key, value);
}

static char *
name_of (GVariant *row)
{
  const char *path = _migrate_variant_string (row, "path");

  return path != NULL ? g_path_get_basename (path) : NULL;
}

static GVariant *
describe (MigrateWork *work, GVariant *row)
{
  static const char *const keys[]
    = { "path", "size", "capacity", "format", "target", "path-there", "pool-there", "name-there" };
  g_autofree char *name = name_of (row);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  _migrate_work_describe (work, &builder, NULL /* guest */);
  _migrate_builder_add_string (&builder, "name", name);
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    copy_value (&builder, row, keys[i]);
  return g_variant_builder_end (&builder);
}

static GVariant *
ask (MigrateWork *work, GVariant *row, GError **error)
{
  const MigrateQuestion question = {
    .object = work->image_source,
    .call = (MigrateRequestFunc) migrate_image_source_fetch,
    .subject = MIGRATE_REQUEST_SUBJECT_IMAGE_FETCH,
    .side = MIGRATE_SIDE_DESTINATION,
    .details = describe (work, row),
    .timeout_key = "fetch-timeout",
  };

  return _migrate_request_ask (work, &question, error);
}

/* ---- the answer ---- */

static gboolean
refuse (GError **error, GVariant *row, const char *format, ...) G_GNUC_PRINTF (3, 4);

static gboolean
refuse (GError **error, GVariant *row, const char *format, ...)
{
  g_autofree char *why = NULL;
  va_list args;

  va_start (args, format);
  why = g_strdup_vprintf (format, args);
  va_end (args);
  _migrate_set_error (error, MIGRATE_ERROR_INVALID,
                      "Give the image source the same file, or let it refuse with “not-found”: the "
                      "source host serves it then",
                      "What the image source has for “%s” is not that file: %s",
                      _migrate_variant_string (row, "path"), why);
  return FALSE;
}

static gboolean
is_checksum (const char *text)
{
  return strspn (text, "0123456789abcdefABCDEF") == MIGRATE_SHA256_LENGTH
         && strlen (text) == MIGRATE_SHA256_LENGTH;
}

/* Of either type; in the other it may be a path that is no text. */
static const char *
local_path (GVariant *reply, GVariant **holder)
{
  const char *path = _migrate_variant_string (reply, "path");

  if (path != NULL)
    return path;
  *holder = g_variant_lookup_value (reply, "path", G_VARIANT_TYPE_BYTESTRING);
  return *holder != NULL ? g_variant_get_bytestring (*holder) : NULL;
}

static gboolean
take_place (GVariantDict *dict, GVariant *reply, GVariant *row, GError **error)
{
  g_autoptr (GVariant) holder = NULL;
  const char *path = local_path (reply, &holder);
  const char *pool = _migrate_variant_string (reply, "pool");
  const char *name = _migrate_variant_string (reply, "name");
  const char *side = _migrate_variant_string (reply, "side");

  if (path != NULL)
    {
      g_variant_dict_insert_value (dict, MIGRATE_FETCH_LOCAL, g_variant_new_bytestring (path));
      return g_path_is_absolute (path) || refuse (error, row, "“%s” is no absolute path", path);
    }
  if (pool == NULL || name == NULL)
    return refuse (error, row, "the answer has neither “path”, nor “pool” and “name”");
  if (side != NULL && !g_str_equal (side, "source") && !g_str_equal (side, "destination"))
    return refuse (error, row, "“%s” is no side", side);
  g_variant_dict_insert (dict, MIGRATE_FETCH_POOL, "s", pool);
  g_variant_dict_insert (dict, MIGRATE_FETCH_NAME, "s", name);
  g_variant_dict_insert (dict, MIGRATE_FETCH_SIDE, "s", side != NULL ? side : "destination");
  return TRUE;
}

/* Of whatever type a program's language has for numbers. */
static guint64
read_size (GVariant *reply, guint64 otherwise)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (reply, "size", NULL /* type */);

  if (value == NULL)
    return otherwise;
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64))
    return g_variant_get_uint64 (value);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_UINT32))
    return g_variant_get_uint32 (value);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT64))
    return (guint64) MAX (g_variant_get_int64 (value), 0);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT32))
    return (guint64) MAX (g_variant_get_int32 (value), 0);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_DOUBLE))
    return (guint64) CLAMP (g_variant_get_double (value), 0.0, 9e15);
  return 0;
}

static GVariant *
read_answer (GVariant *reply, GVariant *row, GError **error)
{
  guint64 wanted = _migrate_variant_uint64 (row, "size", 0);
  guint64 size = read_size (reply, wanted);
  const char *checksum = _migrate_variant_string (reply, "checksum");
  GVariantDict dict;
  gboolean ok;

  g_variant_dict_init (&dict, row);
  ok = take_place (&dict, reply, row, error);
  if (ok && size != wanted)
    ok = refuse (error, row, "it has %" G_GUINT64_FORMAT " bytes, not %" G_GUINT64_FORMAT, size,
                 wanted);
  if (ok && checksum != NULL && !is_checksum (checksum))
    ok = refuse (error, row, "“%s” is no SHA-256 checksum", checksum);
  if (checksum != NULL)
    g_variant_dict_insert (&dict, MIGRATE_FETCH_CHECKSUM, "s", checksum);
  if (ok)
    return g_variant_ref_sink (g_variant_dict_end (&dict));
  g_variant_dict_clear (&dict);
  return NULL;
}

/* Of a volume its host says how large its file is. */
static gboolean
prove_volume (MigrateWork *work, GVariant *from, GError **error)
{
  const char *pool = _migrate_variant_string (from, MIGRATE_FETCH_POOL);
  const char *name = _migrate_variant_string (from, MIGRATE_FETCH_NAME);
  const char *side = _migrate_variant_string (from, MIGRATE_FETCH_SIDE);
  guint64 wanted = _migrate_variant_uint64 (from, "size", 0);
  g_autoptr (MigrateVolume) volume = NULL;
  GError *failed = NULL;

  if (pool == NULL)
    return TRUE;
  volume = _migrate_ask_volume (
    work, g_str_equal (side, "source") ? MIGRATE_SIDE_SOURCE : MIGRATE_SIDE_DESTINATION, pool, name,
    &failed);
  if (failed != NULL)
    {
      g_propagate_error (error, failed);
      return FALSE;
    }
  if (volume == NULL)
    return refuse (error, from, "there is no volume “%s” in pool “%s” at the %s", name, pool, side);
  return volume->physical == wanted
         || refuse (error, from,
                    "volume “%s” has %" G_GUINT64_FORMAT " bytes, not %" G_GUINT64_FORMAT, name,
                    volume->physical, wanted);
}

static GVariant *
step_args (GVariant *row)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  _migrate_builder_add_string (&builder, "id", _migrate_variant_string (row, "id"));
  _migrate_builder_add_string (&builder, "path", _migrate_variant_string (row, "path"));
  return g_variant_builder_end (&builder);
}

gboolean
_migrate_fetch (MigrateWork *work, GVariant *row, GVariant **from, GError **error)
{
  g_autoptr (GVariant) reply = NULL;
  GError *refused = NULL;
  MigrateStepEntry *step;

  *from = NULL;
  if (work->image_source == NULL)
    return TRUE;
  step = _migrate_steps_begin (work, "fetch-image", step_args (row), error);
  if (step == NULL)
    return FALSE;
  reply = ask (work, row, &refused);
  if (g_error_matches (refused, MIGRATE_ERROR, MIGRATE_ERROR_NOT_FOUND))
    {
      _migrate_work_decide (work, "fetch-from-source", "“%s” is copied from the source: %s",
                            _migrate_variant_string (row, "path"), refused->message);
      g_error_free (refused);
      return _migrate_steps_end (work, step, NULL /* failure */, error);
    }
  if (reply != NULL)
    *from = read_answer (reply, row, &refused);
  if (*from != NULL && !prove_volume (work, *from, &refused))
    g_clear_pointer (from, g_variant_unref);
  if (*from != NULL)
    return _migrate_steps_end (work, step, NULL /* failure */, error);
  _migrate_steps_end (work, step, refused, NULL /* error */);
  g_propagate_prefixed_error (error, refused,
                              "Fetching “%s”: ", _migrate_variant_string (row, "path"));
  return FALSE;
}

/* ---- the proof ---- */

/* Two images of one name and one size differ in many places, as a rule; that the answer's checksum
 * is right says which image it is, not that it is this guest's. */
gboolean
_migrate_fetch_prove (MigrateWork *work, GVariant *from, GError **error)
{
  gboolean whole = _migrate_variant_string (from, MIGRATE_FETCH_CHECKSUM) == NULL
                   || _migrate_policy_get_enum (work->policy, "verify") == MIGRATE_VERIFY_ALWAYS;
  gboolean same;

  if (!(whole ? _migrate_stream_compare (work, from, &same, error)
              : _migrate_stream_compare_parts (work, from, &same, error)))
    return FALSE;
  return same || refuse (error, from, "it differs from the source's");
}
