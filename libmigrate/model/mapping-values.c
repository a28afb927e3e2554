/* The values of a mapping are strangers' text that ends in a guest's document: each is held to what
 * its kind may be, and brought into one form, so that it can be looked up. Pure. */
#include "model/mapping-private.h"

#include <string.h>

#define MOST_NAME 255
#define MOST_PATH 4096 /* PATH_MAX */

/* XML 1.0 has no control characters, surrogates, U+FFFE and U+FFFF; nothing that we name has the
 * first. */
static gboolean
is_text (const char *text, gsize most)
{
  gsize length = strnlen (text, most + 1);

  if (length == 0 || length > most || !g_utf8_validate (text, (gssize) length, NULL))
    return FALSE;
  for (const char *c = text; *c != '\0'; c = g_utf8_next_char (c))
    {
      gunichar character = g_utf8_get_char (c);

      if (g_unichar_iscntrl (character) || (character & 0xfffe) == 0xfffe)
        return FALSE;
    }
  return TRUE;
}

static gboolean
is_name (const char *text)
{
  return is_text (text, MOST_NAME) && strchr (text, '/') == NULL && !g_str_equal (text, ".")
         && !g_str_equal (text, "..");
}

/* Only these characters, from 1 to most of them. */
static gboolean
is_made_of (const char *text, const char *extra, gsize most)
{
  gsize length = 0;

  for (; text[length] != '\0'; length++)
    if (length >= most || (!g_ascii_isalnum (text[length]) && strchr (extra, text[length]) == NULL))
      return FALSE;
  return length > 0;
}

static char *
copy_if (gboolean is_good, const char *text)
{
  return is_good ? g_strdup (text) : NULL;
}

static char *
to_path (const char *text)
{
  g_autoptr (GString) path = g_string_new (NULL);
  g_auto (GStrv) parts = NULL;

  if (*text != '/' || !is_text (text, MOST_PATH))
    return NULL;
  parts = g_strsplit (text, "/", -1);
  for (gsize i = 0; parts[i] != NULL; i++)
    {
      if (g_str_equal (parts[i], ".."))
        return NULL;
      if (*parts[i] != '\0' && !g_str_equal (parts[i], "."))
        g_string_append_printf (path, "/%s", parts[i]);
    }
  if (path->len == 0)
    g_string_append_c (path, '/');
  return g_string_free (g_steal_pointer (&path), FALSE);
}

static char *
to_mac (const char *text)
{
  GString *mac = g_string_new (NULL);

  for (guint i = 0; i < 6; i++)
    {
      guint value = 0, digits = 0;

      for (; g_ascii_isxdigit (*text) && digits < 2; text++, digits++)
        value = value * 16 + (guint) g_ascii_xdigit_value (*text);
      g_string_append_printf (mac, "%s%02x", i > 0 ? ":" : "", value);
      if (digits == 0 || (i < 5 ? *text++ != ':' : *text != '\0'))
        {
          g_string_free (mac, TRUE);
          return NULL;
        }
    }
  return g_string_free (mac, FALSE);
}

static char *
to_uuid (const char *text)
{
  GString *uuid = g_string_sized_new (36);
  guint digits = 0;

  for (; *text != '\0' && digits <= 32; text++)
    {
      if (*text == '-' && digits > 0 && text[1] != '-' && text[1] != '\0')
        continue;
      if (!g_ascii_isxdigit (*text))
        break;
      if (digits == 8 || digits == 12 || digits == 16 || digits == 20)
        g_string_append_c (uuid, '-');
      g_string_append_c (uuid, g_ascii_tolower (*text));
      digits++;
    }
  return g_string_free (uuid, *text != '\0' || digits != 32);
}

