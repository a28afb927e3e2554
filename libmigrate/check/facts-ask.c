/* Decide: what is asked of the two hosts. First what can be asked without knowing the guest, then
 * what this guest needs; of the source only what a move takes from there. */
#include "check/facts-snapshot-private.h"

#include "model/mapping-private.h"

#include <string.h>

/* Round trips that are not ours to ask with: to open the connection and to close it, and for the
 * probe of one shared directory (as counted by tests/bench/check). */
#define CONNECTION_ROUND_TRIPS 6
#define PROBE_ROUND_TRIPS 14

/* Paths of one guest that are asked about. */
#define MAX_PATHS 64

GVariant *
_migrate_facts_first_question (MigrateSide side)
{
  GVariantDict question;

  g_variant_dict_init (&question, NULL);
  g_variant_dict_insert (&question, MIGRATE_FACT_HOST, "b", TRUE);
  if (side == MIGRATE_SIDE_DESTINATION)
    g_variant_dict_insert (&question, MIGRATE_FACT_CAPACITY, "b", TRUE);
  return g_variant_ref_sink (g_variant_dict_end (&question));
}

/* ---- names, each once ---- */

static GPtrArray *
names_new (void)
{
  return g_ptr_array_new_with_free_func (g_free);
}

static void
names_add (GPtrArray *names, const char *name)
{
  if (name != NULL && names->len < MAX_PATHS
      && !g_ptr_array_find_with_equal_func (names, name, g_str_equal, NULL))
    g_ptr_array_add (names, g_strdup (name));
}

static void
add_names (GVariantDict *question, const char *key, GPtrArray *names)
{
  if (names->len > 0)
    g_variant_dict_insert_value (
      question, key, g_variant_new_strv ((const char *const *) names->pdata, (gssize) names->len));
}

static void
add_flag (GVariantDict *question, const char *key, gboolean asked)
{
  if (asked)
    g_variant_dict_insert (question, key, "b", TRUE);
}

/* ---- what a guest names ---- */

static gboolean
is_path (const char *type, const char *path)
{
  return path != NULL && *path == '/'
         && (g_str_equal (type, "file") || g_str_equal (type, "block"));
}

static gboolean
is_known (GVariant *known, const char *path)
{
  for (gsize i = 0; known != NULL && i < g_variant_n_children (known); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (known, i);

      if (g_strcmp0 (_migrate_variant_string (row, MIGRATE_FILE_FACT_PATH), path) == 0)
        return TRUE;
    }
  return FALSE;
}

static void
names_add_unknown (GPtrArray *names, GVariant *known, const char *path)
{
  if (path != NULL && !is_known (known, path))
    names_add (names, path);
}

static void
add_disk_paths (GPtrArray *paths, GVariant *known, const MigrateDisk *disk)
{
  if (is_path (disk->type, disk->path))
    names_add_unknown (paths, known, disk->path);
  for (guint j = 0; j < disk->chain->len; j++)
    {
      const MigrateImage *image = disk->chain->pdata[j];

      if (is_path (image->type, image->path))
        names_add_unknown (paths, known, image->path);
    }
}

static GVariant *
list_volumes (const MigrateGuest *guest, GVariant *known)
{
  GVariantBuilder volumes;

  g_variant_builder_init (&volumes, G_VARIANT_TYPE ("a(ss)"));
  for (guint i = 0; i < guest->disks->len; i++)
    {
      const MigrateDisk *disk = guest->disks->pdata[i];

      if (g_str_equal (disk->type, "volume") && disk->pool != NULL && disk->volume != NULL
          && !is_known (known, disk->source))
        g_variant_builder_add (&volumes, "(ss)", disk->pool, disk->volume);
    }
  return g_variant_ref_sink (g_variant_builder_end (&volumes));
}

/* What boots it is where it runs; whether it is where it goes is to be known. */
static void
ask_files (const MigrateGuest *guest, gboolean boot, gboolean nvram, GVariant *known,
           GVariantDict *question)
{
  g_autoptr (GPtrArray) paths = names_new ();
  g_autoptr (GVariant) volumes = list_volumes (guest, known);

  for (guint i = 0; i < guest->disks->len; i++)
    add_disk_paths (paths, known, guest->disks->pdata[i]);
  if (boot)
    {
      names_add_unknown (paths, known, guest->kernel);
      names_add_unknown (paths, known, guest->initrd);
      names_add_unknown (paths, known, guest->dtb);
    }
  if (nvram)
    names_add_unknown (paths, known, guest->nvram);
  add_names (question, MIGRATE_FACT_FILES, paths);
  if (g_variant_n_children (volumes) > 0)
    g_variant_dict_insert_value (question, MIGRATE_FACT_VOLUMES, volumes);
}

