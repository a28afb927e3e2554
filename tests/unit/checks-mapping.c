/* What a mapping makes of the guest. */
#include "checktest.h"

#include "check/plan-private.h"

#define NIC                                                                                        \
  DEVICES ("<interface type='bridge'><mac address='52:54:00:00:00:01'/>"                           \
           "<source bridge='br0'/><model type='virtio'/></interface>")
#define COMMENT "<!-- nothing of ours -->"

static void
renamed (CheckGiven *g)
{
  check_map (g, "bridge:br0=br1");
}
static void
open_name (CheckGiven *g)
{
  check_map (g, "bridge:br0=?");
}
static void
open_name_with_hooks (CheckGiven *g)
{
  open_name (g);
  g->request.has_hooks = TRUE;
}
static void
unused (CheckGiven *g)
{
  check_map (g, "bridge:br7=br1");
}
/* No rule does that: it is what would be seen if one did. */
static void
see_as (CheckGiven *g, const char *model)
{
  g_auto (GStrv) parts = NULL;
  MigrateThere *there = g_new0 (MigrateThere, 1);

  check_map (g, "bridge:br0=br1");
  _migrate_there_decide (g->facts, &g->request, there);
  parts = g_strsplit (there->live->xml, "virtio", -1);
  check_put (&there->live->xml, NULL);
  there->live->xml = g_strjoinv (model, parts);
  g->request.documents = there;
}
static void
other_machine (CheckGiven *g)
{
  see_as (g, "e1000");
}
static void
as_before (CheckGiven *g)
{
  see_as (g, "virtio");
}
static void
other_machine_accepted (CheckGiven *g)
{
  other_machine (g);
  check_set (g, "accept", "abi-differs");
}
static void
no_document (CheckGiven *g)
{
  check_put (&g->facts->xml, "<domain");
}
static void
no_definition (CheckGiven *g)
{
  check_put (&g->facts->inactive_xml, "<domain");
}
static void
transient (CheckGiven *g)
{
  check_put (&g->facts->inactive_xml, NULL);
}

static const CheckRow rows[] = {
  { "another bridge", NIC, renamed, NULL },
  { "another bridge, transient", NIC COMMENT, transient, "mapping-invalid", CHECK_ABSENT },
  { "no document", NIC, no_document, "mapping-invalid", MIGRATE_SEVERITY_BLOCKER },
  { "no document as its definition", NIC, no_definition, "mapping-invalid",
    MIGRATE_SEVERITY_BLOCKER },
  { "no mapping", NIC, NULL, "mapping-invalid", CHECK_ABSENT },
  { "same machine", NIC, renamed, "abi-differs", CHECK_ABSENT },
  { "same machine, seen", NIC, as_before, "abi-differs", CHECK_ABSENT },
  { "other machine", NIC, other_machine, "abi-differs", MIGRATE_SEVERITY_BLOCKER,
    "another machine" },
  { "other machine, accepted", NIC, other_machine_accepted, "abi-differs",
    MIGRATE_SEVERITY_BLOCKER },
  { "open", NIC, open_name, "mapping-open", MIGRATE_SEVERITY_BLOCKER, "bridge:br0" },
  { "open, with hooks", NIC, open_name_with_hooks, "mapping-open", CHECK_ABSENT },
  { "not open", NIC, renamed, "mapping-open", CHECK_ABSENT },
  { "unused", NIC, unused, "mapping-unused", MIGRATE_SEVERITY_WARNING, "bridge:br7" },
  { "used", NIC, renamed, "mapping-unused", CHECK_ABSENT },
};

const CheckRows check_mapping_rows = { rows, G_N_ELEMENTS (rows) };
