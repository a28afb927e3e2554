/* Room for the guest of 4 GiB and two CPUs. */
#include "checktest.h"

#define GIB G_GUINT64_CONSTANT (1073741824)
#define HUGE "<memoryBacking><hugepages><page size='2048' unit='KiB'/></hugepages></memoryBacking>"
#define TWO_SIZES                                                                                  \
  "<memoryBacking><hugepages><page size='2048' unit='KiB' nodeset='0'/>"                           \
  "<page size='1048576' unit='KiB' nodeset='1'/></hugepages></memoryBacking>"
#define ON_NODE(nodes) "<numatune><memory mode='strict' nodeset='" nodes "'/></numatune>"
#define CELL(id, pages)                                                                            \
  "<cell id='" id "'><memory unit='KiB'>8388608</memory>" pages "<cpus num='1'><cpu id='" id       \
  "'/></cpus></cell>"
#define TOPOLOGY(cells) "<topology><cells>" cells "</cells></topology>"
#define SMALL "<pages unit='KiB' size='4'>1</pages>"
#define LARGE SMALL "<pages unit='KiB' size='2048'>1</pages>"

static MigrateHostFacts *
there (CheckGiven *g)
{
  return &g->facts->on_destination;
}
static void
memory (CheckGiven *g, guint64 total, guint64 available)
{
  there (g)->memory_total = total;
  there (g)->memory_free = available;
}
static void
small_host (CheckGiven *g)
{
  memory (g, 2 * GIB, GIB);
}
static void
full_host (CheckGiven *g)
{
  memory (g, 64 * GIB, 4 * GIB - 1);
}
static void
free_host (CheckGiven *g)
{
  memory (g, 64 * GIB, 4 * GIB);
}
static void
no_huge_pages (CheckGiven *g)
{
  check_capabilities (there (g), TOPOLOGY (CELL ("0", SMALL)));
}
static void
huge_pages (CheckGiven *g)
{
  check_capabilities (there (g), TOPOLOGY (CELL ("0", LARGE)));
}
static void
two_nodes (CheckGiven *g)
{
  check_capabilities (there (g), TOPOLOGY (CELL ("0", LARGE) CELL ("1", LARGE)));
}
static void
free_pages (CheckGiven *g, guint node, guint64 n)
{
  MigrateFreePages pages = { node, 2048, n };

  if (there (g)->free_pages == NULL)
    there (g)->free_pages = g_array_new (FALSE, FALSE, sizeof (MigrateFreePages));
  g_array_append_val (there (g)->free_pages, pages);
}
static void
pages_short (CheckGiven *g)
{
  free_pages (g, 0, 2047);
}
static void
pages_enough (CheckGiven *g)
{
  free_pages (g, 0, 2048);
}
static void
pages_on_two_nodes (CheckGiven *g)
{
  free_pages (g, 0, 1024);
  free_pages (g, 1, 1024);
}
static void
none_of_one_size (CheckGiven *g)
{
  free_pages (g, 0, 0);
}
static void
few_for_one_guest (CheckGiven *g)
{
  check_domain_capabilities (there (g), "<vcpu max='8'/>");
}
static void
few_of_the_host (CheckGiven *g)
{
  there (g)->max_vcpus = 8;
}
static void
cpus (CheckGiven *g)
{
  there (g)->cpus_online = 4;
  there (g)->cpu_map = g_strdup ("0-3");
}

static const CheckRow rows[] = {
  { "less memory altogether", NULL, small_host, "memory-too-small", MIGRATE_SEVERITY_BLOCKER,
    "4.0 GiB" },
  { "memory altogether", NULL, full_host, "memory-too-small", CHECK_ABSENT },
  { "memory unknown", NULL, NULL, "memory-too-small", CHECK_ABSENT },
  { "too little free", NULL, full_host, "memory-short", MIGRATE_SEVERITY_WARNING },
  { "enough free", NULL, free_host, "memory-short", CHECK_ABSENT },
  { "too little free, in huge pages", HUGE, full_host, "memory-short", CHECK_ABSENT },
  { "no pages of that size", HUGE, no_huge_pages, "page-size-unknown", MIGRATE_SEVERITY_BLOCKER,
    "2.0 MiB" },
  { "pages of that size", HUGE, huge_pages, "page-size-unknown", CHECK_ABSENT },
  { "page sizes unknown", HUGE, NULL, "page-size-unknown", CHECK_ABSENT },
  { "one page short", HUGE, pages_short, "huge-pages-short", MIGRATE_SEVERITY_BLOCKER },
  { "pages enough", HUGE, pages_enough, "huge-pages-short", CHECK_ABSENT },
  { "pages on two nodes", HUGE, pages_on_two_nodes, "huge-pages-short", CHECK_ABSENT },
  { "pages on one node too few", HUGE ON_NODE ("1"), pages_on_two_nodes, "huge-pages-short",
    MIGRATE_SEVERITY_BLOCKER },
  { "none of one of two sizes", TWO_SIZES, none_of_one_size, "huge-pages-short",
    MIGRATE_SEVERITY_BLOCKER },
  { "some of one of two sizes", TWO_SIZES, pages_short, "huge-pages-short", CHECK_ABSENT },
  { "too many for one guest", "<vcpu current='2'>9</vcpu>", few_for_one_guest, "vcpus-too-many",
    MIGRATE_SEVERITY_BLOCKER, "at most 8" },
  { "too many for the host", "<vcpu>9</vcpu>", few_of_the_host, "vcpus-too-many",
    MIGRATE_SEVERITY_BLOCKER },
  { "as many as may be", "<vcpu>8</vcpu>", few_for_one_guest, "vcpus-too-many", CHECK_ABSENT },
  { "limit unknown", "<vcpu>512</vcpu>", NULL, "vcpus-too-many", CHECK_ABSENT },
  { "more than are online", "<vcpu>5</vcpu>", cpus, "vcpus-short", MIGRATE_SEVERITY_WARNING },
  { "as many as are online", "<vcpu>4</vcpu>", cpus, "vcpus-short", CHECK_ABSENT },
  { "bound to CPUs beyond", "<vcpu cpuset='2-5'>2</vcpu>", cpus, "cpu-set-missing",
    MIGRATE_SEVERITY_BLOCKER, "4-5" },
  { "pinned beyond", "<cputune><vcpupin vcpu='0' cpuset='7'/></cputune>", cpus, "cpu-set-missing",
    MIGRATE_SEVERITY_BLOCKER, "7" },
  { "bound within", "<vcpu cpuset='0-3,^2'>2</vcpu>", cpus, "cpu-set-missing", CHECK_ABSENT },
  { "CPUs unknown", "<vcpu cpuset='2-5'>2</vcpu>", NULL, "cpu-set-missing", CHECK_ABSENT },
  { "node not there", ON_NODE ("0-1"), huge_pages, "numa-node-missing", MIGRATE_SEVERITY_BLOCKER,
    "does not have 1" },
  { "nodes there", ON_NODE ("0-1"), two_nodes, "numa-node-missing", CHECK_ABSENT },
  { "nodes unknown", ON_NODE ("0-1"), NULL, "numa-node-missing", CHECK_ABSENT },
  { "partition", "<resource><partition>/gold</partition></resource>", NULL, "resource-partition",
    MIGRATE_SEVERITY_WARNING, "/gold" },
  { "usual partition", "<resource><partition>/machine</partition></resource>", NULL,
    "resource-partition", CHECK_ABSENT },
};

const CheckRows check_capacity_rows = { rows, G_N_ELEMENTS (rows) };
