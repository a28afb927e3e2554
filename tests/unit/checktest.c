/* What all tests of checks begin with, and how a row is tried. */
#include "checktest.h"

#include "check/plan-private.h"

#include <criterion/criterion.h>
#include <string.h>

const CheckRow *
check_row (size_t i)
{
  static const CheckRows *const families[]
    = { &check_identity_rows, &check_storage_rows, &check_image_rows,    &check_cpu_rows,
        &check_device_rows,   &check_network_rows, &check_capacity_rows, &check_transport_rows,
        &check_mapping_rows,  &check_copy_rows,    &check_chain_rows,    &check_resize_rows };

  for (gsize j = 0; j < G_N_ELEMENTS (families); j++)
    {
      if (i < families[j]->n)
        return &families[j]->rows[i];
      i -= families[j]->n;
    }
  return NULL;
}

static char *
whole_document (const char *xml)
{
  static const char os[] = "<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>";
  const char *more = xml != NULL ? xml : "";

  return g_strdup_printf (
    "<domain type='kvm'><name>g</name><uuid>11111111-1111-1111-1111-111111111111</uuid>"
    "<memory unit='GiB'>4</memory>%s%s%s</domain>",
    strstr (more, "<vcpu") == NULL ? "<vcpu>2</vcpu>" : "", strstr (more, "<os>") == NULL ? os : "",
    more);
}

static MigrateGuest *
parse_guest (const char *xml)
{
  g_autofree char *text = whole_document (xml);
  g_autoptr (GError) error = NULL;
  MigrateGuest *guest = _migrate_guest_parse (text, &error);

  cr_assert_not_null (guest, "%s: %s", text, error != NULL ? error->message : "");
  return guest;
}

static MigrateHostInfo
host (const char *hostname, const char *uuid)
{
  return (MigrateHostInfo){ g_strdup (hostname), g_strdup (uuid), g_strdup ("QEMU"), 9000000,
                            7002022 };
}

CheckGiven
check_given (const char *xml)
{
  CheckGiven given = { .facts = g_new0 (MigrateFacts, 1), .policy = migrate_policy_new () };
  MigrateFacts *f = given.facts;

  g_atomic_ref_count_init (&f->ref_count);
  f->source = host ("h1", "u1");
  f->destination = host ("h2", "u2");
  f->guest = (MigrateDomain){ .uuid = g_strdup ("g-uuid"),
                              .name = g_strdup ("g"),
                              .state = MIGRATE_DOMAIN_RUNNING,
                              .reason = 1,
                              .persistent = TRUE };
  f->shape = parse_guest (xml);
  f->xml = whole_document (xml);
  f->inactive_xml = whole_document (xml);
  f->disks = g_ptr_array_ref (f->shape->disks);
  f->probed = g_ptr_array_new_with_free_func ((GDestroyNotify) _migrate_probed_free);
  given.request = (MigrateCheckRequest){ .kind = MIGRATE_KIND_AUTO,
                                         .source_uri = "qemu+tcp://h1/system",
                                         .destination_uri = "qemu+tcp://h2/system",
                                         .source_name = "one",
                                         .destination_name = "two" };
  return given;
}

void
check_given_clear (CheckGiven *given)
{
  g_clear_pointer ((MigrateGuest **) &given->request.there, _migrate_guest_free);
  if (given->request.documents != NULL)
    _migrate_there_clear ((MigrateThere *) given->request.documents);
  g_free ((MigrateThere *) given->request.documents);
  g_clear_object (&given->request.mapping);
  _migrate_facts_unref (given->facts);
  g_object_unref (given->policy);
}

MigrateReport *
check_evaluate (CheckGiven *given)
{
  g_autoptr (MigratePlan) plan = NULL;

  /* What a row says of the guest there stands for what a mapping makes of it. */
  if (given->request.there != NULL || given->request.documents != NULL)
    return _migrate_check_evaluate (given->facts, &given->request, given->policy);
  return _migrate_plan_evaluate (given->facts, &given->request, given->policy, &plan);
}

