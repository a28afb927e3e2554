/* A host, as the program names it. */
#include "virt/link-private.h"

/**
 * MigrateHost:
 *
 * One libvirt daemon, reached by URI. Jobs that share the object share its connection.
 *
 * Nothing is opened before an operation needs it. Thread-safe.
 *
 * Since: 1.0
 */

#define DEFAULT_TRANSFERS 4
#define MOST_TRANSFERS 10 /* more, and a daemon answers neither abort nor statistics */

struct _MigrateHost
{
  GObject parent_instance;

  GMutex lock;
  char *uri; /* set once */
  char *peer_uri, *migration_uri, *listen_address, *tls_name, *name;
  MigrateMapping *profile; /* nullable; never changed, but replaced */
  guint max_outgoing, max_incoming;
  MigrateLink *link; /* nullable until used */
};

enum
{
  PROP_URI = 1,
  PROP_PEER_URI,
  PROP_MIGRATION_URI,
  PROP_LISTEN_ADDRESS,
  PROP_TLS_NAME,
  PROP_NAME,
  PROP_PROFILE,
  PROP_MAX_OUTGOING,
  PROP_MAX_INCOMING,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (MigrateHost, migrate_host, G_TYPE_OBJECT)

static void
host_free (GObject *object)
{
  MigrateHost *self = MIGRATE_HOST (object);

  g_clear_pointer (&self->link, _migrate_link_unref);
  g_free (self->uri);
  g_free (self->peer_uri);
  g_free (self->migration_uri);
  g_free (self->listen_address);
  g_free (self->tls_name);
  g_free (self->name);
  g_clear_object (&self->profile);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (migrate_host_parent_class)->finalize (object);
}

static void
host_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  MigrateHost *self = MIGRATE_HOST (object);

