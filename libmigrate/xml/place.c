/* Places in a document: matched from the element upwards, for that is what a walk has at hand. */
#include "xml/place-private.h"

#include <string.h>

typedef struct
{
  char **names;
  char ***types; /* of each name; NULL: any */
  gboolean deep;
} Step;

struct _MigratePlace
{
  Step *steps;
  gint n_steps;
};

/* "a[t|u]|b" */
static void
parse_step (Step *step, const char *text)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new (), types = g_ptr_array_new ();

  step->deep = g_str_equal (text, "**");
  while (*text != '\0')
    {
      gsize length = strcspn (text, "[|");

      g_ptr_array_add (names, g_strndup (text, length));
      text += length;
      if (*text == '[')
        {
          g_autofree char *inside = g_strndup (text + 1, strcspn (text + 1, "]"));

          g_ptr_array_add (types, g_strsplit (inside, "|", -1));
          text = strchr (text, ']') + 1;
        }
      else
        g_ptr_array_add (types, NULL);
      text += *text == '|';
    }
  g_ptr_array_add (names, NULL);
  step->names = (char **) g_ptr_array_steal (names, NULL);
  step->types = (char ***) g_ptr_array_steal (types, NULL);
}

MigratePlace *
_migrate_place_new (const char *text)
{
  MigratePlace *self = g_new0 (MigratePlace, 1);
  g_auto (GStrv) parts = g_strsplit (text, "/", -1);

  self->n_steps = (gint) g_strv_length (parts);
  self->steps = g_new0 (Step, (gsize) self->n_steps);
  for (gint i = 0; i < self->n_steps; i++)
    parse_step (&self->steps[i], parts[i]);
  return self;
}

static gboolean
is_one_of (char **words, const char *word)
{
  for (; *words != NULL; words++)
    if (strcmp (*words, word) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
match_step (const Step *step, const xmlNode *node)
{
  if (node->type != XML_ELEMENT_NODE || node->ns != NULL)
    return FALSE;
  for (guint i = 0; step->names[i] != NULL; i++)
    if (strcmp (step->names[i], (const char *) node->name) == 0)
      {
        const char *type = _migrate_node_peek (node, "type");

        return step->types[i] == NULL || (type != NULL && is_one_of (step->types[i], type));
      }
  return FALSE;
}

static gboolean
match_up (const MigratePlace *self, gint i, const xmlNode *node)
{
  if (node == NULL || node->type != XML_ELEMENT_NODE)
    return FALSE;
  if (i < 0)
    return node->parent != NULL && node->parent->type != XML_ELEMENT_NODE;
  if (!self->steps[i].deep)
    return match_step (&self->steps[i], node) && match_up (self, i - 1, node->parent);
  for (; node != NULL; node = node->parent)
    if (match_up (self, i - 1, node))
      return TRUE;
  return FALSE;
}

gboolean
_migrate_place_match (const MigratePlace *self, const xmlNode *node)
{
  return match_up (self, self->n_steps - 1, node);
}

const char *const *
_migrate_place_names (const MigratePlace *self)
{
  return (const char *const *) self->steps[self->n_steps - 1].names;
}
