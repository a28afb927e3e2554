/* The disks of a guest that takes them along: a chain of two images and a raw one on h1, which h2
 * does not see. Its NVRAM has no pool on either host, and no folder on h2. */
#include "faults.h"

#include <string.h>

#define MIB ((guint64) 1 << 20)
#define TOP "/images/g0.qcow2"
#define RAW "/images/g0, of h1.raw"
#define BASE "/base/base.qcow2"
#define NVRAM FAULT_DISKS_NVRAM

static const char *const hosts[] = { "h1", "h2" };
static const char *const files[] = { TOP, RAW, BASE, NVRAM, NULL };

const SimDiskSpec *
fault_disks_make (SimWorld *world)
{
  static const SimDiskSpec disks[]
    = { { .target = "vda", .path = TOP, .format = "qcow2", .write_rate = MIB / 16 },
        { .target = "vdb", .path = RAW, .format = "raw" },
        { .target = NULL } };

  for (gsize h = 0; h < G_N_ELEMENTS (hosts); h++)
    {
      sim_world_add_pool (world, hosts[h], &(SimPoolSpec){ .name = "images", .target = "/images" });
      sim_world_add_pool (world, hosts[h], &(SimPoolSpec){ .name = "base", .target = "/base" });
    }
  sim_world_add_image (
    world, "h1",
    &(SimImageSpec){ .path = BASE, .format = "qcow2", .capacity = 4 * MIB, .data = MIB });
  sim_world_add_image (world, "h1",
                       &(SimImageSpec){ .path = TOP,
                                        .format = "qcow2",
                                        .capacity = 4 * MIB,
                                        .offset = 2 * MIB,
                                        .data = MIB,
                                        .backing = BASE,
                                        .backing_format = "qcow2" });
  sim_world_add_image (
    world, "h1",
    &(SimImageSpec){ .path = RAW, .capacity = 2 * MIB, .offset = MIB / 2, .data = MIB / 4 });
  sim_world_add_image (world, "h1", &(SimImageSpec){ .path = NVRAM, .data = 4096 });
  return disks;
}

/* What no running guest writes to; and all of it, of one that does not run. */
static char *
dup_content (SimWorld *world, const char *host, gboolean all)
{
  g_autofree char *top = all ? sim_world_dup_content_of (world, host, TOP) : NULL;
  g_autofree char *raw = sim_world_dup_content_of (world, host, RAW);
  g_autofree char *base = sim_world_dup_bytes_of (world, host, BASE);
  g_autofree char *nvram = all ? sim_world_dup_bytes_of (world, host, NVRAM) : NULL;

  return g_strdup_printf ("%s; %s; %s; %s", top, raw, base, nvram);
}

/* The images, with sizes and options. */
static char *
dup_chains (SimWorld *world, const char *host)
{
  g_autofree char *top = sim_world_dup_chain_of (world, host, TOP);
  g_autofree char *raw = sim_world_dup_chain_of (world, host, RAW);

  return g_strdup_printf ("%s\n%s", top, raw);
}

static char *
replace_first (const char *text, const char *what, const char *with)
{
  g_auto (GStrv) parts = g_strsplit (text, what, 2);

  return g_strjoinv (with, parts);
}

void
fault_disks_note (FaultDisks *self, SimWorld *world, const FaultHow *how)
{
  for (gsize h = 0; h < G_N_ELEMENTS (hosts); h++)
    self->pools[h] = sim_world_list_pools (world, hosts[h]);
  self->content = dup_content (world, "h1", how->off);
  self->chains = dup_chains (world, "h1");
}

void
fault_disks_clear (FaultDisks *self)
{
  for (gsize h = 0; h < G_N_ELEMENTS (hosts); h++)
    g_strfreev (self->pools[h]);
  g_free (self->content);
  g_free (self->chains);
}

/* ---- what must be true ---- */

static gboolean
has (char **list, const char *text)
{
  return g_strv_contains ((const char *const *) list, text);
}

/* A check that died leaves what the next one removes. */
static gboolean
is_of_probe (const char *path)
{
  return strstr (path, "/.libmigrate-probe-") != NULL;
}

/* What is below an image may be others' too, and stays wherever the guest has been; and so does
 * NVRAM, which libvirt keeps, and makes where a guest comes in. */
static char *
check_left (const FaultDisks *self, SimWorld *world, const FaultHow *how, gsize host,
            gboolean may_leave)
{
  g_auto (GStrv) paths = sim_world_list_paths (world, hosts[host]);

  for (guint i = 0; paths[i] != NULL; i++)
    {
      gboolean own = g_str_equal (paths[i], TOP) || g_str_equal (paths[i], RAW)
                     || g_str_has_suffix (paths[i], ".saved");

      gboolean kept = g_str_equal (paths[i], BASE) || g_str_equal (paths[i], NVRAM);

      if ((kept && (host == 0 || self->was_there))
          || (g_str_equal (paths[i], NVRAM) && g_str_equal (how->kind, "block"))
          || (!self->again && is_of_probe (paths[i])))
        continue;
      if (!own || !may_leave || (host == 1 && !self->was_there))
        return g_strdup_printf ("“%s” is left on %s", paths[i], hosts[host]);
      sim_world_remove_path (world, hosts[host], paths[i]);
    }
  return NULL;
}