  switch (id)
    {
    case PROP_URI:
      g_value_set_string (value, self->uri);
      break;
    case PROP_PEER_URI:
      g_value_take_string (value, migrate_host_dup_peer_uri (self));
      break;
    case PROP_MIGRATION_URI:
      g_value_take_string (value, migrate_host_dup_migration_uri (self));
      break;
    case PROP_LISTEN_ADDRESS:
      g_value_take_string (value, migrate_host_dup_listen_address (self));
      break;
    case PROP_TLS_NAME:
      g_value_take_string (value, migrate_host_dup_tls_name (self));
      break;
    case PROP_NAME:
      g_value_take_string (value, migrate_host_dup_name (self));
      break;
    case PROP_PROFILE:
      g_value_take_object (value, migrate_host_dup_profile (self));
      break;
    case PROP_MAX_OUTGOING:
      g_value_set_uint (value, migrate_host_get_max_outgoing (self));
      break;
    case PROP_MAX_INCOMING:
      g_value_set_uint (value, migrate_host_get_max_incoming (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
host_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  MigrateHost *self = MIGRATE_HOST (object);

  switch (id)
    {
    case PROP_URI:
      self->uri = g_value_dup_string (value);
      break;
    case PROP_PEER_URI:
      migrate_host_set_peer_uri (self, g_value_get_string (value));
      break;
    case PROP_MIGRATION_URI:
      migrate_host_set_migration_uri (self, g_value_get_string (value));
      break;
    case PROP_LISTEN_ADDRESS:
      migrate_host_set_listen_address (self, g_value_get_string (value));
      break;
    case PROP_TLS_NAME:
      migrate_host_set_tls_name (self, g_value_get_string (value));
      break;
    case PROP_NAME:
      migrate_host_set_name (self, g_value_get_string (value));
      break;
    case PROP_PROFILE:
      migrate_host_set_profile (self, g_value_get_object (value));
      break;
    case PROP_MAX_OUTGOING:
      migrate_host_set_max_outgoing (self, g_value_get_uint (value));
      break;
    case PROP_MAX_INCOMING:
      migrate_host_set_max_incoming (self, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
migrate_host_class_init (MigrateHostClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->finalize = host_free;
  object_class->get_property = host_get_property;
  object_class->set_property = host_set_property;

  /**
   * MigrateHost:uri:
   *
   * The libvirt URI with which this program reaches the host.
   *
   * Since: 1.0
   */
  props[PROP_URI] = g_param_spec_string (
    "uri", NULL, NULL, NULL, G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  /**
   * MigrateHost:peer-uri:
   *
   * The URI with which the *other* host's libvirtd reaches this one. %NULL: the same as
   * [property@Migrate.Host:uri].
   *
   * Since: 1.0
   */
  props[PROP_PEER_URI] = g_param_spec_string ("peer-uri", NULL, NULL, NULL, flags);
  /**
   * MigrateHost:migration-uri:
   *
   * Where memory is to arrive on this host (`tcp://address`). %NULL: libvirt chooses.
   *
   * Since: 1.0
   */
  props[PROP_MIGRATION_URI] = g_param_spec_string ("migration-uri", NULL, NULL, NULL, flags);
  /**
   * MigrateHost:listen-address:
   *
   * The address that this host listens on for memory. %NULL: all.
   *
   * Since: 1.0
   */
  props[PROP_LISTEN_ADDRESS] = g_param_spec_string ("listen-address", NULL, NULL, NULL, flags);
  /**
   * MigrateHost:tls-name:
   *
   * The name in this host's certificate for memory on the wire ([property@Migrate.Policy:tls]).
   * %NULL: the host in the migration URI, as libvirt has it.
   *
   * Since: 1.0
   */
  props[PROP_TLS_NAME] = g_param_spec_string ("tls-name", NULL, NULL, NULL, flags);
  /**
   * MigrateHost:name:
   *
   * What the platform calls the host: in its record of guests ([iface@Migrate.Inventory]), and in
   * the operator's commands ([class@Migrate.CommandFence]). %NULL: the URI, without secrets.
   *
   * Since: 1.0
   */
  props[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, flags);
  /**
   * MigrateHost:profile:
   *
   * What this host has where other hosts have something else, for guests that come here: the
   * destination's profile. A job's own mapping ([property@Migrate.Job:mapping]) counts more. %NULL:
   * nothing. Copied when it is set.
   *
   * Since: 1.0
   */
  props[PROP_PROFILE] = g_param_spec_object ("profile", NULL, NULL, MIGRATE_TYPE_MAPPING, flags);
  /**
   * MigrateHost:max-outgoing:
   *
   * How many transfers may leave this host at once; others wait.
   *
   * Since: 1.0
   */
  props[PROP_MAX_OUTGOING]
    = g_param_spec_uint ("max-outgoing", NULL, NULL, 1, MOST_TRANSFERS, DEFAULT_TRANSFERS, flags);
  /**
   * MigrateHost:max-incoming:
   *
   * How many transfers may arrive at this host at once; others wait.
   *
   * Since: 1.0
   */
  props[PROP_MAX_INCOMING]
    = g_param_spec_uint ("max-incoming", NULL, NULL, 1, MOST_TRANSFERS, DEFAULT_TRANSFERS, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
migrate_host_init (MigrateHost *self)
{
  g_mutex_init (&self->lock);
  self->max_outgoing = DEFAULT_TRANSFERS;
  self->max_incoming = DEFAULT_TRANSFERS;
}

/**
 * migrate_host_new:
 * @uri: a libvirt URI, such as `qemu+ssh://host/system`
 *
 * Makes a host. The URI is looked at when a check runs, not here.
 *
 * Returns: (transfer full): a new host
 *
 * Since: 1.0
 */
MigrateHost *
migrate_host_new (const char *uri)
{
  g_return_val_if_fail (uri != NULL, NULL);
  return g_object_new (MIGRATE_TYPE_HOST, "uri", uri, NULL);
}

/**
 * migrate_host_get_uri:
 * @self: a host
 *
 * The URI with which this program reaches the host.
 *
 * Returns: (transfer none): the URI
 *
 * Since: 1.0
 */
const char *
migrate_host_get_uri (MigrateHost *self)
{
  g_return_val_if_fail (MIGRATE_IS_HOST (self), NULL);
  return self->uri != NULL ? self->uri : "";
}

static char *
host_dup_string (MigrateHost *self, char **field)
{
  char *copy;

  g_mutex_lock (&self->lock);
  copy = g_strdup (*field);
  g_mutex_unlock (&self->lock);
  return copy;
}

static void
host_set_string (MigrateHost *self, char **field, const char *value, guint prop)
{
  gboolean changed;

  g_mutex_lock (&self->lock);
  changed = g_strcmp0 (*field, value) != 0;
  if (changed)
    {
      g_free (*field);
      *field = g_strdup (value);
    }
  g_mutex_unlock (&self->lock);
  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), props[prop]);
}

static guint
host_get_number (MigrateHost *self, const guint *field)
{
  guint number;

  g_mutex_lock (&self->lock);
  number = *field;
  g_mutex_unlock (&self->lock);
  return number;
}

static void
host_set_number (MigrateHost *self, guint *field, guint value, guint prop)
{
  gboolean changed;

  g_mutex_lock (&self->lock);
  changed = *field != value;
  *field = value;
  g_mutex_unlock (&self->lock);
  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), props[prop]);
}

/**
 * migrate_host_dup_peer_uri:
 * @self: a host
 *
 * Gets [property@Migrate.Host:peer-uri].
 *
 * Returns: (transfer full) (nullable): the value
 *
 * Since: 1.0
 */
char *
migrate_host_dup_peer_uri (MigrateHost *self)
{
  g_return_val_if_fail (MIGRATE_IS_HOST (self), NULL);
  return host_dup_string (self, &self->peer_uri);
}

/**
 * migrate_host_set_peer_uri:
 * @self: a host
 * @peer_uri: (nullable): the value
 *
 * Sets [property@Migrate.Host:peer-uri]. A job that is prepared keeps what it
 * was prepared with.
 *
 * Since: 1.0
 */
void
migrate_host_set_peer_uri (MigrateHost *self, const char *peer_uri)
{
  g_return_if_fail (MIGRATE_IS_HOST (self));
  host_set_string (self, &self->peer_uri, peer_uri, PROP_PEER_URI);
}

/**
 * migrate_host_dup_migration_uri:
 * @self: a host
 *
 * Gets [property@Migrate.Host:migration-uri].
 *
 * Returns: (transfer full) (nullable): the value
 *
 * Since: 1.0
 */
char *
migrate_host_dup_migration_uri (MigrateHost *self)
{
  g_return_val_if_fail (MIGRATE_IS_HOST (self), NULL);
  return host_dup_string (self, &self->migration_uri);
}

/**
 * migrate_host_set_migration_uri:
 * @self: a host
 * @migration_uri: (nullable): the value
 *
 * Sets [property@Migrate.Host:migration-uri]. A job that is prepared keeps what it
 * was prepared with.
 *
 * Since: 1.0
 */
void
migrate_host_set_migration_uri (MigrateHost *self, const char *migration_uri)
{
  g_return_if_fail (MIGRATE_IS_HOST (self));
  host_set_string (self, &self->migration_uri, migration_uri, PROP_MIGRATION_URI);
}

/**
 * migrate_host_dup_listen_address:
 * @self: a host
 *
 * Gets [property@Migrate.Host:listen-address].
 *
 * Returns: (transfer full) (nullable): the value
 *
 * Since: 1.0
 */
char *
migrate_host_dup_listen_address (MigrateHost *self)
{
  g_return_val_if_fail (MIGRATE_IS_HOST (self), NULL);
  return host_dup_string (self, &self->listen_address);
}

/**
 * migrate_host_set_listen_address:
 * @self: a host
 * @listen_address: (nullable): the value
 *
 * Sets [property@Migrate.Host:listen-address]. A job that is prepared keeps what it
 * was prepared with.
 *
 * Since: 1.0
 */
void
migrate_host_set_listen_address (MigrateHost *self, const char *listen_address)
{
  g_return_if_fail (MIGRATE_IS_HOST (self));
  host_set_string (self, &self->listen_address, listen_address, PROP_LISTEN_ADDRESS);
}

/**
 * migrate_host_dup_tls_name:
 * @self: a host
 *
 * Gets [property@Migrate.Host:tls-name].
 *
 * Returns: (transfer full) (nullable): the value
 *
 * Since: 1.0
 */
char *
migrate_host_dup_tls_name (MigrateHost *self)
{
  g_return_val_if_fail (MIGRATE_IS_HOST (self), NULL);
  return host_dup_string (self, &self->tls_name);
}

/**
 * migrate_host_set_tls_name:
 * @self: a host
 * @tls_name: (nullable): the value
 *
 * Sets [property@Migrate.Host:tls-name]. A job that is prepared keeps what it
 * was prepared with.
 *
 * Since: 1.0
 */
void
migrate_host_set_tls_name (MigrateHost *self, const char *tls_name)
{
  g_return_if_fail (MIGRATE_IS_HOST (self));
  host_set_string (self, &self->tls_name, tls_name, PROP_TLS_NAME);
}

/**
 * migrate_host_dup_name:
 * @self: a host
 *
 * Gets [property@Migrate.Host:name].
 *
 * Returns: (transfer full) (nullable): the value
 *
 * Since: 1.0
 */
char *
migrate_host_dup_name (MigrateHost *self)
{
  g_return_val_if_fail (MIGRATE_IS_HOST (self), NULL);
  return host_dup_string (self, &self->name);
}

/**
 * migrate_host_set_name:
 * @self: a host
 * @name: (nullable): the value
 *
 * Sets [property@Migrate.Host:name]. A job that is prepared keeps what it
 * was prepared with.
 *
 * Since: 1.0
 */
void
migrate_host_set_name (MigrateHost *self, const char *name)
{
  g_return_if_fail (MIGRATE_IS_HOST (self));
  host_set_string (self, &self->name, name, PROP_NAME);
}

/**
 * migrate_host_dup_profile:
 * @self: a host
 *
 * Gets [property@Migrate.Host:profile].
 *
 * Returns: (transfer full) (nullable): a copy of the profile
 *
 * Since: 1.0
 */
MigrateMapping *
migrate_host_dup_profile (MigrateHost *self)
{
  MigrateMapping *copy;

  g_return_val_if_fail (MIGRATE_IS_HOST (self), NULL);
  g_mutex_lock (&self->lock);
  copy = self->profile != NULL ? migrate_mapping_copy (self->profile) : NULL;
  g_mutex_unlock (&self->lock);
  return copy;
}

/**
 * migrate_host_set_profile:
 * @self: a host
 * @profile: (nullable): a mapping, which is copied
 *
 * Sets [property@Migrate.Host:profile].
 *
 * Since: 1.0
 */
void
migrate_host_set_profile (MigrateHost *self, MigrateMapping *profile)
{
  MigrateMapping *copy, *old;

  g_return_if_fail (MIGRATE_IS_HOST (self));
  g_return_if_fail (profile == NULL || MIGRATE_IS_MAPPING (profile));
  copy = profile != NULL ? migrate_mapping_copy (profile) : NULL;
  g_mutex_lock (&self->lock);
  old = self->profile;
  self->profile = copy;
  g_mutex_unlock (&self->lock);
  g_clear_object (&old);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PROFILE]);
}

/**
 * migrate_host_get_max_outgoing:
 * @self: a host
 *
 * Gets [property@Migrate.Host:max-outgoing].
 *
 * Returns: 1 to 10
 *
 * Since: 1.0
 */
guint
migrate_host_get_max_outgoing (MigrateHost *self)
{
  g_return_val_if_fail (MIGRATE_IS_HOST (self), 0);
  return host_get_number (self, &self->max_outgoing);
}

/**
 * migrate_host_set_max_outgoing:
 * @self: a host
 * @max_outgoing: 1 to 10
 *
 * Sets [property@Migrate.Host:max-outgoing]. Transfers that run are not touched.
 *
 * Since: 1.0
 */
void
migrate_host_set_max_outgoing (MigrateHost *self, guint max_outgoing)
{
  g_return_if_fail (MIGRATE_IS_HOST (self));
  g_return_if_fail (max_outgoing >= 1 && max_outgoing <= MOST_TRANSFERS);
  host_set_number (self, &self->max_outgoing, max_outgoing, PROP_MAX_OUTGOING);
}

/**
 * migrate_host_get_max_incoming:
 * @self: a host
 *
 * Gets [property@Migrate.Host:max-incoming].
 *
 * Returns: 1 to 10
 *
 * Since: 1.0
 */
guint
migrate_host_get_max_incoming (MigrateHost *self)
{
  g_return_val_if_fail (MIGRATE_IS_HOST (self), 0);
  return host_get_number (self, &self->max_incoming);
}

/**
 * migrate_host_set_max_incoming:
 * @self: a host
 * @max_incoming: 1 to 10
 *
 * Sets [property@Migrate.Host:max-incoming]. Transfers that run are not touched.
 *
 * Since: 1.0
 */
void
migrate_host_set_max_incoming (MigrateHost *self, guint max_incoming)
{
  g_return_if_fail (MIGRATE_IS_HOST (self));
  g_return_if_fail (max_incoming >= 1 && max_incoming <= MOST_TRANSFERS);
  host_set_number (self, &self->max_incoming, max_incoming, PROP_MAX_INCOMING);
}

char *
_migrate_host_dup_platform_name (MigrateHost *host)
{
  char *name = migrate_host_dup_name (host);

  return name != NULL ? name : _migrate_uri_redact (migrate_host_get_uri (host));
}

MigrateLink *
_migrate_host_get_link (MigrateHost *host)
{
  MigrateLink *link;

  g_mutex_lock (&host->lock);
  if (host->link == NULL)
    host->link = _migrate_link_new (host->uri != NULL ? host->uri : "");
  link = host->link;
  g_mutex_unlock (&host->lock);
  return link;
}
