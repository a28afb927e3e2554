/* Two documents of one guest: what it sees is taken out of both by the table, and compared. */
#include "xml/compare-private.h"
#include "xml/compare-table-private.h"
#include "xml/document-private.h"

#include <string.h>

#define GUEST "guest"
#define DEVICE "device"

typedef struct
{
  char *subject, *what, *value;
  MigrateSeverity severity;
} Fact;

typedef struct
{
  GPtrArray *facts;    /* in the order of the document */
  GHashTable *by_name; /* the same, by "subject\nwhat" */
  GHashTable *numbers; /* the next number of a device, by what else it is called */
} View;

static void
fact_free (Fact *self)
{
  g_free (self->subject);
  g_free (self->what);
  g_free (self->value);
  g_free (self);
}

static void
view_clear (View *self)
{
  g_clear_pointer (&self->by_name, g_hash_table_unref);
  g_clear_pointer (&self->numbers, g_hash_table_unref);
  g_clear_pointer (&self->facts, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (View, view_clear)

static char *
fact_name (const char *subject, const char *what)
{
  return g_strdup_printf ("%s\n%s", subject, what);
}

/* value is taken; NULL: the document does not say, which is the same as not being there. What is
 * said twice is one thing with both values. */
static void
add (View *self, const char *subject, const char *what, MigrateSeverity severity, char *value)
{
  g_autofree char *name = fact_name (subject, what);
  Fact *fact = g_hash_table_lookup (self->by_name, name);

  if (value == NULL)
    return;
  if (fact != NULL)
    {
      char *both = g_strdup_printf ("%s, %s", fact->value, value);

      g_free (fact->value);
      g_free (value);
      fact->value = both;
      return;
    }
  fact = g_new0 (Fact, 1);
  fact->subject = g_strdup (subject);
  fact->what = g_strdup (what);
  fact->value = value;
  fact->severity = severity;
  g_ptr_array_add (self->facts, fact);
  g_hash_table_insert (self->by_name, g_steal_pointer (&name), fact);
}

/* ---- values ---- */

/* Numbers are written in several ways: 0x0A, 0xa, 10. */
static char *
plain (const char *text)
{
  guint64 number;

  if (g_ascii_strncasecmp (text, "0x", 2) == 0
      && g_ascii_string_to_unsigned (text + 2, 16, 0, G_MAXUINT64, &number, NULL))
    return g_strdup_printf ("%" G_GUINT64_FORMAT, number);
  return g_strdup (text);
}

static gint
compare_texts (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static char *
all_attributes (const xmlNode *node)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);

  for (const xmlAttr *a = node->properties; a != NULL; a = a->next)
    {
      const char *name = (const char *) a->name;
      const char *value = a->ns == NULL ? _migrate_node_peek (node, name) : NULL;
      g_autofree char *number = value != NULL ? plain (value) : NULL;

      if (number != NULL && !g_strv_contains (_migrate_host_attributes, name))
        g_ptr_array_add (texts, g_strdup_printf ("%s=%s", name, number));
    }
  g_ptr_array_sort (texts, compare_texts);
  g_ptr_array_add (texts, NULL);
  return g_strjoinv (" ", (char **) texts->pdata);
}

static char *
deep (const xmlNode *node)
{
  g_autofree char *attributes = all_attributes (node), *text = _migrate_node_text (node);
  g_autoptr (GString) value = g_string_new (attributes);

  if (text != NULL)
    g_string_append_printf (value, "%s%s", value->len > 0 ? " " : "", text);
  for (const xmlNode *c = _migrate_node_child (node, NULL); c != NULL;
       c = _migrate_node_next (c, NULL))
    {
      g_autofree char *below = deep (c);

      g_string_append_printf (value, "%s%s(%s)", value->len > 0 ? " " : "", (const char *) c->name,
                              below);
    }
  return g_string_free (g_steal_pointer (&value), FALSE);
}

/* Enough to see that two differ. */
static char *
sum (char *text)
{
  g_autofree char *owned = text;
  g_autofree char *checksum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, owned, -1);

  return g_strndup (checksum, 12);
}

static char *
kib (const xmlNode *node)
{
  g_autoptr (GError) error = NULL;
  guint64 size = _migrate_node_kib (node, "KiB", &error);

  return error != NULL ? _migrate_node_text (node)
                       : g_strdup_printf ("%" G_GUINT64_FORMAT " KiB", size);
}

/* ---- rows ---- */

static void
add_attributes (View *self, const char *subject, const MigrateAspect *aspect, const xmlNode *node)
{
  g_auto (GStrv) names = g_strsplit (aspect->attributes, "|", -1);
  gboolean several = names[0] != NULL && names[1] != NULL;

  for (guint i = 0; names[i] != NULL; i++)
    {
      const char *value = _migrate_node_peek (node, names[i]);
      g_autofree char *what = several ? g_strconcat (aspect->what, " ", names[i], NULL) : NULL;

      if (value != NULL)
        add (self, subject, several ? what : aspect->what, aspect->severity, plain (value));
    }
}