/* Up to most, in base 16 or 10, and then the character after. */
static gboolean
take_number (const char **text, guint base, guint64 most, char after, guint *number)
{
  char *end;
  guint64 value;

  if (base == 16 ? !g_ascii_isxdigit (**text) : !g_ascii_isdigit (**text))
    return FALSE;
  value = g_ascii_strtoull (*text, &end, base);
  if (value > most || *end != after)
    return FALSE;
  *number = (guint) value;
  *text = after != '\0' ? end + 1 : end;
  return TRUE;
}

static char *
to_pci (const char *text)
{
  guint domain = 0, bus, slot, function;
  const char *colon = strchr (text, ':');

  if (colon != NULL && strchr (colon + 1, ':') != NULL
      && !take_number (&text, 16, 0xffff, ':', &domain))
    return NULL;
  if (!take_number (&text, 16, 0xff, ':', &bus) || !take_number (&text, 16, 0x1f, '.', &slot)
      || !take_number (&text, 16, 7, '\0', &function))
    return NULL;
  return g_strdup_printf ("%04x:%02x:%02x.%x", domain, bus, slot, function);
}

static char *
to_usb (const char *text)
{
  guint first, second;
  const char *t = text;

  if (take_number (&t, 16, 0xffff, ':', &first) && take_number (&t, 16, 0xffff, '\0', &second))
    return g_strdup_printf ("%04x:%04x", first, second);
  t = text;
  if (take_number (&t, 10, 999, '.', &first) && take_number (&t, 10, 999, '\0', &second))
    return g_strdup_printf ("%u.%u", first, second);
  return NULL;
}

static char *
to_number (const char *text, guint least, guint most)
{
  guint number;

  if (!take_number (&text, 10, most, '\0', &number) || number < least)
    return NULL;
  return g_strdup_printf ("%u", number);
}

static char *
to_kib (const char *text)
{
  static const char units[] = "KMGT";
  char *end;
  const char *unit;
  guint64 kib = g_ascii_isdigit (*text) ? g_ascii_strtoull (text, &end, 10) : 0;

  if (kib == 0 || kib > G_MAXUINT32)
    return NULL;
  unit = *end != '\0' ? strchr (units, *end) : units;
  if (unit == NULL || (*end != '\0' && end[1] != '\0' && strcmp (end + 1, "iB") != 0))
    return NULL;
  return g_strdup_printf ("%" G_GUINT64_FORMAT, kib << (10 * (unit - units)));
}

static char *
to_cpus (const char *text)
{
  MigrateCpus cpus;

  return _migrate_cpus_parse (text, &cpus) ? _migrate_cpus_format (&cpus) : NULL;
}

static gboolean
is_address (const char *text)
{
  if (*text == '-')
    return FALSE;
  return is_made_of (text, ".-_", MOST_NAME)
         || (strchr (text, ':') != NULL && is_made_of (text, ":.%-_", 64));
}

/* "host", "host:port", "[address]:port", or an IPv6 address by itself. */
static char *
to_host (const char *text)
{
  const char *colon = strrchr (text, ':');
  g_autofree char *host = NULL, *port = NULL;

  if (*text == '[')
    {
      const char *end = strchr (text, ']');

      if (end == NULL || (end[1] != '\0' && end[1] != ':'))
        return NULL;
      host = g_strndup (text + 1, (gsize) (end - text - 1));
      colon = end[1] == ':' ? end + 1 : NULL;
    }
  else if (colon != NULL && strchr (text, ':') == colon)
    host = g_strndup (text, (gsize) (colon - text));
  else
    {
      host = g_strdup (text);
      colon = NULL;
    }
  if (!is_address (host))
    return NULL;
  if (colon == NULL)
    return g_steal_pointer (&host);
  port = to_number (colon + 1, 1, 65535);
  if (port == NULL)
    return NULL;
  return g_strdup_printf (strchr (host, ':') != NULL ? "[%s]:%s" : "%s:%s", host, port);
}

