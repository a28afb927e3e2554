/* URIs come from a program's users and end in libvirt, in ssh's arguments and in QEMU's monitor.
 * They are checked once, here, before anything is opened. Pure. */
#include "model/model-private.h"

#include <string.h>

/* Parameters of libvirt's connection URIs that name a program to run or a file to trust. */
static const char *const program_parameters[] = { "command", "netcat", "keyfile", "known_hosts" };

static gboolean
refuse (GError **error, const char *uri, const char *why)
{
  g_autofree char *shown = _migrate_uri_redact (uri);

  _migrate_set_error (error, MIGRATE_ERROR_INVALID, "Give a URI such as “qemu+ssh://host/system”",
                      "URI “%s” is not accepted: %s", shown, why);
  return FALSE;
}

static gboolean
is_plain (const char *text, const char *extra)
{
  for (; *text != '\0'; text++)
    if (!g_ascii_isalnum (*text) && strchr (extra, *text) == NULL)
      return FALSE;
  return TRUE;
}

static gboolean
check_host (const char *uri, const char *host, gboolean needed, GError **error)
{
  if (needed && (host == NULL || *host == '\0'))
    return refuse (error, uri, "it names no host");
  if (host == NULL || *host == '\0')
    return TRUE;
  if (*host == '-')
    return refuse (error, uri, "the host name begins with a dash");
  if (strchr (host, ':') != NULL) /* g_uri_parse() has taken the brackets off */
    {
      if (!is_plain (host, ":.%-_"))
        return refuse (error, uri, "the host is not an IPv6 address");
      return TRUE;
    }
  if (!is_plain (host, ".-_"))
    return refuse (error, uri, "the host name has a character that names do not have");
  return TRUE;
}

static gboolean
check_query (const char *uri, const char *query, GError **error)
{
  g_autoptr (GHashTable) params = NULL;

  if (query == NULL)
    return TRUE;
  params = g_uri_parse_params (query, -1, "&;", G_URI_PARAMS_CASE_INSENSITIVE, NULL);
  if (params == NULL)
    return refuse (error, uri, "its parameters cannot be read");
  for (gsize i = 0; i < G_N_ELEMENTS (program_parameters); i++)
    if (g_hash_table_contains (params, program_parameters[i]))
      {
        g_autofree char *why
          = g_strdup_printf ("the parameter “%s” names a program or a file of trust; put it into "
                             "the host's ssh or libvirt configuration",
                             program_parameters[i]);
        return refuse (error, uri, why);
      }
  return TRUE;
}

static gboolean
check_scheme (const char *uri, const char *scheme, MigrateUriUse use, GError **error)
{
  static const char *const data_schemes[] = { "tcp", "unix", "rdma", NULL };
  static const char *const disks_schemes[] = { "tcp", "unix", NULL };

  if (use == MIGRATE_URI_DATA && !g_strv_contains (data_schemes, scheme))
    return refuse (error, uri, "memory travels over tcp, unix or rdma");
  if (use == MIGRATE_URI_DISKS && !g_strv_contains (disks_schemes, scheme))
    return refuse (error, uri, "disks travel over tcp or unix");
  if (use == MIGRATE_URI_CONNECTION && g_str_has_suffix (scheme, "+ext"))
    return refuse (error, uri, "the transport “ext” runs a program");
  if (!is_plain (scheme, "+-."))
    return refuse (error, uri, "the scheme has a character that schemes do not have");
  return TRUE;
}

gboolean
_migrate_uri_check (const char *uri, MigrateUriUse use, GError **error)
{
  g_autoptr (GUri) parsed = NULL;
  const char *user;

  if (uri == NULL || *uri == '\0')
    {
      _migrate_set_error (error, MIGRATE_ERROR_INVALID,
                          "Give a URI such as “qemu+ssh://host/system”", "The URI is empty");
      return FALSE;
    }
  if (!g_utf8_validate (uri, -1, NULL) || strlen (uri) > 2048)
    return refuse (error, "…", "it is not text, or longer than 2048 bytes");
  for (const char *c = uri; *c != '\0'; c++)
    if ((guchar) *c <= ' ' || *c == 0x7f || strchr ("\"'`\\<>^|{}$", *c) != NULL)
      return refuse (error, uri, "it has a blank, quote or control character");
  parsed = g_uri_parse (
    uri, G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_ENCODED_PATH | G_URI_FLAGS_ENCODED_QUERY, NULL);
  if (parsed == NULL)
    return refuse (error, uri, "it cannot be parsed");
  if (g_uri_get_fragment (parsed) != NULL)
    return refuse (error, uri, "it has a fragment");
  if (g_uri_get_password (parsed) != NULL)
    return refuse (error, uri, "it carries a password; use libvirt's auth.conf");
  user = g_uri_get_user (parsed);
  if (user != NULL && (*user == '-' || !is_plain (user, ".-_@")))
    return refuse (error, uri, "the user name has a character that names do not have");
  return check_scheme (uri, g_uri_get_scheme (parsed), use, error)
         && check_host (uri, g_uri_get_host (parsed),
                        use == MIGRATE_URI_DISKS && g_str_equal (g_uri_get_scheme (parsed), "tcp"),
                        error)
         && check_query (uri, g_uri_get_query (parsed), error);
}

char *
_migrate_uri_redact (const char *uri)
{
  const char *authority, *at, *colon, *end;
  GString *shown;

  if (uri == NULL)
    return g_strdup ("");
  authority = strstr (uri, "://");
  if (authority != NULL)
    {
      authority += 3;
      end = authority + strcspn (authority, "/?#");
      at = memrchr (authority, '@', (gsize) (end - authority));
      colon = at != NULL ? memchr (authority, ':', (gsize) (at - authority)) : NULL;
      if (colon != NULL)
        {
          shown = g_string_new_len (uri, colon - uri);
          g_string_append (shown, ":…");
          g_string_append (shown, at);
          return g_string_free (shown, FALSE);
        }
    }
  return g_utf8_make_valid (uri, -1);
}
