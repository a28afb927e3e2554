/* Every domain document of a folder through reading, rewriting and comparing: none crashes; with
 * nothing said the result is the same in canonical form; with a mapping of nearly everything it is
 * still a document, and the guest sees no other one. Prints the counts.
 *
 * Argument: the folder. */
#include "xml/compare-private.h"
#include "xml/rewrite-private.h"
#include "xml/xml-private.h"
#include "xmltest.h"

#include <glib/gstdio.h>
#include <libxml/parser.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Documents that are not as libvirt's own are: refused by design, few, and known by name. */
#define MOST_REFUSED 40

typedef struct
{
  guint n_documents, n_links, n_read, n_rewritten, n_same, n_mapped, n_changed, n_changes;
  GHashTable *refused; /* reason → GPtrArray of names */
  GPtrArray *failures;
  MigrateMapping *everything;
} Corpus;

static void
fail (Corpus *self, const char *path, const char *what)
{
  g_ptr_array_add (self->failures, g_strdup_printf ("%s: %s", path, what));
}

static void
refuse (Corpus *self, const char *path, const char *why)
{
  GPtrArray *names = g_hash_table_lookup (self->refused, why);

  if (names == NULL)
    {
      names = g_ptr_array_new_with_free_func (g_free);
      g_hash_table_insert (self->refused, g_strdup (why), names);
    }
  g_ptr_array_add (names, g_path_get_basename (path));
}

/* Of the message, what is the same for all: not the line. */
static char *
reason (const char *where, const GError *error)
{
  const char *line = strstr (error->message, " (line ");
  g_autofree char *what = line != NULL ? g_strndup (error->message, (gsize) (line - error->message))
                                       : g_strdup (error->message);

  return g_strdup_printf ("%s: %s", where, what);
}

static gboolean
is_domain (const char *text)
{
  xmlDoc *doc = xmlReadMemory (text, (int) strlen (text), NULL /* url */, NULL /* encoding */,
                               XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
  xmlNode *root = doc != NULL ? xmlDocGetRootElement (doc) : NULL;
  gboolean is
    = root != NULL && root->ns == NULL && strcmp ((const char *) root->name, "domain") == 0;

  xmlFreeDoc (doc);
  return is;
}

static void
check_read (Corpus *self, const char *path, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateGuest) guest = _migrate_guest_parse (text, &error);
  g_autofree char *why = guest == NULL ? reason ("reading", error) : NULL;

  if (guest != NULL)
    self->n_read++;
  else
    refuse (self, path, why);
}

static void
check_same (Corpus *self, const char *path, const char *text, const MigrateRewritten *result)
{
  g_autofree char *before = xmltest_canonical (text), *after = xmltest_canonical (result->xml);

  if (before != NULL && g_strcmp0 (before, after) == 0)
    self->n_same++;
  else
    fail (self, path, "is not the same with nothing said");
  if (result->changes->len > 0)
    fail (self, path, "has changes with nothing said");
}

static void
check_mapped (Corpus *self, const char *path, const char *text)
{
  const MigrateRewrite how = { .profile = self->everything };
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateRewritten) result = _migrate_xml_rewrite (text, &how, &error);
  g_autoptr (GPtrArray) differences
    = result != NULL ? _migrate_xml_compare (text, result->xml, &error) : NULL;
  g_autofree char *canonical = result != NULL ? xmltest_canonical (result->xml) : NULL;

  if (differences == NULL || canonical == NULL)
    {
      fail (self, path, error != NULL ? error->message : "is no document any more");
      return;
    }
  self->n_mapped++;
  self->n_changed += result->changes->len > 0;
  self->n_changes += result->changes->len;
  if (differences->len > 0)
    {
      g_autofree char *what = _migrate_difference_describe (differences->pdata[0]);

      fail (self, path, what);
    }
}

static void
check_document (Corpus *self, const char *path, const char *text)
{
  const MigrateRewrite nothing = { NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateRewritten) result = NULL;

  self->n_documents++;
  check_read (self, path, text);
  result = _migrate_xml_rewrite (text, &nothing, &error);
  if (result == NULL)
    {
      g_autofree char *why = reason ("rewriting", error);

      refuse (self, path, why);
      return;
    }
  self->n_rewritten++;
  check_same (self, path, text, result);
  check_mapped (self, path, text);
}

