/* The mark, put into a definition and taken out again. */
#include "xml/mark-private.h"

#include "xml/make-private.h"
#include "xml/tree-private.h"

#include <string.h>

static const char *const words[] = { "", "incoming", "outgoing", "carrier" };

char *
_migrate_mark_to_text (MigrateMark mark, const char *job)
{
  return g_strdup_printf ("%s %s", words[mark], job);
}

MigrateMark
_migrate_mark_from_text (const char *text, char **job)
{
  for (gsize i = MIGRATE_MARK_INCOMING; text != NULL && i < G_N_ELEMENTS (words); i++)
    if (g_str_has_prefix (text, words[i]) && text[strlen (words[i])] == ' ')
      {
        if (job != NULL)
          *job = g_strstrip (g_strdup (text + strlen (words[i])));
        return (MigrateMark) i;
      }
  return MIGRATE_MARK_NONE;
}

static gboolean
is_mark (const MigrateNode *node)
{
  return node->kind == MIGRATE_NODE_ELEMENT && g_strcmp0 (node->uri, MIGRATE_MARK_NAMESPACE) == 0;
}

static MigrateNode *
find (const MigrateNode *metadata)
{
  for (MigrateNode *c = metadata != NULL ? metadata->first : NULL; c != NULL; c = c->next)
    if (is_mark (c))
      return c;
  return NULL;
}

static gboolean
is_blank (const MigrateNode *node)
{
  return node != NULL && node->kind == MIGRATE_NODE_TEXT
         && strspn (node->text, " \t\r\n") == strlen (node->text);
}

static gboolean
has_nothing (const MigrateNode *metadata)
{
  for (const MigrateNode *c = metadata->first; c != NULL; c = c->next)
    if (!is_blank (c))
      return FALSE;
  return TRUE;
}

/* libvirt indents what it keeps: one of the two blanks around it goes too. So does what was made
 * for it alone. */
static void
take_out (MigrateNode *domain)
{
  MigrateNode *mark;

  while ((mark = find (_migrate_tree_child (domain, "metadata"))) != NULL)
    {
      MigrateNode *metadata = mark->parent;

      if (is_blank (mark->prev) && is_blank (mark->next))
        _migrate_tree_remove (mark->prev);
      _migrate_tree_remove (mark);
      if (has_nothing (metadata))
        _migrate_tree_remove (metadata);
    }
}

static void
put_in (MigrateNode *domain, MigrateMark mark, const char *job)
{
  MigrateNode *metadata = _migrate_tree_child (domain, "metadata");
  g_autofree char *text = _migrate_mark_to_text (mark, job);
  MigrateNode *node;

  if (metadata == NULL)
    metadata = _migrate_tree_add_child (domain, "metadata");
  node = _migrate_tree_add_foreign (metadata, MIGRATE_MARK_ELEMENT, MIGRATE_MARK_PREFIX,
                                    MIGRATE_MARK_NAMESPACE);
  _migrate_tree_set_text (node, text);
}

char *
_migrate_mark_set (const char *xml, MigrateMark mark, const char *job, GError **error)
{
  g_autoptr (MigrateTree) tree = _migrate_tree_parse (xml, "domain", error);

  if (tree == NULL)
    return NULL;
  if (mark != MIGRATE_MARK_NONE && !_migrate_make_can_say (job))
    {
      _migrate_set_error (error, MIGRATE_ERROR_INVALID, NULL /* remedy */,
                          "No document can name the job “%s”", job);
      return NULL;
    }
  take_out (_migrate_tree_root (tree));
  if (mark != MIGRATE_MARK_NONE)
    put_in (_migrate_tree_root (tree), mark, job);
  return _migrate_tree_to_text (tree);
}

MigrateMark
_migrate_mark_read (const char *xml, char **job)
{
  g_autoptr (MigrateTree) tree = _migrate_tree_parse (xml, "domain", NULL /* error */);
  const MigrateNode *node
    = tree != NULL ? find (_migrate_tree_child (_migrate_tree_root (tree), "metadata")) : NULL;
  g_autofree char *text = node != NULL ? _migrate_tree_text (node) : NULL;

  return _migrate_mark_from_text (text, job);
}
