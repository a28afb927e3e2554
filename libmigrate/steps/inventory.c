/* Act: reading and swapping the platform's record. What counts is what is read from it afterwards,
 * not the answer: a record may be written by a request that was given up. */
#include "steps/inventory-private.h"

#include "steps/request-private.h"

static GVariant *
ask (MigrateWork *work, MigrateRequestSubject subject, const MigrateDomain *guest,
     const char *expected, const char *host, GError **error)
{
  MigrateQuestion question = {
    .object = work->inventory,
    .call = (MigrateRequestFunc) (subject == MIGRATE_REQUEST_SUBJECT_INVENTORY_GET
                                    ? migrate_inventory_get
                                    : migrate_inventory_compare_and_set),
    .subject = subject,
    .timeout_key = "hook-timeout",
  };
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  _migrate_work_describe (work, &builder, guest);
  if (expected != NULL)
    {
      g_variant_builder_add (&builder, "{sv}", "expected", g_variant_new_string (expected));
      g_variant_builder_add (&builder, "{sv}", "host", g_variant_new_string (host));
    }
  question.details = g_variant_builder_end (&builder);
  return _migrate_request_ask (work, &question, error);
}

gboolean
_migrate_inventory_ask_get_of (MigrateWork *work, const MigrateDomain *guest, char **host,
                               GError **error)
{
  g_autoptr (GVariant) reply
    = ask (work, MIGRATE_REQUEST_SUBJECT_INVENTORY_GET, guest, NULL, NULL, error);
  const char *named;

  if (reply == NULL)
    {
      g_prefix_error (error, "Reading the platform's record: ");
      return FALSE;
    }
  named = _migrate_variant_string (reply, "host");
  if (named == NULL)
    {
      _migrate_set_error (error, MIGRATE_ERROR_FAILED, "Answer with “host”, a string",
                          "Reading the platform's record: the answer names no host");
      return FALSE;
    }
  *host = g_strdup (named);
  return TRUE;
}

gboolean
_migrate_inventory_ask_get (MigrateWork *work, char **host, GError **error)
{
  return _migrate_inventory_ask_get_of (work, NULL /* guest */, host, error);
}

static gboolean
conflict (MigrateWork *work, const char *named, const char *expected, const char *host,
          GError **error)
{
  _migrate_set_error (error, MIGRATE_ERROR_NEEDS_RECOVER,
                      "Find out who wrote that, put the record right, and follow the job",
                      "The platform's record has guest “%s” on “%s”, neither on “%s” nor on “%s”; "
                      "nothing was released",
                      work->result->guest_name, named, expected, host);
  return FALSE;
}

gboolean
_migrate_inventory_swap (MigrateWork *work, const char *expected, const char *host, GError **error)
{
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) refused = NULL;
  g_autoptr (GError) unread = NULL;

  if (!_migrate_inventory_ask_get (work, &before, error))
    return FALSE;
  if (g_str_equal (before, host))
    return TRUE;
  if (!g_str_equal (before, expected))
    return conflict (work, before, expected, host, error);
  reply = ask (work, MIGRATE_REQUEST_SUBJECT_INVENTORY_COMPARE_AND_SET, NULL /* guest */, expected,
               host, &refused);
  if (!_migrate_inventory_ask_get (work, &after, &unread))
    {
      if (refused == NULL)
        refused = g_steal_pointer (&unread);
      g_propagate_error (error, g_steal_pointer (&refused));
      g_prefix_error (error, "Swapping the platform's record: ");
      return FALSE;
    }
  if (g_str_equal (after, host))
    return TRUE;
  if (!g_str_equal (after, expected))
    return conflict (work, after, expected, host, error);
  if (refused == NULL)
    refused = _migrate_error_new (MIGRATE_ERROR_NEEDS_RECOVER, NULL /* remedy */,
                                  "the inventory answered that it has written “%s”, and the "
                                  "record still names “%s”",
                                  host, after);
  g_propagate_error (error, g_steal_pointer (&refused));
  g_prefix_error (error, "Swapping the platform's record: ");
  return FALSE;
}
