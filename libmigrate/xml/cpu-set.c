/* Whether one set of processors or nodes has all of another. */
#include "xml/host-private.h"

#include "model/mapping-private.h"

/* As documents have it: with white space, and empty. */
static gboolean
parse (const char *text, MigrateCpus *cpus)
{
  g_auto (GStrv) pieces = g_strsplit_set (text != NULL ? text : "", " \t\r\n", -1);
  g_autofree char *packed = g_strjoinv (NULL, pieces);

  *cpus = (MigrateCpus){ { 0 } };
  return *packed == '\0' || _migrate_cpus_parse (packed, cpus);
}

/* What cannot be read contains nothing, and is contained in nothing. */
gboolean
_migrate_cpu_set_contains (const char *large, const char *small, char **missing)
{
  g_autofree MigrateCpus *in = g_new0 (MigrateCpus, 1);
  g_autofree MigrateCpus *asked = g_new0 (MigrateCpus, 1);
  gboolean any = FALSE;

  if (!parse (small, asked))
    {
      if (missing != NULL)
        *missing = g_strdup (small);
      return FALSE;
    }
  if (!parse (large, in))
    *in = (MigrateCpus){ { 0 } };
  for (gsize i = 0; i < G_N_ELEMENTS (asked->words); i++)
    {
      asked->words[i] &= ~in->words[i];
      any |= asked->words[i] != 0;
    }
  if (any && missing != NULL)
    *missing = _migrate_cpus_format (asked);
  return !any;
}
