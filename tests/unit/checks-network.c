/* What the interfaces are plugged into. */
#include "checktest.h"

#define NIC(type, source, more)                                                                    \
  DEVICES ("<interface type='" type "'><mac address='52:54:00:00:00:01'/><source " source          \
           "/>" more "</interface>")
#define LAN NIC ("network", "network='lan'", "")
#define GROUP NIC ("network", "network='lan' portgroup='blue'", "")
#define BRIDGE NIC ("bridge", "bridge='br0'", "")
#define DIRECT NIC ("direct", "dev='eth1' mode='bridge'", "")
#define FILTER NIC ("bridge", "bridge='br0'", "<filterref filter='clean-traffic'/>")

static MigrateHostFacts *
there (CheckGiven *g)
{
  return &g->facts->on_destination;
}
static void
no_networks (CheckGiven *g)
{
  there (g)->networks = g_ptr_array_new ();
}
static void
no_networks_accepted (CheckGiven *g)
{
  no_networks (g);
  check_set (g, "accept", "network-missing");
}
static void
network (CheckGiven *g)
{
  check_network (there (g), "<portgroup name='blue'/>", TRUE);
}
static void
network_stopped (CheckGiven *g)
{
  check_network (there (g), "", FALSE);
}
static void
network_without_groups (CheckGiven *g)
{
  check_network (there (g), "<portgroup name='red'/>", TRUE);
}
static void
mapped (CheckGiven *g)
{
  check_network (there (g), "", TRUE);
  check_there (g, LAN);
}
static void
mapped_to_nothing (CheckGiven *g)
{
  check_network (there (g), "", TRUE);
  check_there (g, NIC ("network", "network='wan'", ""));
}
static void
interfaces (CheckGiven *g)
{
  const char *names[] = { "lo", "br0", "eth1", NULL };

  there (g)->bridges = g_strdupv ((char **) names);
}
static void
no_interfaces (CheckGiven *g)
{
  const char *names[] = { "lo", NULL };

  there (g)->bridges = g_strdupv ((char **) names);
}
static void
filters (CheckGiven *g)
{
  const char *names[] = { "clean-traffic", NULL };

  there (g)->filters = g_strdupv ((char **) names);
}
static void
no_filters (CheckGiven *g)
{
  there (g)->filters = g_new0 (char *, 1);
}
static void
networks (CheckGiven *g, const char *here, const char *other)
{
  check_network (&g->facts->on_source, here, TRUE);
  check_network (there (g), other, TRUE);
}
static void
other_mtu (CheckGiven *g)
{
  networks (g, "<mtu size='9000'/>", "");
}
static void
same_mtu (CheckGiven *g)
{
  networks (g, "<mtu size='9000'/>", "<mtu size='9000'/>");
}
static void
usual_mtu (CheckGiven *g)
{
  networks (g, "", "<mtu size='1500'/>");
}
static void
mtu_there_only (CheckGiven *g)
{
  check_network (there (g), "<mtu size='1400'/>", TRUE);
}
static void
nat (CheckGiven *g)
{
  networks (g, "<forward mode='nat'/><bridge name='virbr0'/>", "");
}
static void
bridged (CheckGiven *g)
{
  networks (g, "<forward mode='bridge'/><bridge name='br0'/>", "");
}
static void
unresolved (CheckGiven *g)
{
  g->facts->resolved = MIGRATE_RESOLVED_NOT;
  check_put (&g->facts->address, "h2.example");
}
static void
resolved (CheckGiven *g)
{
  g->facts->resolved = MIGRATE_RESOLVED;
}