static void
add_each (View *self, const char *subject, const MigrateAspect *aspect, const xmlNode *node)
{
  guint n = 0;

  for (; node != NULL; node = _migrate_node_next (node, (const char *) node->name))
    {
      const char *key
        = aspect->attributes != NULL ? _migrate_node_peek (node, aspect->attributes) : NULL;
      g_autofree char *what = key != NULL ? g_strdup_printf ("%s %s", aspect->what, key)
                                          : g_strdup_printf ("%s %u", aspect->what, n++);

      add (self, subject, what, aspect->severity,
           aspect->mode == MIGRATE_ASPECT_EACH_SUM ? sum (deep (node)) : deep (node));
    }
}

static void
add_children (View *self, const char *subject, const MigrateAspect *aspect, const xmlNode *node)
{
  for (const xmlNode *c = _migrate_node_child (node, NULL); c != NULL;
       c = _migrate_node_next (c, NULL))
    {
      g_autofree char *what = g_strdup_printf ("%s %s", aspect->what, (const char *) c->name);

      add (self, subject, what, aspect->severity, deep (c));
    }
}

static void
add_aspect (View *self, const char *subject, const MigrateAspect *aspect, const xmlNode *of)
{
  const xmlNode *node = *aspect->path != '\0' ? _migrate_node_at (of, aspect->path) : of;
  const char *what = aspect->what;

  if (node == NULL)
    return;
  switch (aspect->mode)
    {
    case MIGRATE_ASPECT_VALUE:
      add_attributes (self, subject, aspect, node);
      break;
    case MIGRATE_ASPECT_TEXT:
      add (self, subject, what, aspect->severity, _migrate_node_text (node));
      break;
    case MIGRATE_ASPECT_KIB:
      add (self, subject, what, aspect->severity, kib (node));
      break;
    case MIGRATE_ASPECT_PRESENT:
      add (self, subject, what, aspect->severity, g_strdup ("yes"));
      break;
    case MIGRATE_ASPECT_ALL:
      add (self, subject, what, aspect->severity, all_attributes (node));
      break;
    case MIGRATE_ASPECT_DEEP:
      add (self, subject, what, aspect->severity, deep (node));
      break;
    case MIGRATE_ASPECT_SUM:
      add (self, subject, what, aspect->severity, sum (deep (node)));
      break;
    case MIGRATE_ASPECT_EACH:
    case MIGRATE_ASPECT_EACH_SUM:
      add_each (self, subject, aspect, node);
      break;
    case MIGRATE_ASPECT_CHILDREN:
      add_children (self, subject, aspect, node);
      break;
    }
}

/* ---- devices ---- */

static char *
device_key (const xmlNode *device)
{
  const char *element = (const char *) device->name, *index;

  for (guint i = 0; i < _migrate_n_device_keys; i++)
    {
      const MigrateDeviceKey *key = &_migrate_device_keys[i];
      const xmlNode *holder = *key->path != '\0' ? _migrate_node_child (device, key->path) : device;
      const char *value = _migrate_node_peek (holder, key->attribute);

      if (strcmp (key->element, element) != 0 || value == NULL)
        continue;
      index = strcmp (element, "controller") == 0 ? _migrate_node_peek (device, "index") : NULL;
      return index != NULL ? g_strdup_printf ("%s %s", value, index) : g_ascii_strdown (value, -1);
    }
  return NULL;
}

/* Unique within the document: two of one name are told apart by number, in their order. */
static char *
device_subject (View *self, const xmlNode *device)
{
  g_autofree char *key = device_key (device);
  g_autofree char *base = key != NULL ? g_strdup_printf ("%s %s", (const char *) device->name, key)
                                      : g_strdup ((const char *) device->name);

  guint first = key != NULL ? 1 : 0;
  guint next = GPOINTER_TO_UINT (g_hash_table_lookup (self->numbers, base));

  for (guint n = MAX (first, next);; n++)
    {
      g_autofree char *subject
        = key != NULL && n == 1 ? g_strdup (base) : g_strdup_printf ("%s %u", base, n);
      g_autofree char *name = fact_name (subject, DEVICE);

      if (g_hash_table_contains (self->by_name, name))
        continue;
      g_hash_table_replace (self->numbers, g_strdup (base), GUINT_TO_POINTER (n + 1));
      return g_steal_pointer (&subject);
    }
}

static void
add_device (View *self, const xmlNode *device)
{
  g_autofree char *subject = NULL;

  if (g_strv_contains (_migrate_host_devices, (const char *) device->name))
    return;
  subject = device_subject (self, device);
  add (self, subject, DEVICE, MIGRATE_SEVERITY_BLOCKER, g_strdup ("yes"));
  for (guint i = 0; i < _migrate_n_device_aspects; i++)
    {
      const MigrateAspect *aspect = &_migrate_device_aspects[i];

      if (aspect->element == NULL || _migrate_node_is (device, aspect->element))
        add_aspect (self, subject, aspect, device);
    }
}