/* Once it has been to h2 it keeps the shape that it got on the way. */
static char *
check_shape (const FaultDisks *self, SimWorld *world, const FaultHow *how, gsize host)
{
  gboolean large = how->resize != NULL && (host == 1 || self->was_there);
  g_autofree char *xml = sim_world_dup_xml (world, hosts[host], "g0", TRUE /* definition */);
  g_autofree char *chains = dup_chains (world, hosts[host]);
  g_autofree char *top = replace_first (self->chains, "qcow2 4194304", "qcow2 8388608");
  g_autofree char *both = replace_first (top, "raw 2097152", "raw 4194304");

  if (xml != NULL && (strstr (xml, ">4</vcpu>") != NULL) != large)
    return g_strdup_printf ("it has the %s shape on %s", large ? "old" : "new", hosts[host]);
  if (!g_str_equal (chains, large ? both : self->chains))
    return g_strdup_printf ("its images on %s are %s", hosts[host], chains);
  return NULL;
}

static char *
check_there (FaultDisks *self, SimWorld *world, const FaultHow *how, gsize host)
{
  g_auto (GStrv) paths = sim_world_list_paths (world, hosts[host]);
  gboolean has_run = sim_world_get_domain (world, hosts[host], "g0").active;
  g_autofree char *content = dup_content (world, hosts[host], how->off);
  g_autofree char *xml = NULL;

  for (gsize i = 0; files[i] != NULL; i++)
    if (!has (paths, files[i]))
      return g_strdup_printf ("“%s” is missing on %s", files[i], hosts[host]);
  for (guint i = 0; paths[i] != NULL; i++)
    if (!g_strv_contains (files, paths[i]) && (self->again || !is_of_probe (paths[i])))
      return g_strdup_printf ("“%s” is left on %s", paths[i], hosts[host]);
  self->has_run |= how->off && has_run;
  if (!self->has_run && !g_str_equal (content, self->content))
    return g_strdup_printf ("what is on the disks on %s was not there before: %s, and not %s",
                            hosts[host], content, self->content);
  xml = sim_world_dup_xml (world, hosts[host], "g0", TRUE /* definition */);
  if (xml != NULL && strstr (xml, "libmigrate") != NULL)
    return g_strdup_printf ("the definition on %s is marked", hosts[host]);
  return check_shape (self, world, how, host);
}

static void
remove_pool (SimWorld *world, const char *host, const char *name)
{
  MigrateBackend *backend = sim_world_get_backend (world);
  g_autofree char *uri = g_strdup_printf ("sim://f/%s", host);
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_POOL_REMOVE, NULL);
  MigrateConn *conn = backend->vtable->open (backend, uri, NULL);

  call->storage.pool = g_strdup (name);
  if (conn == NULL || !backend->vtable->call (conn, call, NULL))
    g_error ("faults: the pool “%s” cannot be removed", name);
  backend->vtable->close (conn);
}

static char *
check_host (const FaultDisks *self, SimWorld *world, gsize host, gboolean may_leave)
{
  g_auto (GStrv) pools = sim_world_list_pools (world, hosts[host]);
  g_auto (GStrv) guests = sim_world_list_guests (world, hosts[host]);

  for (guint i = 0; pools[i] != NULL; i++)
    {
      if (has (self->pools[host], pools[i]))
        continue;
      if (!may_leave || !self->was_there)
        return g_strdup_printf ("the pool “%s” is left on %s", pools[i], hosts[host]);
      remove_pool (world, hosts[host], pools[i]);
    }
  for (guint i = 0; guests[i] != NULL; i++)
    if (!g_str_equal (guests[i], "g0"))
      return g_strdup_printf ("“%s” is left on %s", guests[i], hosts[host]);
  return NULL;
}

char *
fault_disks_check (FaultDisks *self, SimWorld *world, const FaultHow *how, guint owner,
                   gboolean may_leave)
{
  char *wrong = check_there (self, world, how, owner - 1);

  if (owner == 2)
    self->was_there = TRUE;
  if (wrong == NULL)
    wrong = check_left (self, world, how, 2 - owner, may_leave);
  for (gsize h = 0; wrong == NULL && h < G_N_ELEMENTS (hosts); h++)
    wrong = check_host (self, world, h, may_leave);
  self->again = TRUE;
  return wrong;
}