GVariant *
_migrate_facts_files_question (const MigrateGuest *guest, GVariant *known)
{
  g_autoptr (GVariant) asked = NULL;
  GVariantDict question;

  g_variant_dict_init (&question, NULL);
  ask_files (guest, TRUE /* boot */, TRUE /* nvram */, known, &question);
  asked = g_variant_ref_sink (g_variant_dict_end (&question));
  if (g_variant_n_children (asked) == 0)
    return NULL;
  g_variant_dict_init (&question, asked);
  /* Where they are to be made there must be room; and a folder that has a pool, here or there, can
   * be given no other. */
  add_flag (&question, MIGRATE_FACT_POOLS, TRUE);
  return g_variant_ref_sink (g_variant_dict_end (&question));
}

static void
ask_networks (const MigrateGuest *guest, GVariantDict *question)
{
  g_autoptr (GPtrArray) names = names_new ();

  for (guint i = 0; i < guest->nics->len; i++)
    {
      const MigrateNic *nic = guest->nics->pdata[i];

      names_add (names, nic->network);
    }
  add_names (question, MIGRATE_FACT_NETWORKS, names);
}

static void
ask_links (const MigrateGuest *guest, GVariantDict *question)
{
  gboolean filters = FALSE, bridges = FALSE;

  for (guint i = 0; i < guest->nics->len; i++)
    {
      const MigrateNic *nic = guest->nics->pdata[i];

      filters |= nic->filter != NULL;
      bridges |= nic->bridge != NULL || nic->device != NULL;
    }
  add_flag (question, MIGRATE_FACT_FILTERS, filters);
  add_flag (question, MIGRATE_FACT_BRIDGES, bridges);
}

static gboolean
needs_secrets (const MigrateGuest *guest)
{
  gboolean needs = guest->secrets->len > 0;

  for (guint i = 0; i < guest->disks->len; i++)
    {
      const MigrateDisk *disk = guest->disks->pdata[i];

      needs |= disk->secrets->len > 0;
    }
  return needs;
}

/* Those of the host's default size have no size to be asked about. */
static void
ask_pages (const MigrateGuest *guest, GVariantDict *question)
{
  GVariantBuilder sizes;
  gboolean any = FALSE;

  g_variant_builder_init (&sizes, G_VARIANT_TYPE ("au"));
  for (guint i = 0; i < guest->huge_pages->len; i++)
    {
      const MigrateHugePages *pages = guest->huge_pages->pdata[i];

      if (pages->kib == 0 || pages->kib > G_MAXUINT32)
        continue;
      any = TRUE;
      g_variant_builder_add (&sizes, "u", (guint32) pages->kib);
    }
  if (any)
    g_variant_dict_insert_value (question, MIGRATE_FACT_PAGE_SIZES, g_variant_builder_end (&sizes));
  else
    g_variant_builder_clear (&sizes);
}

static void
add_text (GVariantDict *values, const char *key, const char *text)
{
  if (text != NULL)
    g_variant_dict_insert_value (values, key, _migrate_fact_text (text));
}

/* A CPU that is passed through is whatever the host has: there is nothing to compare. */
static void
ask_emulator (const MigrateGuest *guest, GVariantDict *question)
{
  GVariantDict emulator;

  g_variant_dict_init (&emulator, NULL);
  add_text (&emulator, MIGRATE_EMULATOR_PATH, guest->emulator);
  add_text (&emulator, MIGRATE_EMULATOR_ARCH, guest->arch);
  add_text (&emulator, MIGRATE_EMULATOR_MACHINE, guest->machine);
  add_text (&emulator, MIGRATE_EMULATOR_TYPE, guest->type);
  g_variant_dict_insert_value (question, MIGRATE_FACT_DOMAIN, g_variant_dict_end (&emulator));
  if (guest->cpu_model != NULL)
    add_text (question, MIGRATE_FACT_CPU, guest->cpu_xml);
}

static gboolean
has_files (const MigrateGuest *guest)
{
  for (guint i = 0; i < guest->disks->len; i++)
    if (_migrate_disk_is_file (guest->disks->pdata[i]))
      return TRUE;
  return FALSE;
}

