/* The interface of the embedding program's volumes. */
#include "model/model-private.h"

/**
 * MigrateVolumeConnector:
 *
 * What makes a volume on a server reachable on a host, and not reachable any more: a volume
 * service of the platform's, which attaches iSCSI targets, maps RBD images, exports to an address.
 * An interface, because only the embedding program knows these.
 *
 * It is asked for every disk of the guest that does not travel because it lies on a server, in a
 * pool that is no folder, or on a device: at the destination before anything else is prepared
 * there, and at the source when the guest is proven to be gone from it. When a move is given up,
 * what it was asked to connect is disconnected at the destination, also where it refused or did
 * not answer: disconnecting must be harmless where nothing was connected.
 *
 * Without a connector, or where one answers with `libvirt`, libvirt's own storage is used as it is:
 * [class@Migrate.LibvirtVolumeConnector] says what that is. Secrets that a disk needs are made at
 * the destination after the connector was asked, where it has not made them; their values are
 * never in a request.
 *
 * Its methods run in the main context that was thread-default when the job was made, and their
 * answers are awaited for `hook-timeout` of the policy.
 *
 * Since: 1.0
 */

G_DEFINE_INTERFACE (MigrateVolumeConnector, migrate_volume_connector, G_TYPE_OBJECT)

static gboolean
connector_connect_default (MigrateVolumeConnector *self, MigrateRequest *request)
{
  return migrate_request_answer (request, g_variant_new_parsed ("{'libvirt': <true>}"));
}

static gboolean
connector_disconnect_default (MigrateVolumeConnector *self, MigrateRequest *request)
{
  return migrate_request_answer (request, NULL /* reply */);
}

static void
migrate_volume_connector_default_init (MigrateVolumeConnectorInterface *iface)
{
  iface->connect = connector_connect_default;
  iface->disconnect = connector_disconnect_default;
}

/**
 * migrate_volume_connector_connect:
 * @self: the connector
 * @request: what is asked
 *
 * Asks to make a volume reachable at the host of [method@Migrate.Request.get_side]. The details
 * have, beside what every request has: `side`, `host` (see [property@Migrate.Host:name]) and
 * `uri`; of the disk `target`, `type` (`network`, `volume`, `block`, …) and where there is one
 * `protocol`, `name`, `hosts` (`as`), `pool`, `volume` or `path`; and `secrets`, an `aa{sv}` with
 * `uuid` or `usage` and `usage-type`, and `of`, what it is for.
 *
 * The implementation answers, now or later, from any thread, with nothing, with `bindings`, an
 * `a{sv}` as a hook of the destination answers them (see [method@Migrate.Request.dup_details]), or
 * with `libvirt`, true: it knows nothing of this volume. It refuses to give the move up.
 *
 * Returns: true when the request was answered or will be; false fails it at once
 *
 * Since: 1.0
 */
gboolean
migrate_volume_connector_connect (MigrateVolumeConnector *self, MigrateRequest *request)
{
  g_return_val_if_fail (MIGRATE_IS_VOLUME_CONNECTOR (self), FALSE);
  g_return_val_if_fail (MIGRATE_IS_REQUEST (request), FALSE);
  return MIGRATE_VOLUME_CONNECTOR_GET_IFACE (self)->connect (self, request);
}

/**
 * migrate_volume_connector_disconnect:
 * @self: the connector
 * @request: what is asked
 *
 * Asks to take a connection back, with the details of [method@Migrate.VolumeConnector.connect] and
 * `undo`, a `b`: true at the destination when the move was given up, false at the source when the
 * guest has left it. It may be asked twice for the same. A refusal is a warning of the result after
 * the move; when it was given up, the job rests as `failed`.
 *
 * Returns: true when the request was answered or will be; false fails it at once
 *
 * Since: 1.0
 */
gboolean
migrate_volume_connector_disconnect (MigrateVolumeConnector *self, MigrateRequest *request)
{
  g_return_val_if_fail (MIGRATE_IS_VOLUME_CONNECTOR (self), FALSE);
  g_return_val_if_fail (MIGRATE_IS_REQUEST (request), FALSE);
  return MIGRATE_VOLUME_CONNECTOR_GET_IFACE (self)->disconnect (self, request);
}
