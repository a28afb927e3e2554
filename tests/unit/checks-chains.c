/* What is below the disks that travel. */
#include "check/chains-private.h"
#include "checktest.h"

#define TOP                                                                                        \
  DEVICES ("<disk type='file'><driver type='qcow2'/><source file='/p/top'/><target dev='vda'/>"    \
           "</disk>")
#define RAW DEVICES ("<disk type='file'><source file='/p/top'/><target dev='vda'/></disk>")
#define CHAIN                                                                                      \
  DEVICES ("<disk type='file'><driver type='qcow2'/><source file='/p/top'/><target dev='vda'/>"    \
           "<backingStore type='file'><format type='qcow2'/><source file='/p/mid'/>"               \
           "<backingStore type='file'><format type='raw'/><source file='/p/base'/>"                \
           "<backingStore/></backingStore></backingStore></disk>")
#define CIRCLE                                                                                     \
  DEVICES ("<disk type='file'><driver type='qcow2'/><source file='/p/top'/><target dev='vda'/>"    \
           "<backingStore type='file'><format type='qcow2'/><source file='/p/mid'/>"               \
           "<backingStore type='file'><format type='qcow2'/><source file='/p/top'/>"               \
           "<backingStore/></backingStore></backingStore></disk>")
#define SERVED                                                                                     \
  DEVICES ("<disk type='file'><driver type='qcow2'/><source file='/p/top'/><target dev='vda'/>"    \
           "<backingStore type='network'><format type='raw'/><source protocol='nbd' name='b'>"     \
           "<host name='s'/></source><backingStore/></backingStore></disk>")

static void
not_shared (CheckGiven *g)
{
  check_probed (g, "vda", MIGRATE_SHARING_NOT_SHARED);
}
static void
off (CheckGiven *g)
{
  not_shared (g);
  g->facts->guest.state = MIGRATE_DOMAIN_SHUTOFF;
}
static void
image_of (CheckGiven *g, const char *path, const char *below)
{
  MigrateVolume *volume = g_new0 (MigrateVolume, 1);

  volume->name = g_strdup (path);
  volume->target = g_strdup (path);
  volume->backing_path = g_strdup (below);
  volume->backing_format = g_strdup (below != NULL ? "qcow2" : NULL);
  check_file (&g->facts->on_source, path, "p", TRUE)->volume = volume;
}
/* As a reader of facts does. */
static void
complete (CheckGiven *g)
{
  _migrate_chains_complete (g->facts->shape, g->facts->on_source.files);
}
static void
in_no_pool (CheckGiven *g)
{
  off (g);
  check_file (&g->facts->on_source, "/p/top", NULL, FALSE);
  complete (g);
}
static void
in_no_pool_accepted (CheckGiven *g)
{
  in_no_pool (g);
  check_set (g, "accept", "chain-unknown");
}
static void
alone (CheckGiven *g)
{
  off (g);
  image_of (g, "/p/top", NULL);
  complete (g);
}
static void
two_more (CheckGiven *g)
{
  off (g);
  image_of (g, "/p/top", "/p/mid");
  image_of (g, "/p/mid", "/p/base");
  image_of (g, "/p/base", NULL);
  complete (g);
}
static void
base_missing (CheckGiven *g)
{
  off (g);
  image_of (g, "/p/top", "/p/mid");
  check_file (&g->facts->on_source, "/p/mid", "p", FALSE);
  complete (g);
}
static void
base_not_asked (CheckGiven *g)
{
  off (g);
  image_of (g, "/p/top", "/elsewhere/mid");
  complete (g);
}
static void
circular (CheckGiven *g)
{
  off (g);
  image_of (g, "/p/top", "/p/mid");
  image_of (g, "/p/mid", "/p/base");
  image_of (g, "/p/base", "/p/mid");
  complete (g);
}
static void
itself (CheckGiven *g)
{
  off (g);
  image_of (g, "/p/top", "/p/top");
  complete (g);
}
static void
endless (CheckGiven *g)
{
  off (g);
  image_of (g, "/p/top", "/p/0");
  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *path = g_strdup_printf ("/p/%u", i);
      g_autofree char *next = g_strdup_printf ("/p/%u", i + 1);

      image_of (g, path, next);
    }
  complete (g);
}
static void
whole (CheckGiven *g)
{
  not_shared (g);
  check_set (g, "disk-copy", "whole");
}
static void
top_moved (CheckGiven *g)
{
  not_shared (g);
  check_map (g, "disk:vda=/new/top");
}
static void
base_moved (CheckGiven *g)
{
  not_shared (g);
  check_map (g, "disk:/p/base=/new/base");
}
static void
mid_moved (CheckGiven *g)
{
  not_shared (g);
  check_map (g, "disk:/p/mid=/new/mid");
}
static void
mid_moved_off (CheckGiven *g)
{
  mid_moved (g);
  g->facts->guest.state = MIGRATE_DOMAIN_SHUTOFF;
}
static void
all_moved_accepted (CheckGiven *g)
{
  off (g);
  check_map (g, "path:/p=/q");
  check_set (g, "accept", "chain-renamed");
}

