/* The rewriting alone, for tests/bench/xml: how long all documents of a list take, round by round,
 * from text to text.
 *
 * Arguments: the mapping, a file with a path in each line, the number of rounds, and a folder for
 * the results. Each round is started by a line on stdin, so that it can be had in turn with
 * others'. Prints how many changes there are, and then the seconds of the processor that each round
 * took. */
#include "xml/rewrite-private.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static GPtrArray *
read_documents (const char *list)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) paths = NULL;
  GPtrArray *documents = g_ptr_array_new_with_free_func (g_free);

  if (!g_file_get_contents (list, &text, NULL, NULL))
    exit (1);
  paths = g_strsplit (text, "\n", -1);
  for (guint i = 0; paths[i] != NULL && *paths[i] != '\0'; i++)
    {
      char *document;

      if (!g_file_get_contents (paths[i], &document, NULL, NULL))
        exit (1);
      g_ptr_array_add (documents, document);
    }
  return documents;
}

static guint
rewrite_all (GPtrArray *documents, const MigrateRewrite *how, const char *folder)
{
  guint n_changes = 0;

  for (guint i = 0; i < documents->len; i++)
    {
      g_autoptr (MigrateRewritten) result = _migrate_xml_rewrite (documents->pdata[i], how, NULL);

      if (result == NULL)
        exit (1);
      n_changes += result->changes->len;
      if (folder != NULL)
        {
          g_autofree char *path = g_strdup_printf ("%s/%u.xml", folder, i);

          if (!g_file_set_contents (path, result->xml, -1, NULL))
            exit (1);
        }
    }
  return n_changes;
}

int
main (int argc, char **argv)
{
  g_autoptr (MigrateMapping) mapping = NULL;
  g_autoptr (GPtrArray) documents = NULL;
  MigrateRewrite how = { NULL };
  char line[16];

  if (argc != 4)
    return 64;
  mapping = migrate_mapping_new_from_file (argv[1], NULL);
  if (mapping == NULL)
    return 1;
  how.profile = mapping; /* for many guests */
  documents = read_documents (argv[2]);
  printf ("%u\n", rewrite_all (documents, &how, argv[3]));
  fflush (stdout);
  while (fgets (line, sizeof line, stdin) != NULL)
    {
      clock_t start = clock ();

      rewrite_all (documents, &how, NULL /* folder */);
      printf ("%.6f\n", (double) (clock () - start) / CLOCKS_PER_SEC);
      fflush (stdout);
    }
  return 0;
}