static const CheckRow rows[] = {
  { "no such network", LAN, no_networks, "network-missing", MIGRATE_SEVERITY_BLOCKER, "“lan”" },
  { "no such network, accepted", LAN, no_networks_accepted, "network-missing",
    MIGRATE_SEVERITY_WARNING },
  { "mapped to none", LAN, mapped_to_nothing, "network-missing", MIGRATE_SEVERITY_BLOCKER, "wan" },
  { "mapped to one that is there", NIC ("network", "network='wan'", ""), mapped, "network-missing",
    CHECK_ABSENT },
  { "network there", LAN, network, "network-missing", CHECK_ABSENT },
  { "networks unknown", LAN, NULL, "network-missing", CHECK_ABSENT },
  { "network stopped", LAN, network_stopped, "network-inactive", MIGRATE_SEVERITY_BLOCKER },
  { "network runs", LAN, network, "network-inactive", CHECK_ABSENT },
  { "no such port group", GROUP, network_without_groups, "port-group-missing",
    MIGRATE_SEVERITY_BLOCKER, "blue" },
  { "port group there", GROUP, network, "port-group-missing", CHECK_ABSENT },
  { "no bridge", BRIDGE, no_interfaces, "bridge-missing", MIGRATE_SEVERITY_BLOCKER, "br0" },
  { "bridge", BRIDGE, interfaces, "bridge-missing", CHECK_ABSENT },
  { "bridges unknown", BRIDGE, NULL, "bridge-missing", CHECK_ABSENT },
  { "bridge of a network", NIC ("network", "network='lan' bridge='virbr9'", ""), no_interfaces,
    "bridge-missing", CHECK_ABSENT },
  { "no device", DIRECT, no_interfaces, "network-device-missing", MIGRATE_SEVERITY_BLOCKER,
    "eth1" },
  { "device", DIRECT, interfaces, "network-device-missing", CHECK_ABSENT },
  { "no filter", FILTER, no_filters, "filter-missing", MIGRATE_SEVERITY_BLOCKER, "clean-traffic" },
  { "filter", FILTER, filters, "filter-missing", CHECK_ABSENT },
  { "filters unknown", FILTER, NULL, "filter-missing", CHECK_ABSENT },
  { "vDPA", NIC ("vdpa", "dev='/dev/vhost-vdpa-0'", ""), NULL, "vdpa", MIGRATE_SEVERITY_BLOCKER },
  { "no vDPA", BRIDGE, NULL, "vdpa", CHECK_ABSENT },
  { "other MTU", LAN, other_mtu, "mtu-differs", MIGRATE_SEVERITY_WARNING, "9000" },
  { "other MTU than it was given", NIC ("network", "network='lan'", "<mtu size='9000'/>"),
    mtu_there_only, "mtu-differs", MIGRATE_SEVERITY_WARNING, "1400" },
  { "same MTU", LAN, same_mtu, "mtu-differs", CHECK_ABSENT },
  { "usual MTU", LAN, usual_mtu, "mtu-differs", CHECK_ABSENT },
  { "MTU here unknown", LAN, mtu_there_only, "mtu-differs", CHECK_ABSENT },
  { "NAT", LAN, nat, "network-private", MIGRATE_SEVERITY_WARNING },
  { "bridged", LAN, bridged, "network-private", CHECK_ABSENT },
  { "user mode", DEVICES ("<interface type='user'/>"), NULL, "user-network",
    MIGRATE_SEVERITY_WARNING },
  { "no user mode", BRIDGE, NULL, "user-network", CHECK_ABSENT },
  { "vhost-user", NIC ("vhostuser", "type='unix' path='/run/vhost' mode='server'", ""), NULL,
    "vhost-user", MIGRATE_SEVERITY_WARNING, "/run/vhost" },
  { "no vhost-user", BRIDGE, NULL, "vhost-user", CHECK_ABSENT },
  { "address unresolved", NULL, unresolved, "address-unresolved", MIGRATE_SEVERITY_WARNING,
    "h2.example" },
  { "address resolved", NULL, resolved, "address-unresolved", CHECK_ABSENT },
  { "address not asked", NULL, NULL, "address-unresolved", CHECK_ABSENT },
};

const CheckRows check_network_rows = { rows, G_N_ELEMENTS (rows) };