MigrateFinding *
check_find (MigrateReport *report, const char *code)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (report)); i++)
    {
      g_autoptr (MigrateFinding) finding = g_list_model_get_item (G_LIST_MODEL (report), i);

      if (g_str_equal (migrate_finding_get_code (finding), code))
        return g_steal_pointer (&finding);
    }
  return NULL;
}

/* ---- what may be wrong ---- */

void
check_map (CheckGiven *given, const char *line)
{
  g_autoptr (GError) error = NULL;

  if (given->request.mapping == NULL)
    given->request.mapping = migrate_mapping_new ();
  cr_assert (migrate_mapping_set_from_string (given->request.mapping, line, &error), "%s: %s", line,
             error != NULL ? error->message : "");
}

void
check_set (CheckGiven *given, const char *key, const char *value)
{
  cr_assert (migrate_policy_set (given->policy, key, value, NULL), "%s = %s", key, value);
}

void
check_versions (CheckGiven *given, guint64 libvirt, guint64 qemu)
{
  given->facts->source.libvirt_version = given->facts->destination.libvirt_version = libvirt;
  given->facts->source.hypervisor_version = given->facts->destination.hypervisor_version = qemu;
}

void
check_put (char **field, const char *value)
{
  g_free (*field);
  *field = g_strdup (value);
}

static GPtrArray *
list (GPtrArray **field)
{
  if (*field == NULL)
    *field = g_ptr_array_new ();
  return *field;
}

void
check_probed (CheckGiven *given, const char *target, MigrateSharing sharing)
{
  MigrateProbed *probed = g_new0 (MigrateProbed, 1);

  probed->target = g_strdup (target);
  probed->path = g_strdup ("/a");
  probed->sharing = sharing;
  probed->why = g_strdup ("so it was found");
  g_ptr_array_add (given->facts->probed, probed);
}

MigrateFileFacts *
check_file (MigrateHostFacts *on, const char *path, const char *pool, gboolean found)
{
  MigrateFileFacts *file = g_new0 (MigrateFileFacts, 1);

  file->path = g_strdup (path);
  file->pool = g_strdup (pool);
  file->found = found;
  g_ptr_array_add (list (&on->files), file);
  return file;
}

void
check_there (CheckGiven *given, const char *xml)
{
  given->request.there = parse_guest (xml);
}

void
check_capabilities (MigrateHostFacts *on, const char *xml)
{
  g_autofree char *text = g_strdup_printf ("<capabilities><host><uuid>u</uuid>%s</host>"
                                           "</capabilities>",
                                           xml);
  g_autoptr (GError) error = NULL;

  on->capabilities = _migrate_capabilities_parse (text, &error);
  cr_assert_not_null (on->capabilities, "%s", error != NULL ? error->message : "");
}

void
check_domain_capabilities (MigrateHostFacts *on, const char *xml)
{
  g_autofree char *text
    = g_strdup_printf ("<domainCapabilities><path>/usr/bin/qemu</path><domain>kvm</domain>"
                       "<machine>pc-q35-7.2</machine><arch>x86_64</arch>%s</domainCapabilities>",
                       xml);
  g_autoptr (GError) error = NULL;

  on->domain = _migrate_domain_capabilities_parse (text, &error);
  cr_assert_not_null (on->domain, "%s", error != NULL ? error->message : "");
}

void
check_network (MigrateHostFacts *on, const char *xml, gboolean active)
{
  g_autofree char *text = g_strdup_printf ("<network><name>lan</name>%s</network>", xml);
  g_autoptr (GError) error = NULL;
  MigrateNetwork *network = _migrate_network_parse (text, &error);

  cr_assert_not_null (network, "%s", error != NULL ? error->message : "");
  network->active = active;
  g_ptr_array_add (list (&on->networks), network);
}

MigratePool *
check_pool (MigrateHostFacts *on, const char *name, guint64 available)
{
  MigratePool *pool = g_new0 (MigratePool, 1);

  pool->name = g_strdup (name);
  pool->active = TRUE;
  pool->capacity = 100 * available;
  pool->available = available;
  g_ptr_array_add (list (&on->pools), pool);
  return pool;
}
