/* Decide: whether the guest's interfaces find at the destination what they are plugged into, and
 * whether the hosts find each other. */
#include "check/checks-private.h"

static const MigrateNic *
nth_nic (const MigrateLook *look, guint i)
{
  const MigrateGuest *there = _migrate_look_there (look);

  return i < there->nics->len ? there->nics->pdata[i] : NULL;
}

static const char *
name_of (const MigrateNic *nic)
{
  if (nic->mac != NULL)
    return nic->mac;
  return nic->alias != NULL ? nic->alias : nic->type;
}

static const MigrateNetwork *
network_on (const MigrateHostFacts *host, const char *name)
{
  for (guint i = 0; name != NULL && host->networks != NULL && i < host->networks->len; i++)
    {
      const MigrateNetwork *network = host->networks->pdata[i];

      if (g_str_equal (network->name, name))
        return network;
    }
  return NULL;
}

/* ---- what it is plugged into ---- */

static void
look_network_missing (MigrateLook *look)
{
  const MigrateHostFacts *host = &look->facts->on_destination;
  const MigrateNic *nic;

  for (guint i = 0; host->networks != NULL && (nic = nth_nic (look, i)) != NULL; i++)
    if (nic->network != NULL && network_on (host, nic->network) == NULL)
      _migrate_look_find (look, name_of (nic), nic->network, NULL);
}

static void
look_network_inactive (MigrateLook *look)
{
  const MigrateNic *nic;

  for (guint i = 0; (nic = nth_nic (look, i)) != NULL; i++)
    {
      const MigrateNetwork *network = network_on (&look->facts->on_destination, nic->network);

      if (network != NULL && !network->active)
        _migrate_look_find (look, name_of (nic), nic->network, NULL);
    }
}

/* libvirt passes over a port group that its network does not have: the guest would be on another
 * VLAN, and nobody told. */
static void
look_port_group (MigrateLook *look)
{
  const MigrateNic *nic;

  for (guint i = 0; (nic = nth_nic (look, i)) != NULL; i++)
    {
      const MigrateNetwork *network = network_on (&look->facts->on_destination, nic->network);

      if (network != NULL && nic->port_group != NULL
          && !g_strv_contains ((const char *const *) network->port_groups, nic->port_group))
        _migrate_look_find (look, name_of (nic), nic->port_group, nic->network, NULL);
    }
}

static void
look_in_list (MigrateLook *look, const MigrateNic *nic, char **list, const char *name)
{
  if (name != NULL && list != NULL && !g_strv_contains ((const char *const *) list, name))
    _migrate_look_find (look, name_of (nic), name, NULL);
}

/* A network's bridge is the network's matter. */
static void
look_bridge (MigrateLook *look)
{
  const MigrateNic *nic;

  for (guint i = 0; (nic = nth_nic (look, i)) != NULL; i++)
    if (g_str_equal (nic->type, "bridge"))
      look_in_list (look, nic, look->facts->on_destination.bridges, nic->bridge);
}

static void
look_device (MigrateLook *look)
{
  const MigrateNic *nic;

  for (guint i = 0; (nic = nth_nic (look, i)) != NULL; i++)
    if (g_str_equal (nic->type, "direct"))
      look_in_list (look, nic, look->facts->on_destination.bridges, nic->device);
}

static void
look_filter (MigrateLook *look)
{
  const MigrateNic *nic;

  for (guint i = 0; (nic = nth_nic (look, i)) != NULL; i++)
    look_in_list (look, nic, look->facts->on_destination.filters, nic->filter);
}

/* ---- what the guest sees of it ---- */

/* A network without an MTU of its own has the usual one. Where the source's is not known, the
 * interface tells what it was given. */
static gboolean
mtu_differs (const MigrateNic *nic, const MigrateNetwork *here, const MigrateNetwork *there,
             const char **mine, const char **other)
{
  *mine = here != NULL ? here->mtu : nic->mtu;
  *other = there->mtu;
  if (here == NULL && (*mine == NULL || *other == NULL))
    return FALSE;
  *mine = *mine != NULL ? *mine : "1500";
  *other = *other != NULL ? *other : "1500";
  return !g_str_equal (*mine, *other);
}

static void
look_mtu (MigrateLook *look)
{
  const MigrateNic *nic;
  const char *mine, *other;

  for (guint i = 0; (nic = nth_nic (look, i)) != NULL; i++)
    {
      const MigrateNetwork *here = network_on (&look->facts->on_source, nic->network);
      const MigrateNetwork *there = network_on (&look->facts->on_destination, nic->network);

      if (there != NULL && mtu_differs (nic, here, there, &mine, &other))
        _migrate_look_find (look, name_of (nic), mine, other, NULL);
    }
}