static char *
to_hosts (const char *text)
{
  g_auto (GStrv) words = NULL;
  g_autoptr (GString) hosts = g_string_new (NULL);

  if (!is_text (text, MOST_PATH))
    return NULL;
  words = g_strsplit_set (text, " ,", -1);
  for (gsize i = 0; words[i] != NULL; i++)
    {
      g_autofree char *host = *words[i] != '\0' ? to_host (words[i]) : NULL;

      if (*words[i] == '\0')
        continue;
      if (host == NULL)
        return NULL;
      g_string_append_printf (hosts, "%s%s", hosts->len > 0 ? " " : "", host);
    }
  return hosts->len > 0 ? g_string_free (g_steal_pointer (&hosts), FALSE) : NULL;
}

static char *
to_disk (const char *text)
{
  const char *colon = strchr (text, ':');
  g_autofree char *first = NULL;

  if (*text == '/')
    return to_path (text);
  if (colon == NULL)
    return copy_if (is_made_of (text, "", 32), text);
  first = g_strndup (text, (gsize) (colon - text));
  return copy_if (is_name (first) && is_text (colon + 1, MOST_PATH), text);
}

/* What is a word, a colon and a name, or a number. */
static char *
to_named (const char *text, const char *const *words, gboolean numbered)
{
  const char *colon = strchr (text, ':');
  g_autofree char *word = NULL, *number = NULL;

  if (colon == NULL)
    return NULL;
  word = g_strndup (text, (gsize) (colon - text));
  if (!g_strv_contains (words, word))
    return NULL;
  if (!numbered)
    return copy_if (is_name (colon + 1), text);
  number = to_number (colon + 1, 0, MIGRATE_N_CPUS - 1);
  return number != NULL ? g_strdup_printf ("%s:%s", word, number) : NULL;
}

static char *
to_pin (const char *text)
{
  static const char *const words[] = { "vcpu", "iothread", NULL };

  if (g_str_equal (text, "emulator") || g_str_equal (text, "shared"))
    return g_strdup (text);
  return to_named (text, words, TRUE);
}

static char *
to_endpoint (const char *text)
{
  static const char *const words[] = { "serial", "console", "parallel", "channel", NULL };

  return to_named (text, words, FALSE);
}

static char *
to_secret (const char *text)
{
  char *uuid = to_uuid (text);

  return uuid != NULL ? uuid : copy_if (is_text (text, MOST_NAME), text);
}

static gboolean
is_uri (const char *text)
{
  const char *colon = strchr (text, ':');

  return colon != NULL && colon > text && is_made_of (text, ":/.-_#?=&~%+,;@", MOST_NAME);
}

static char *
normalize (MigrateValueType type, const char *const *words, const char *text)
{
  switch (type)
    {
    case MIGRATE_VALUE_TEXT:
      return copy_if (is_text (text, MOST_NAME), text);
    case MIGRATE_VALUE_NAME:
      return copy_if (is_name (text), text);
    case MIGRATE_VALUE_IMAGE:
      return copy_if (is_text (text, MOST_PATH), text);
    case MIGRATE_VALUE_PATH:
      return to_path (text);
    case MIGRATE_VALUE_MAC:
      return to_mac (text);
    case MIGRATE_VALUE_UUID:
      return to_uuid (text);
    case MIGRATE_VALUE_PCI:
      return to_pci (text);
    case MIGRATE_VALUE_USB:
      return to_usb (text);
    case MIGRATE_VALUE_CPUS:
      return to_cpus (text);
    case MIGRATE_VALUE_NUMBER:
      return to_number (text, 0, MIGRATE_N_CPUS - 1);
    case MIGRATE_VALUE_KIB:
      return to_kib (text);
    case MIGRATE_VALUE_ADDRESS:
      return copy_if (is_address (text), text);
    case MIGRATE_VALUE_HOST:
      return to_host (text);
    case MIGRATE_VALUE_HOSTS:
      return to_hosts (text);
    case MIGRATE_VALUE_PORT:
      return to_number (text, 1, 65535);
    case MIGRATE_VALUE_WORD:
      return copy_if (g_strv_contains (words, text), text);
    case MIGRATE_VALUE_URI:
      return copy_if (is_uri (text), text);
    case MIGRATE_VALUE_DISK:
      return to_disk (text);
    case MIGRATE_VALUE_ENDPOINT:
      return to_endpoint (text);
    case MIGRATE_VALUE_PIN:
      return to_pin (text);
    case MIGRATE_VALUE_SECRET:
      return to_secret (text);
    case MIGRATE_VALUE_LISTEN:
      return copy_if (is_address (text) || g_str_equal (text, "*"), text);
    }
  return NULL;
}