static const CheckRow rows[] = {
  { "in no pool", TOP, in_no_pool, "chain-unknown", MIGRATE_SEVERITY_BLOCKER, "/p/top" },
  { "in no pool, accepted", TOP, in_no_pool_accepted, "chain-unknown", MIGRATE_SEVERITY_WARNING },
  { "in no pool, and raw", RAW, in_no_pool, "chain-unknown", CHECK_ABSENT },
  { "what is below it is in no pool", TOP, base_not_asked, "chain-unknown",
    MIGRATE_SEVERITY_BLOCKER, "/elsewhere/mid" },
  { "alone", TOP, alone, "chain-unknown", CHECK_ABSENT },
  { "alone: it goes", TOP, alone, NULL, 0 },
  { "two more: they go", TOP, two_more, NULL, 0 },
  { "said by the document", CHAIN, not_shared, "chain-unknown", CHECK_ABSENT },
  { "missing", TOP, base_missing, "chain-broken", MIGRATE_SEVERITY_BLOCKER,
    "“/p/mid”, an image of disk “vda”, is not there" },
  { "circular", TOP, circular, "chain-broken", MIGRATE_SEVERITY_BLOCKER, "itself" },
  { "circular by the document", CIRCLE, not_shared, "chain-broken", MIGRATE_SEVERITY_BLOCKER,
    "“/p/top”, an image of disk “vda”, has itself" },
  { "of itself", TOP, itself, "chain-broken", MIGRATE_SEVERITY_BLOCKER, "/p/top" },
  { "endless", TOP, endless, "chain-broken", MIGRATE_SEVERITY_BLOCKER, "more than" },
  { "whole", TOP, two_more, "chain-broken", CHECK_ABSENT },
  { "above a server", SERVED, not_shared, "backing-on-server", MIGRATE_SEVERITY_BLOCKER, "nbd:b" },
  { "above a server, one image", SERVED, whole, "backing-on-server", CHECK_ABSENT },
  { "above a server, off", SERVED, off, "backing-on-server", CHECK_ABSENT },
  { "below has another name", CHAIN, base_moved, "chain-renamed", MIGRATE_SEVERITY_BLOCKER,
    "“/p/base”" },
  { "the top has another name", CHAIN, top_moved, "chain-renamed", CHECK_ABSENT },
  { "the top is told the other name", CHAIN, mid_moved, "chain-renamed", CHECK_ABSENT },
  { "the top keeps the name", CHAIN, mid_moved_off, "chain-renamed", MIGRATE_SEVERITY_BLOCKER,
    "“/new/mid”" },
  { "all in another folder, accepted", CHAIN, all_moved_accepted, "chain-renamed",
    MIGRATE_SEVERITY_WARNING },
};

const CheckRows check_chain_rows = { rows, G_N_ELEMENTS (rows) };