GVariant *
_migrate_facts_second_question (const MigrateGuest *guest, MigrateSide side, guint spent)
{
  guint taken = spent + CONNECTION_ROUND_TRIPS + (has_files (guest) ? PROBE_ROUND_TRIPS : 0);
  g_autoptr (GVariant) asked = NULL;
  GVariantDict question;

  g_variant_dict_init (&question, NULL);
  ask_networks (guest, &question);
  ask_files (guest, side == MIGRATE_SIDE_DESTINATION, FALSE /* nvram */, NULL /* known */,
             &question);
  add_flag (&question, MIGRATE_FACT_SECRETS, needs_secrets (guest));
  if (side == MIGRATE_SIDE_DESTINATION)
    {
      add_text (&question, MIGRATE_FACT_FIND_UUID, guest->uuid);
      add_text (&question, MIGRATE_FACT_FIND_NAME, guest->name);
      ask_emulator (guest, &question);
      ask_links (guest, &question);
      ask_pages (guest, &question);
      add_flag (&question, MIGRATE_FACT_DEVICES, guest->host_devices->len > 0);
      add_flag (&question, MIGRATE_FACT_POOLS, guest->disks->len > 0);
    }
  asked = g_variant_ref_sink (g_variant_dict_end (&question));
  if (g_variant_n_children (asked) == 0)
    return NULL;
  g_variant_dict_init (&question, asked);
  g_variant_dict_insert (&question, MIGRATE_FACT_BUDGET, "u",
                         taken < MIGRATE_CHECK_ROUND_TRIPS ? MIGRATE_CHECK_ROUND_TRIPS - taken : 0);
  return g_variant_ref_sink (g_variant_dict_end (&question));
}

/* ---- the address ---- */

char *
_migrate_facts_address (const MigrateCheckRequest *request, const char *destination)
{
  g_autoptr (GUri) uri = NULL;
  const char *host;

  /* There libvirt's own connection carries the memory. */
  if (request->transport == MIGRATE_TRANSPORT_TUNNELLED)
    return NULL;
  if (request->migration_uri == NULL)
    return g_strdup (destination);
  uri = g_uri_parse (request->migration_uri, G_URI_FLAGS_ENCODED_PATH | G_URI_FLAGS_ENCODED_QUERY,
                     NULL /* error */);
  host
    = uri != NULL && g_strcmp0 (g_uri_get_scheme (uri), "unix") != 0 ? g_uri_get_host (uri) : NULL;
  return host != NULL && *host != '\0' ? g_strdup (host) : NULL;
}

/* ---- the request ---- */

static void
add_uri (GVariantDict *values, const char *key, const char *uri)
{
  if (uri != NULL)
    g_variant_dict_insert_value (values, key,
                                 g_variant_new_take_string (_migrate_uri_redact (uri)));
}

static void
add_mapping (GVariantDict *values, const char *key, MigrateMapping *mapping)
{
  if (mapping != NULL)
    g_variant_dict_insert_value (values, key, _migrate_mapping_to_variant (mapping));
}

GVariant *
_migrate_facts_request_to_variant (const MigrateCheckRequest *request)
{
  GVariantDict values;

  g_variant_dict_init (&values, NULL);
  add_text (&values, MIGRATE_REQUEST_KEY_KIND,
            _migrate_enum_nick (MIGRATE_TYPE_KIND, (int) request->kind));
  add_uri (&values, MIGRATE_REQUEST_KEY_SOURCE_URI, request->source_uri);
  add_uri (&values, MIGRATE_REQUEST_KEY_DESTINATION_URI, request->destination_uri);
  add_uri (&values, MIGRATE_REQUEST_KEY_PEER_URI, request->peer_uri);
  add_uri (&values, MIGRATE_REQUEST_KEY_MIGRATION_URI, request->migration_uri);
  add_uri (&values, MIGRATE_REQUEST_KEY_DISKS_URI, request->disks_uri);
  add_text (&values, MIGRATE_REQUEST_KEY_LISTEN_ADDRESS, request->listen_address);
  add_text (&values, MIGRATE_REQUEST_KEY_TLS_NAME, request->tls_name);
  add_text (&values, MIGRATE_REQUEST_KEY_SOURCE_NAME, request->source_name);
  add_text (&values, MIGRATE_REQUEST_KEY_DESTINATION_NAME, request->destination_name);
  g_variant_dict_insert (&values, MIGRATE_REQUEST_KEY_HOOKS, "b", request->has_hooks);
  g_variant_dict_insert (&values, MIGRATE_REQUEST_KEY_INVENTORY, "b", request->has_inventory);
  g_variant_dict_insert (&values, MIGRATE_REQUEST_KEY_CONNECTOR, "b", request->has_connector);
  g_variant_dict_insert (&values, MIGRATE_REQUEST_KEY_REWRITE, "b", request->has_rewrite);
  add_mapping (&values, MIGRATE_REQUEST_KEY_MAPPING, request->mapping);
  add_mapping (&values, MIGRATE_REQUEST_KEY_PROFILE, request->profile);
  if (request->resize != NULL)
    g_variant_dict_insert_value (&values, MIGRATE_REQUEST_KEY_RESIZE, request->resize);
  return g_variant_dict_end (&values);
}
