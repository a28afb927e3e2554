/* Sets of processors or nodes. */
#include "xml/cpu-set-private.h"

#include "xml/host-private.h"

#include <string.h>

/* As many as libvirt lets a set have. */
#define MOST_CPUS 16384

typedef struct
{
  gboolean has[MOST_CPUS];
} Set;

static gboolean
parse_number (const char **at, guint *number)
{
  guint64 value = 0;

  if (!g_ascii_isdigit (**at))
    return FALSE;
  for (; g_ascii_isdigit (**at) && value < MOST_CPUS; (*at)++)
    value = value * 10 + (guint64) g_ascii_digit_value (**at);
  *number = (guint) value;
  return value < MOST_CPUS;
}

/* The next of "3", "0-7" and "^2". */
static gboolean
parse_part (const char **at, Set *set)
{
  gboolean without = **at == '^';
  guint from, to;

  *at += without;
  if (!parse_number (at, &from))
    return FALSE;
  to = from;
  if (**at == '-')
    {
      (*at)++;
      if (without || !parse_number (at, &to) || to < from)
        return FALSE;
    }
  for (guint i = from; i <= to; i++)
    set->has[i] = !without;
  return TRUE;
}

static Set *
parse (const char *text)
{
  g_autofree Set *set = g_new0 (Set, 1);
  g_autofree char *packed = NULL;
  g_auto (GStrv) pieces = g_strsplit_set (text != NULL ? text : "", " \t\r\n", -1);
  const char *at;

  packed = g_strjoinv (NULL, pieces);
  for (at = packed; *at != '\0';)
    {
      if (!parse_part (&at, set) || (*at != '\0' && *at != ','))
        return NULL;
      at += *at == ',';
    }
  return g_steal_pointer (&set);
}

static char *
format_ranges (const guint *ids, guint n_ids)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < n_ids;)
    {
      guint last = i;

      while (last + 1 < n_ids && ids[last + 1] - ids[last] <= 1)
        last++;
      g_string_append_printf (text, ids[i] != ids[last] ? "%s%u-%u" : "%s%u",
                              text->len > 0 ? "," : "", ids[i], ids[last]);
      i = last + 1;
    }
  return text->len > 0 ? g_string_free (g_steal_pointer (&text), FALSE) : NULL;
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  guint first = *(const guint *) a, second = *(const guint *) b;

  return (first > second) - (first < second);
}

char *
_migrate_cpu_set_format (GArray *ids)
{
  g_array_sort (ids, compare_ids);
  return format_ranges ((const guint *) ids->data, ids->len);
}

/* What cannot be read contains nothing, and is contained in nothing. */
gboolean
_migrate_cpu_set_contains (const char *large, const char *small, char **missing)
{
  g_autofree Set *in = parse (large);
  g_autofree Set *asked = parse (small);
  g_autoptr (GArray) without = g_array_new (FALSE, FALSE, sizeof (guint));

  if (asked == NULL)
    {
      if (missing != NULL)
        *missing = g_strdup (small);
      return FALSE;
    }
  for (guint i = 0; i < MOST_CPUS; i++)
    if (asked->has[i] && (in == NULL || !in->has[i]))
      g_array_append_val (without, i);
  if (without->len > 0 && missing != NULL)
    *missing = _migrate_cpu_set_format (without);
  return without->len == 0;
}