/* QEMU's arguments of the user's own, which may be devices, have a namespace. */
static void
add_arguments (View *self, const xmlNode *domain)
{
  for (const xmlNode *c = domain->children; c != NULL; c = c->next)
    if (c->type == XML_ELEMENT_NODE && c->ns != NULL
        && strcmp ((const char *) c->name, "commandline") == 0)
      add (self, GUEST, "QEMU arguments", MIGRATE_SEVERITY_WARNING,
           sum (_migrate_node_to_text ((xmlNode *) c)));
}

static gboolean
view_read (View *self, const char *xml, GError **error)
{
  g_autoptr (xmlDoc) doc = _migrate_document_parse (xml, -1, "domain", error);
  const xmlNode *domain;

  if (doc == NULL)
    return FALSE;
  domain = xmlDocGetRootElement (doc);
  self->facts = g_ptr_array_new_with_free_func ((GDestroyNotify) fact_free);
  self->by_name = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->numbers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < _migrate_n_guest_aspects; i++)
    add_aspect (self, GUEST, &_migrate_guest_aspects[i], domain);
  for (const xmlNode *c = _migrate_node_child (_migrate_node_child (domain, "devices"), NULL);
       c != NULL; c = _migrate_node_next (c, NULL))
    add_device (self, c);
  add_arguments (self, domain);
  return TRUE;
}

/* ---- comparing ---- */

static void
difference_free (MigrateDifference *self)
{
  g_free (self->subject);
  g_free (self->what);
  g_free (self->from);
  g_free (self->to);
  g_free (self);
}

static const Fact *
find (const View *view, const char *subject, const char *what)
{
  g_autofree char *name = fact_name (subject, what);

  return g_hash_table_lookup (view->by_name, name);
}

static void
differ (GPtrArray *differences, const Fact *of, const char *from, const char *to)
{
  MigrateDifference *difference = g_new0 (MigrateDifference, 1);

  difference->severity = of->severity;
  difference->subject = g_strdup (of->subject);
  difference->what = g_strdup (of->what);
  difference->from = g_strdup (from);
  difference->to = g_strdup (to);
  g_ptr_array_add (differences, difference);
}

/* Of a device that is not there at all, only that is told. */
static gboolean
has_subject (const View *view, const Fact *fact)
{
  return strcmp (fact->subject, GUEST) == 0 || strcmp (fact->what, DEVICE) == 0
         || find (view, fact->subject, DEVICE) != NULL;
}

static void
compare_views (const View *source, const View *result, GPtrArray *differences)
{
  for (guint i = 0; i < source->facts->len; i++)
    {
      const Fact *here = source->facts->pdata[i];
      const Fact *there = find (result, here->subject, here->what);

      if (has_subject (result, here) && (there == NULL || strcmp (here->value, there->value) != 0))
        differ (differences, here, here->value, there != NULL ? there->value : NULL);
    }
  for (guint i = 0; i < result->facts->len; i++)
    {
      const Fact *there = result->facts->pdata[i];

      if (has_subject (source, there) && find (source, there->subject, there->what) == NULL)
        differ (differences, there, NULL /* from */, there->value);
    }
}

static GPtrArray *
breaking_first (GPtrArray *differences)
{
  GPtrArray *sorted = g_ptr_array_new_with_free_func ((GDestroyNotify) difference_free);

  for (int severity = MIGRATE_SEVERITY_BLOCKER; severity >= MIGRATE_SEVERITY_NOTE; severity--)
    for (guint i = 0; i < differences->len; i++)
      {
        MigrateDifference *difference = differences->pdata[i];

        if ((int) difference->severity == severity)
          g_ptr_array_add (sorted, difference);
      }
  return sorted;
}

GPtrArray *
_migrate_xml_compare (const char *source, const char *result, GError **error)
{
  g_auto (View) here = { NULL }, there = { NULL };
  g_autoptr (GPtrArray) differences = g_ptr_array_new ();

  if (!view_read (&here, source, error) || !view_read (&there, result, error))
    return NULL;
  compare_views (&here, &there, differences);
  return breaking_first (differences);
}

char *
_migrate_difference_describe (const MigrateDifference *self)
{
  if (strcmp (self->what, DEVICE) == 0)
    return g_strdup_printf (self->to == NULL ? "%s would not be there" : "%s would be new",
                            self->subject);
  if (self->from == NULL)
    return g_strdup_printf ("%s: %s would be “%s”, and is not set", self->subject, self->what,
                            self->to);
  if (self->to == NULL)
    return g_strdup_printf ("%s: %s is “%s”, and would not be set", self->subject, self->what,
                            self->from);
  return g_strdup_printf ("%s: %s is “%s”, and would be “%s”", self->subject, self->what,
                          self->from, self->to);
}