/* NAT, routed, isolated: its addresses mean something on one host only. */
static void
look_private (MigrateLook *look)
{
  const MigrateNic *nic;

  for (guint i = 0; (nic = nth_nic (look, i)) != NULL; i++)
    {
      const MigrateNetwork *network = network_on (&look->facts->on_source, nic->network);

      if (network != NULL
          && (network->forward == NULL || g_str_equal (network->forward, "nat")
              || g_str_equal (network->forward, "route"))
          && network->bridge != NULL)
        _migrate_look_find (look, name_of (nic), nic->network, NULL);
    }
}

static void
look_user (MigrateLook *look)
{
  const MigrateNic *nic;

  for (guint i = 0; (nic = nth_nic (look, i)) != NULL; i++)
    if (g_str_equal (nic->type, "user"))
      _migrate_look_find (look, name_of (nic), NULL);
}

/* ---- what is beside it ---- */

static void
look_vhost_user (MigrateLook *look)
{
  const MigrateNic *nic;

  for (guint i = 0; (nic = nth_nic (look, i)) != NULL; i++)
    if (g_str_equal (nic->type, "vhostuser"))
      _migrate_look_find (look, name_of (nic), nic->socket != NULL ? nic->socket : "a socket",
                          NULL);
}

static void
look_vdpa (MigrateLook *look)
{
  const MigrateNic *nic;

  for (guint i = 0; (nic = nth_nic (look, i)) != NULL; i++)
    if (g_str_equal (nic->type, "vdpa"))
      _migrate_look_find (look, name_of (nic), NULL);
}

/* ---- between the hosts ---- */

static void
look_address (MigrateLook *look)
{
  const MigrateFacts *f = look->facts;

  if (f->resolved == MIGRATE_RESOLVED_NOT)
    _migrate_look_find (look, f->destination.hostname,
                        f->address != NULL ? f->address : f->destination.hostname, NULL);
}

static const MigrateCheck checks[] = {
  { "network-missing", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "an interface is on a network that the destination does not have",
    "Interface “$1” is on the network “$2”, which the destination does not have",
    "Define it there and start it, or map the network to one that it has", look_network_missing },
  { "network-inactive", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "an interface is on a network that is not started at the destination",
    "Interface “$1” is on the network “$2”, which is not started at the destination",
    "Start it there: virsh net-start, and net-autostart", look_network_inactive },
  { "port-group-missing", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "an interface is in a port group that its network does not have at the destination: libvirt "
    "would pass over it, and the guest be on another VLAN",
    "Interface “$1” is in the port group “$2”, which the network “$3” does not have at the "
    "destination",
    "Add the port group to the network there", look_port_group },
  { "bridge-missing", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "an interface is on a bridge that the destination does not have",
    "Interface “$1” is on the bridge “$2”, which the destination does not have",
    "Create it there, or map the bridge to one that it has", look_bridge },
  { "network-device-missing", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "an interface uses a network device of the host (macvtap) that the destination does not have",
    "Interface “$1” uses the device “$2”, which the destination does not have",
    "Map the interface to a device that it has", look_device },
  { "filter-missing", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "an interface has a network filter that the destination does not have",
    "Interface “$1” has the network filter “$2”, which the destination does not have",
    "Define it there: virsh nwfilter-dumpxml, nwfilter-define", look_filter },
  { "vdpa", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "an interface is a vDPA device: QEMU and libvirt refuse to move it, except where the newest of "
    "both can",
    "Interface “$1” is a vDPA device, which does not move",
    "Detach the interface, and attach another one after the move", look_vdpa },
  { "mtu-differs", MIGRATE_SEVERITY_WARNING, FALSE,
    "a network has another MTU at the destination than the guest's interface was given here",
    "Interface “$1” has the MTU “$2”, and its network at the destination “$3”",
    "Give the network there the same MTU", look_mtu },
  { "network-private", MIGRATE_SEVERITY_WARNING, FALSE,
    "an interface is on a network of the host's own (NAT, routed or isolated): the guest's "
    "connections end with the move",
    "Interface “$1” is on the network “$2”, which is the host's own: connections through it end",
    "Let the guest ask for an address again after the move", look_private },
  { "user-network", MIGRATE_SEVERITY_WARNING, FALSE,
    "an interface is on QEMU's user-mode network: connections through it end, and one with passt "
    "may be refused",
    "Interface “$1” is on QEMU's user-mode network: connections through it end", "Detach it first",
    look_user },
  { "vhost-user", MIGRATE_SEVERITY_WARNING, FALSE,
    "an interface is served by another program (vhost-user): the destination must run one at the "
    "same socket, and both must know how to move",
    "Interface “$1” is served by the program at “$2”: the destination must have one there",
    "See to it that it runs there before the move", look_vhost_user },
  { "address-unresolved", MIGRATE_SEVERITY_WARNING, FALSE,
    "the address that the source will be given for the destination does not resolve, as seen from "
    "here",
    "The source will be given the address “$2” of “$1”, which does not resolve",
    "Make it resolve at the source, or give a migration URI with an address", look_address },
};

const MigrateCheckFamily _migrate_network_checks = { "network", checks, G_N_ELEMENTS (checks) };