static void
check_file (Corpus *self, const char *path)
{
  g_autofree char *text = NULL;
  gsize length;
  GStatBuf status;

  if (g_lstat (path, &status) != 0 || !g_file_get_contents (path, &text, &length, NULL))
    {
      /* A link to what another package has. */
      self->n_links++;
      return;
    }
  if (!is_domain (text))
    return;
  self->n_links += S_ISLNK (status.st_mode);
  check_document (self, path, text);
}

static void
check_folder (Corpus *self, const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (g_file_test (path, G_FILE_TEST_IS_DIR))
        check_folder (self, path);
      else if (g_str_has_suffix (name, ".xml"))
        check_file (self, path);
    }
}

/* Something for nearly everything that documents name: their paths, whatever they are, and the
 * first of everything that is numbered. */
static MigrateMapping *
map_everything (void)
{
  static const char *const lines[] = {
    "path:/=/there",
    "disk:vda=path=/there/vda;cache=none;chain=end",
    "disk:hda=pool=there;volume=hda",
    "disk:sda=protocol=rbd;name=there/sda;hosts=mon1 mon2:6789",
    "pool:default=there",
    "storage-host:example.org=there.example.org",
    "network:default=bridge=there;virtual-port=openvswitch",
    "bridge:br0=network=there;port-group=there",
    "device:eth0=there",
    "socket:/tmp/vhost1.sock=/there/vhost1",
    "filter:fake1=none",
    "pci:06:12.5=07:13.6",
    "usb:1234:beef=1.1",
    "scsi:scsi_host0=scsi_host1",
    "listen:*=192.0.2.1",
    "listen:127.0.0.1=192.0.2.1",
    "endpoint:serial:0=host=192.0.2.1;port=1;path=/there/serial",
    "pin:shared=0-7",
    "pin:vcpu:0=1",
    "pin:emulator=none",
    "cpu:0=64",
    "node:0=3",
    "pages:2M=1G",
    "pages:1G=none",
    "memory-source:*=memfd",
    "memory-access:*=shared",
    "memory-allocation:*=none",
    "perf:*=none",
    "label:selinux=none",
    "label:dac=+1:+1",
    "partition:/virtualmachines/production=none",
    "metadata:http://foo/=none",
  };
  MigrateMapping *mapping = migrate_mapping_new ();

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_autoptr (GError) error = NULL;

      if (!migrate_mapping_set_from_string (mapping, lines[i], &error))
        printf ("%s\n", error->message);
    }
  return mapping;
}

static guint
print_refused (const Corpus *self)
{
  GHashTableIter iter;
  gpointer why, names;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->refused);
  while (g_hash_table_iter_next (&iter, &why, &names))
    {
      GPtrArray *list = names;

      n += list->len;
      printf ("refused, %s:\n", (const char *) why);
      for (guint i = 0; i < list->len; i++)
        printf ("  %s\n", (const char *) list->pdata[i]);
    }
  return n;
}

int
main (int argc, char **argv)
{
  Corpus self = { 0 };
  guint n_refused;

  if (argc != 2)
    return 64;
  self.refused
    = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  self.failures = g_ptr_array_new_with_free_func (g_free);
  self.everything = map_everything ();
  check_folder (&self, argv[1]);
  n_refused = print_refused (&self);
  for (guint i = 0; i < self.failures->len; i++)
    printf ("FAILED: %s\n", (const char *) self.failures->pdata[i]);
  printf ("# %u cases of domain documents (%u of them links): %u read, %u rewritten, %u the same "
          "with nothing said, %u still the same guest with everything mapped (%u changed, %u "
          "changes), %u refusals\n",
          self.n_documents, self.n_links, self.n_read, self.n_rewritten, self.n_same, self.n_mapped,
          self.n_changed, self.n_changes, n_refused);
  g_hash_table_unref (self.refused);
  g_object_unref (self.everything);
  n_refused = n_refused > MOST_REFUSED || self.n_documents < 2000 || self.failures->len > 0;
  g_ptr_array_unref (self.failures);
  return n_refused ? 1 : 0;
}
