/* Secrets within a text. Rather one word too many than one too few: what is redacted is read by
 * people and compared, never given back to libvirt. */
#include "xml/redact-private.h"

#include <string.h>

/* Longer words than this are no key's name. */
#define LONGEST_KEY 128
#define MOST_PASSES 8

/* These hold a secret's name, not its value. */
static const char *const references[]
  = { "password-secret", "passwordid", "key-secret", "cookie-secret", "passwdvalidto" };
static const char *const parts[]
  = { "passw",     "passphrase", "secret",  "token",      "credential",
      "signature", "apikey",     "api_key", "privatekey", "private_key" };
static const char *const words[] = { "pass", "pwd", "key", "sig" };
static const char *const endings[] = { "-key", "_key" };

static gboolean
ends_with_any (const char *name, const char *const *list, gsize n)
{
  for (gsize i = 0; i < n; i++)
    if (g_str_has_suffix (name, list[i]))
      return TRUE;
  return FALSE;
}

gboolean
_migrate_names_secret (const char *name)
{
  g_autofree char *lower = g_ascii_strdown (name, -1);
  const char *word = strrchr (lower, ':');

  if (ends_with_any (lower, references, G_N_ELEMENTS (references)))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    if (strstr (lower, parts[i]) != NULL)
      return TRUE;
  word = word != NULL ? word + 1 : lower;
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (strcmp (word, words[i]) == 0)
      return TRUE;
  return ends_with_any (lower, endings, G_N_ELEMENTS (endings));
}

/* Puts what stands for a secret in the place of [begin, end) of the text, of which *done has been
 * copied. */
static void
replace (GString **out, const char **done, const char *begin, const char *end)
{
  if (*out == NULL)
    *out = g_string_new (NULL);
  g_string_append_len (*out, *done, begin - *done);
  g_string_append (*out, MIGRATE_REDACTED);
  *done = end;
}

static char *
finish (GString *out, const char *done)
{
  if (out == NULL)
    return NULL;
  g_string_append (out, done);
  return g_string_free (out, FALSE);
}

static gboolean
is_redacted (const char *begin, const char *end)
{
  gsize length = strlen (MIGRATE_REDACTED);

  return begin == end
         || ((gsize) (end - begin) == length && memcmp (begin, MIGRATE_REDACTED, length) == 0);
}

/* ---- URLs: scheme://user:password@host ---- */

static char *
redact_urls (const char *text)
{
  GString *out = NULL;
  const char *done = text;

  for (const char *at = strstr (text, "://"); at != NULL; at = strstr (at, "://"))
    {
      const char *end, *host, *colon;

      at += strlen ("://");
      end = at + strcspn (at, "/?# \t\r\n\"'<>");
      host = memrchr (at, '@', (gsize) (end - at));
      colon = host != NULL ? memchr (at, ':', (gsize) (host - at)) : NULL;
      if (colon != NULL && !is_redacted (colon + 1, host))
        replace (&out, &done, colon + 1, host);
    }
  return finish (out, done);
}

/* ---- pairs of key and value ---- */

static gboolean
is_blank (char c)
{
  return c == ' ' || c == '\t';
}

static gboolean
is_quote (char c)
{
  return c == '"' || c == '\'';
}

/* The word before an = or :, without blanks and quotes around it. */
static char *
key_before (const char *text, const char *at)
{
  const char *const extra = *at == '=' ? "-_.:" : "-_.";
  const char *begin;

  while (at > text && is_blank (at[-1]))
    at--;
  while (at > text && (is_quote (at[-1]) || at[-1] == '\\'))
    at--;
  begin = at;
  while (begin > text && at - begin < LONGEST_KEY
         && (g_ascii_isalnum (begin[-1]) || strchr (extra, begin[-1]) != NULL))
    begin--;
  return begin < at ? g_strndup (begin, (gsize) (at - begin)) : NULL;
}

static gsize
unit (const char *at)
{
  return at[0] == '\\' && at[1] != '\0' ? 2 : at[0] != '\0';
}

/* The end of what is in quotes: "…\"…", or, escaped as a whole, \"…\\\"…\". */
static const char *
quoted_end (const char *at, char quote, gboolean escaped)
{
  while (*at != '\0' && *at != quote)
    {
      if (escaped && at[0] == '\\' && at[1] == quote)
        break;
      if (escaped && at[0] == '\\' && at[1] == '\\')
        at += 2;
      at += unit (at);
    }
  return at;
}

/* In QEMU's arguments a comma that is part of a value is written twice. */
static const char *
plain_end (const char *at, MigrateTextKind kind)
{
  for (; *at != '\0'; at++)
    {
      if (kind == MIGRATE_TEXT_ARGUMENT && at[0] == ',' && at[1] == ',')
        at++;
      else if (strchr (kind == MIGRATE_TEXT_ARGUMENT ? "," : ",;& \t\r\n\"'", *at) != NULL)
        break;
    }
  return at;
}

static void
find_value (const char *key, const char *at, MigrateTextKind kind, const char **begin,
            const char **end)
{
  gboolean is_pair = *at == '=', escaped;

  for (at++; is_blank (*at);)
    at++;
  escaped = *at == '\\' && is_quote (at[1]);
  at += escaped;
  *begin = is_quote (*at) ? at + 1 : at;
  if (strstr (key, "io.systemd.credential") != NULL) /* the rest, whatever is in it */
    *end = at + strlen (at);
  else if (is_quote (*at))
    *end = quoted_end (at + 1, *at, escaped);
  else if (is_pair)
    *end = plain_end (at, kind);
  else
    *end = at + strcspn (at, "\r\n");
  *end = MAX (*begin, *end);
}

static char *
redact_pairs (const char *text, MigrateTextKind kind)
{
  /* What else holds one among QEMU's arguments: the data of an object “secret”, the text of a
   * firmware's file. */
  gboolean is_argument = kind == MIGRATE_TEXT_ARGUMENT;
  const char *data = is_argument && strstr (text, "secret") != NULL ? "data" : NULL;
  const char *string = is_argument && strstr (text, "name=") != NULL ? "string" : NULL;
  GString *out = NULL;
  const char *done = text;

  for (const char *at = text; (at = strpbrk (at, "=:")) != NULL; at++)
    {
      g_autofree char *key = NULL;
      const char *begin, *end;

      /* “host:port” and “scheme://” are no pairs. */
      if (*at == ':' && !is_blank (at[1]) && !is_quote (at[1]) && at[1] != '\\')
        continue;
      key = key_before (done, at);
      if (key == NULL
          || (!_migrate_names_secret (key) && g_strcmp0 (key, data) != 0
              && g_strcmp0 (key, string) != 0))
        continue;
      find_value (key, at, kind, &begin, &end);
      if (!is_redacted (begin, end))
        replace (&out, &done, begin, end);
      at = MAX (at, end - 1);
    }
  return finish (out, done);
}

/* Until nothing changes: what one takes out may have hidden something from the other. A text that
 * is made to go on so is no text that anybody wants to read. */
char *
_migrate_redact (const char *text, MigrateTextKind kind)
{
  g_autofree char *found = NULL;

  for (guint pass = 0; pass < MOST_PASSES; pass++)
    {
      const char *now = found != NULL ? found : text;
      char *next = redact_urls (now);

      if (next == NULL)
        next = redact_pairs (now, kind);
      if (next == NULL)
        return g_steal_pointer (&found);
      g_free (found);
      found = next;
    }
  return g_strdup (MIGRATE_REDACTED);
}
