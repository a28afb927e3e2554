/* A world from a line of text, for programs that we only preload or link. With “file” it outlives
 * the program: the next one finds it as this one left it. */
#include "sim-private.h"

#include <stdlib.h>
#include <string.h>

static char *saved_at; /* of the world from the environment */
static SimWorld *saved;

static guint64
parse_size (const char *text)
{
  char *end = NULL;
  guint64 value = g_ascii_strtoull (text, &end, 10);

  if (*end == 'K')
    value <<= 10;
  else if (*end == 'M')
    value <<= 20;
  else if (*end == 'G')
    value <<= 30;
  return value;
}

/* What a line of text says; texts are borrowed from it. */
typedef struct
{
  const char *world, *cpu, *disk, *also, *file, *fail, *server;
  guint64 hosts, guests, workers, pace, seed, bandwidth;
  guint64 memory, dirty, working_set, transient, autostart, off;
  guint64 image, data, write; /* of a disk for each guest; image 0: none */
  guint64 base;               /* of what is below each of these */
} Spec;

/* FALSE: there is no such key. */
static gboolean
spec_set (Spec *spec, const char *key, const char *value)
{
  const struct
  {
    const char *name;
    guint64 *number;
    const char **text;
  } keys[] = {
    { "world", NULL, &spec->world },
    { "cpu", NULL, &spec->cpu },
    { "disk", NULL, &spec->disk },
    { "also", NULL, &spec->also },
    { "file", NULL, &spec->file },
    { "fail", NULL, &spec->fail },
    { "server", NULL, &spec->server },
    { "hosts", &spec->hosts, NULL },
    { "guests", &spec->guests, NULL },
    { "workers", &spec->workers, NULL },
    { "pace", &spec->pace, NULL },
    { "seed", &spec->seed, NULL },
    { "bandwidth", &spec->bandwidth, NULL },
    { "memory", &spec->memory, NULL },
    { "dirty", &spec->dirty, NULL },
    { "working-set", &spec->working_set, NULL },
    { "transient", &spec->transient, NULL },
    { "autostart", &spec->autostart, NULL },
    { "off", &spec->off, NULL },
    { "image", &spec->image, NULL },
    { "data", &spec->data, NULL },
    { "write", &spec->write, NULL },
    { "base", &spec->base, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    if (g_str_equal (keys[i].name, key))
      {
        if (keys[i].text != NULL)
          *keys[i].text = value;
        else
          *keys[i].number = parse_size (value);
        return TRUE;
      }
  return FALSE;
}

static void
spec_add_hosts (SimWorld *self, const Spec *spec)
{
  for (guint i = 1; i <= spec->hosts; i++)
    {
      g_autofree char *name = g_strdup_printf ("h%u", i);

      sim_world_add_host (self, name);
      sim_world_set_workers (self, name, (guint) spec->workers);
      if (spec->cpu != NULL)
        sim_world_set_cpu (self, name, spec->cpu, "aes");
      if (spec->image > 0)
        sim_world_add_pool (self, name, &(SimPoolSpec){ .name = "images", .target = "/images" });
    }
  for (guint i = 0; spec->bandwidth > 0 && i < self->links->len; i++)
    ((SimLink *) g_ptr_array_index (self->links, i))->bandwidth = spec->bandwidth;
}

static void
spec_add_guest (SimWorld *self, const Spec *spec, const char *name)
{
  g_autofree char *path = g_strdup_printf ("/images/%s.qcow2", name);
  const SimDiskSpec disks[] = {
    { .target = "vda", .path = path, .format = "qcow2", .write_rate = spec->write },
    { .target = spec->server != NULL ? "vdb" : NULL, .path = name, .server = spec->server },
    { .target = NULL },
  };
  const SimGuestSpec guest = {
    .name = name,
    .memory = spec->memory,
    .dirty_rate = spec->dirty,
    .working_set = spec->working_set,
    .transient = spec->transient != 0,
    .autostart = spec->autostart != 0,
    .state = spec->off != 0 ? MIGRATE_DOMAIN_SHUTOFF : MIGRATE_DOMAIN_NOSTATE,
    .disk = spec->disk,
    .disks = disks + (spec->image > 0 ? 0 : 1),
  };

  if (spec->image > 0)
    sim_world_add_image (self, "h1",
                         &(SimImageSpec){ .path = path,
                                          .format = "qcow2",
                                          .capacity = spec->image,
                                          .data = spec->data,
                                          .backing = spec->base > 0 ? SIM_SPEC_BASE : NULL,
                                          .backing_format = "raw" });
  sim_world_add_guest (self, "h1", &guest);
  if (spec->also != NULL)
    sim_world_add_guest (self, spec->also, &guest);
}

/* Real bytes, so that a program's image source can have the same. */
static void
spec_add_base (SimWorld *self, const Spec *spec)
{
  g_autofree char *text = g_strnfill (spec->base, 'b');

  if (spec->base > 0)
    sim_world_add_image (self, "h1", &(SimImageSpec){ .path = SIM_SPEC_BASE, .text = text });
}

/* "undefine:h2#1": the n-th of these calls is refused. */
static gboolean
spec_add_fault (SimWorld *self, const Spec *spec)
{
  const char *number = spec->fail != NULL ? strchr (spec->fail, '#') : NULL;
  g_autofree char *which = NULL;

  if (spec->fail == NULL)
    return TRUE;
  if (number == NULL)
    return FALSE;
  which = g_strndup (spec->fail, (gsize) (number - spec->fail));
  sim_world_fail_call (self, which, (guint) parse_size (number + 1),
                       1 /* VIR_ERR_INTERNAL_ERROR */);
  return TRUE;
}

static SimWorld *
spec_make_world (const Spec *spec)
{
  SimWorld *self = sim_world_new (spec->world, spec->seed);

  spec_add_hosts (self, spec);
  spec_add_base (self, spec);
  for (guint i = 0; i < spec->guests; i++)
    {
      g_autofree char *name = g_strdup_printf ("g%u", i);

      spec_add_guest (self, spec, name);
    }
  sim_world_set_pace (self, (guint) spec->pace);
  return self;
}

static gboolean
spec_parse (Spec *spec, char **parts)
{
  for (guint i = 0; parts[i] != NULL; i++)
    {
      char *value = strchr (parts[i], '=');

      if (*parts[i] == '\0')
        continue;
      if (value == NULL)
        return FALSE;
      *value++ = '\0';
      if (!spec_set (spec, parts[i], value))
        return FALSE;
    }
  return TRUE;
}

static void
save_at_exit (void)
{
  if (!sim_world_save (saved, saved_at))
    g_warning ("The world cannot be saved at %s", saved_at);
}

static void
keep (SimWorld *self, const char *path)
{
  saved = self;
  saved_at = g_strdup (path);
  atexit (save_at_exit);
}

SimWorld *
sim_world_new_from_spec (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, ";", -1);
  Spec spec = { .world = "w", .hosts = 2, .guests = 1, .workers = SIM_WORKERS };
  SimWorld *self = NULL;

  spec.pace = 100;
  spec.seed = 1;
  if (!spec_parse (&spec, parts))
    return NULL;
  if (spec.file != NULL)
    self = sim_world_load (spec.file);
  if (self == NULL)
    self = spec_make_world (&spec);
  if (spec.file != NULL)
    keep (self, spec.file);
  return spec_add_fault (self, &spec) ? self : NULL;
}

/* Python in the bindings' tests, and migratectl, know nothing of it. */
__attribute__ ((constructor)) static void
register_at_load (void)
{
  const char *spec = g_getenv ("MIGRATE_SIM");

  _sim_register ();
  if (spec != NULL && *spec != '\0' && sim_world_new_from_spec (spec) == NULL)
    g_warning ("MIGRATE_SIM is not understood: %s", spec);
}