const char *
_migrate_value_type_describe (MigrateValueType type)
{
  static const char *const meanings[] = {
    [MIGRATE_VALUE_TEXT] = "text of up to 255 bytes",
    [MIGRATE_VALUE_NAME] = "a name without slashes",
    [MIGRATE_VALUE_IMAGE] = "the name of an image",
    [MIGRATE_VALUE_PATH] = "an absolute path without “..”",
    [MIGRATE_VALUE_MAC] = "an address such as 52:54:00:12:34:56",
    [MIGRATE_VALUE_UUID] = "a UUID",
    [MIGRATE_VALUE_PCI] = "a PCI address such as 0000:06:12.5",
    [MIGRATE_VALUE_USB] = "vendor and product such as 046d:0825, or bus and device such as 1.4",
    [MIGRATE_VALUE_CPUS] = "a set such as 0-3,8",
    [MIGRATE_VALUE_NUMBER] = "a number below 16384",
    [MIGRATE_VALUE_KIB] = "a size in KiB, or with K, M or G",
    [MIGRATE_VALUE_ADDRESS] = "an IP address or host name",
    [MIGRATE_VALUE_HOST] = "a host or host:port",
    [MIGRATE_VALUE_HOSTS] = "hosts, each with or without :port",
    [MIGRATE_VALUE_PORT] = "a port from 1 to 65535",
    [MIGRATE_VALUE_WORD] = "one word of a list",
    [MIGRATE_VALUE_URI] = "the URI of a namespace",
    [MIGRATE_VALUE_DISK] = "a target such as vda, an absolute path, pool:volume or protocol:name",
    [MIGRATE_VALUE_ENDPOINT] = "serial:, console:, parallel: or channel: with port or name",
    [MIGRATE_VALUE_PIN] = "vcpu:N, iothread:N, emulator or shared",
    [MIGRATE_VALUE_SECRET] = "the UUID or usage of a secret",
    [MIGRATE_VALUE_LISTEN] = "vnc, spice, an address, or * for any",
  };

  return meanings[type];
}

char *
_migrate_value_show (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, (gssize) strnlen (text, 80));
  g_autoptr (GString) shown = g_string_new (NULL);

  for (const char *c = valid; *c != '\0'; c = g_utf8_next_char (c))
    {
      gunichar character = g_utf8_get_char (c);

      g_string_append_unichar (shown, g_unichar_iscntrl (character) ? '?' : character);
    }
  if (strlen (text) > 80)
    g_string_append (shown, "…");
  return g_string_free (g_steal_pointer (&shown), FALSE);
}

char *
_migrate_value_normalize (MigrateValueType type, const char *const *words, const char *text,
                          GError **error)
{
  char *value = normalize (type, words, text);
  g_autofree char *list = NULL, *shown = NULL;

  if (value != NULL)
    return value;
  if (words != NULL)
    list = g_strjoinv (", ", (char **) words);
  shown = _migrate_value_show (text);
  _migrate_set_error (error, MIGRATE_ERROR_INVALID, "See the list of kinds and fields in “Mapping”",
                      "“%s” is not %s%s", shown, words != NULL ? "one of: " : "",
                      words != NULL ? list : _migrate_value_type_describe (type));
  return NULL;
}
