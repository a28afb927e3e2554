/* Sets of CPUs and of nodes, as libvirt writes them. */
#include "model/mapping-private.h"

#include <string.h>

static gboolean
has (const MigrateCpus *cpus, guint cpu)
{
  return cpu < MIGRATE_N_CPUS && (cpus->words[cpu / 64] >> (cpu % 64) & 1) != 0;
}

guint
_migrate_cpus_next (const MigrateCpus *cpus, guint from)
{
  for (guint i = from; i < MIGRATE_N_CPUS; i = (i | 63) + 1)
    {
      guint64 rest = cpus->words[i / 64] >> (i % 64);

      if (rest != 0)
        return i + (guint) __builtin_ctzll (rest);
    }
  return MIGRATE_N_CPUS;
}

void
_migrate_cpus_add (MigrateCpus *cpus, guint cpu)
{
  cpus->words[cpu / 64] |= G_GUINT64_CONSTANT (1) << (cpu % 64);
}

void
_migrate_cpus_unite (MigrateCpus *cpus, const MigrateCpus *with)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cpus->words); i++)
    cpus->words[i] |= with->words[i];
}

static gboolean
parse_number (const char **text, guint *number)
{
  guint value = 0;

  if (!g_ascii_isdigit (**text))
    return FALSE;
  for (; g_ascii_isdigit (**text); (*text)++)
    {
      value = value * 10 + (guint) (**text - '0');
      if (value >= MIGRATE_N_CPUS)
        return FALSE;
    }
  *number = value;
  return TRUE;
}

static gboolean
parse_range (const char **text, MigrateCpus *cpus)
{
  gboolean without = **text == '^';
  guint first, last;

  if (without)
    (*text)++;
  if (!parse_number (text, &first))
    return FALSE;
  last = first;
  if (!without && **text == '-')
    {
      (*text)++;
      if (!parse_number (text, &last) || last < first)
        return FALSE;
    }
  for (guint i = first; i <= last; i++)
    if (without)
      cpus->words[i / 64] &= ~(G_GUINT64_CONSTANT (1) << (i % 64));
    else
      _migrate_cpus_add (cpus, i);
  return TRUE;
}

gboolean
_migrate_cpus_parse (const char *text, MigrateCpus *cpus)
{
  memset (cpus, 0, sizeof *cpus);
  for (;;)
    {
      if (!parse_range (&text, cpus))
        return FALSE;
      if (*text == '\0')
        break;
      if (*text++ != ',')
        return FALSE;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (cpus->words); i++)
    if (cpus->words[i] != 0)
      return TRUE;
  return FALSE;
}

char *
_migrate_cpus_format (const MigrateCpus *cpus)
{
  GString *text = g_string_new (NULL);

  for (guint i = _migrate_cpus_next (cpus, 0); i < MIGRATE_N_CPUS;
       i = _migrate_cpus_next (cpus, i + 1))
    {
      guint first = i;

      while (has (cpus, i + 1))
        i++;
      g_string_append_printf (text, first == i ? "%s%u" : "%s%u-%u", text->len > 0 ? "," : "",
                              first, i);
    }
  return g_string_free (text, FALSE);
}
