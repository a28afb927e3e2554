/* A guest's network interfaces, and where its consoles and screens are reached. */
#include "xml/guest-parts-private.h"

#include <string.h>

static void
nic_free (MigrateNic *self)
{
  g_free (self->type);
  g_free (self->mac);
  g_free (self->network);
  g_free (self->port_group);
  g_free (self->bridge);
  g_free (self->device);
  g_free (self->socket);
  g_free (self->filter);
  g_free (self->model);
  g_free (self->alias);
  g_free (self->mtu);
  g_free (self);
}

static void
endpoint_free (MigrateEndpoint *self)
{
  g_free (self->element);
  g_free (self->type);
  g_free (self->path);
  g_free (self->listen);
  g_free (self->target);
  g_free (self);
}

GPtrArray *
_migrate_nic_list_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) nic_free);
}

GPtrArray *
_migrate_endpoint_list_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) endpoint_free);
}

/* ---- interfaces ---- */

static MigrateNic *
read_nic (const xmlNode *node, GError **error)
{
  const xmlNode *source = _migrate_node_child (node, "source");
  const xmlNode *address = _migrate_node_child (source, "address");
  MigrateNic *nic = g_new0 (MigrateNic, 1);

  nic->type = _migrate_node_dup (node, "type");
  if (nic->type == NULL)
    nic->type = g_strdup ("ethernet");
  nic->mac = _migrate_node_dup_at (node, "mac", "address");
  nic->network = _migrate_node_dup (source, "network");
  nic->port_group = _migrate_node_dup (source, "portgroup");
  nic->bridge = _migrate_node_dup (source, "bridge");
  nic->device = address != NULL && strcmp (nic->type, "hostdev") == 0
                  ? _migrate_pci_address (address, error)
                  : _migrate_node_dup (source, "dev");
  nic->socket = _migrate_node_dup (source, "path");
  nic->filter = _migrate_node_dup_at (node, "filterref", "filter");
  nic->model = _migrate_node_dup_at (node, "model", "type");
  nic->alias = _migrate_node_dup_at (node, "alias", "name");
  nic->mtu = _migrate_node_dup_at (node, "mtu", "size");
  nic->teaming_transient
    = _migrate_node_has (_migrate_node_child (node, "teaming"), "type", "transient");
  nic->has_port_profile = _migrate_node_child (node, "virtualport") != NULL;
  return nic;
}

/* The two halves of a team have the same address, and libvirt does not mind if others do. */
void
_migrate_guest_read_nics (MigrateGuest *self, const xmlNode *devices, GError **error)
{
  for (const xmlNode *node = _migrate_node_child (devices, "interface"); node != NULL;
       node = _migrate_node_next (node, "interface"))
    g_ptr_array_add (self->nics, read_nic (node, error));
}

/* ---- endpoints ---- */

static MigrateEndpoint *
read_character_device (const xmlNode *node)
{
  const xmlNode *target = _migrate_node_child (node, "target");
  MigrateEndpoint *endpoint = g_new0 (MigrateEndpoint, 1);

  endpoint->element = g_strdup ((const char *) node->name);
  endpoint->type = _migrate_node_dup (node, "type");
  if (endpoint->type == NULL)
    endpoint->type = g_strdup ("pty");
  for (const xmlNode *source = _migrate_node_child (node, "source"); source != NULL;
       source = _migrate_node_next (source, "source"))
    {
      if (endpoint->path == NULL)
        endpoint->path = _migrate_node_dup (source, "path");
      if (endpoint->listen == NULL && _migrate_node_has (source, "mode", "bind"))
        endpoint->listen = _migrate_node_dup (source, "host");
    }
  endpoint->target = _migrate_node_dup (target, "name");
  if (endpoint->target == NULL)
    endpoint->target = _migrate_node_dup (target, "port");
  return endpoint;
}

static MigrateEndpoint *
read_graphics (const xmlNode *node)
{
  const xmlNode *listen = _migrate_node_child (node, "listen");
  MigrateEndpoint *endpoint = g_new0 (MigrateEndpoint, 1);

  endpoint->element = g_strdup ("graphics");
  endpoint->type = _migrate_node_dup (node, "type");
  if (endpoint->type == NULL)
    endpoint->type = g_strdup ("vnc");
  endpoint->listen = _migrate_node_dup (listen, "address");
  if (endpoint->listen == NULL)
    endpoint->listen = _migrate_node_dup (node, "listen");
  endpoint->path = _migrate_node_dup (listen, "socket");
  if (endpoint->path == NULL)
    endpoint->path = _migrate_node_dup (node, "socket");
  if (endpoint->path == NULL)
    endpoint->path = _migrate_node_dup_at (node, "gl", "rendernode");
  return endpoint;
}

void
_migrate_guest_read_endpoints (MigrateGuest *self, const xmlNode *devices)
{
  static const char *const elements[] = { "serial", "parallel", "console", "channel", NULL };

  for (const xmlNode *node = _migrate_node_child (devices, NULL); node != NULL;
       node = _migrate_node_next (node, NULL))
    if (g_strv_contains (elements, (const char *) node->name))
      g_ptr_array_add (self->endpoints, read_character_device (node));
    else if (_migrate_node_is (node, "graphics"))
      g_ptr_array_add (self->endpoints, read_graphics (node));
}
