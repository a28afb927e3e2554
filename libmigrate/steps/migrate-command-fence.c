/* The fence that runs commands. Each request has a thread of its own, for a command may take long
 * and the program's context must not wait for it. */
#include "steps/command-private.h"

#include "virt/backend-private.h"

/**
 * MigrateCommandFence:
 *
 * A fence made of commands of the operator's: one that kills, one that proves, and one that ends
 * the connections of a broken post-copy.
 *
 * Each is a list of words, the first of which is a program. In the others `{host}` is replaced by
 * what the platform calls the host (see [property@Migrate.Host:name]) and `{uuid}` by the guest's
 * UUID, inside the word. No shell is involved. A host or UUID that is empty, begins with a dash,
 * or has control characters is refused.
 *
 * A command runs with no environment but a standard `PATH`, reads from `/dev/null`, and has a
 * process group of its own, which is killed when it takes longer than
 * [property@Migrate.CommandFence:timeout]. The end of its output is in the message when it fails;
 * its arguments are not.
 *
 * To fence: if the probe proves already that the guest is dead, nothing is done. Else the command
 * is run, and the probe, again and again, until it proves it or the time is over. Only the probe's
 * word counts. Without a probe the command's success is answered as not proven.
 *
 * Immutable and thread-safe. Programs are started with GLib's [class@Gio.Subprocess]: a program
 * that sets `SIGCHLD` to be ignored cannot use it.
 *
 * Since: 1.0
 */
struct _MigrateCommandFence
{
  GObject parent_instance;

  /* All are set once. */
  char **command, **probe, **reset_stream; /* nullable */
  guint timeout;
};

#define DEFAULT_TIMEOUT_S 30
#define PROBE_EVERY_MS 1000

enum
{
  PROP_COMMAND = 1,
  PROP_PROBE,
  PROP_RESET_STREAM,
  PROP_TIMEOUT,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

static void command_fence_iface_init (MigrateFenceInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (MigrateCommandFence, migrate_command_fence, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MIGRATE_TYPE_FENCE, command_fence_iface_init))

static void
command_fence_free (GObject *object)
{
  MigrateCommandFence *self = MIGRATE_COMMAND_FENCE (object);

  g_strfreev (self->command);
  g_strfreev (self->probe);
  g_strfreev (self->reset_stream);
  G_OBJECT_CLASS (migrate_command_fence_parent_class)->finalize (object);
}

static char ***
words_of (MigrateCommandFence *self, guint id)
{
  return id == PROP_COMMAND ? &self->command
         : id == PROP_PROBE ? &self->probe
                            : &self->reset_stream;
}

static void
command_fence_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  MigrateCommandFence *self = MIGRATE_COMMAND_FENCE (object);

  switch (id)
    {
    case PROP_COMMAND:
    case PROP_PROBE:
    case PROP_RESET_STREAM:
      g_value_set_boxed (value, *words_of (self, id));
      break;
    case PROP_TIMEOUT:
      g_value_set_uint (value, self->timeout);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
command_fence_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  MigrateCommandFence *self = MIGRATE_COMMAND_FENCE (object);

  switch (id)
    {
    case PROP_COMMAND:
    case PROP_PROBE:
    case PROP_RESET_STREAM:
      *words_of (self, id) = g_value_dup_boxed (value);
      break;
    case PROP_TIMEOUT:
      self->timeout = g_value_get_uint (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
migrate_command_fence_class_init (MigrateCommandFenceClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags once = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  object_class->finalize = command_fence_free;
  object_class->get_property = command_fence_get_property;
  object_class->set_property = command_fence_set_property;

  /**
   * MigrateCommandFence:command:
   *
   * What makes sure that the guest is dead on the host. %NULL: fencing is refused.
   *
   * Since: 1.0
   */
  props[PROP_COMMAND] = g_param_spec_boxed ("command", NULL, NULL, G_TYPE_STRV, once);
  /**
   * MigrateCommandFence:probe:
   *
   * What proves it: exit code 0 means that the guest is dead on the host, anything else that this
   * is not known. %NULL: nothing is ever proven by this fence.
   *
   * Since: 1.0
   */
  props[PROP_PROBE] = g_param_spec_boxed ("probe", NULL, NULL, G_TYPE_STRV, once);
  /**
   * MigrateCommandFence:reset-stream:
   *
   * What ends the connections of the guest's migration at the host. %NULL: this is refused.
   *
   * Since: 1.0
   */
  props[PROP_RESET_STREAM] = g_param_spec_boxed ("reset-stream", NULL, NULL, G_TYPE_STRV, once);
  /**
   * MigrateCommandFence:timeout:
   *
   * How long each of the first probe, the command, and the probing after it may take, in seconds.
   * Three times this should be less than `fence-timeout` of the policy.
   *
   * Since: 1.0
   */
  props[PROP_TIMEOUT] = g_param_spec_uint ("timeout", NULL, NULL, 1, 3600, DEFAULT_TIMEOUT_S, once);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
migrate_command_fence_init (MigrateCommandFence *self)
{
}

/**
 * migrate_command_fence_new:
 * @command: (array zero-terminated=1) (nullable): the words of the command
 * @probe: (array zero-terminated=1) (nullable): the words of the probe
 *
 * Makes a fence. The words are looked at when they are needed.
 *
 * Returns: (transfer full): a new fence
 *
 * Since: 1.0
 */
MigrateCommandFence *
migrate_command_fence_new (const char *const *command, const char *const *probe)
{
  return g_object_new (MIGRATE_TYPE_COMMAND_FENCE, "command", command, "probe", probe, NULL);
}

/* ---- a request, on its thread ---- */

typedef struct
{
  MigrateCommandFence *fence;
  MigrateRequest *request;
} Task;

static char **
expand (Task *task, char **words, GError **error)
{
  g_autoptr (GVariant) details = migrate_request_dup_details (task->request);

  return _migrate_command_expand ((const char *const *) words,
                                  _migrate_variant_string (details, "host-name"),
                                  _migrate_variant_string (details, "guest-uuid"), error);
}

static gboolean
run (char **argv, guint timeout_ms, GError **error)
{
  return _migrate_command_run ((const char *const *) argv, timeout_ms, error);
}

/* Until it proves it, or the time is over. */
static gboolean
probe_until_proven (char **probe, guint timeout_ms, GError **error)
{
  gint64 deadline = g_get_monotonic_time () + (gint64) timeout_ms * 1000;

  for (;;)
    {
      gint64 left_ms = (deadline - g_get_monotonic_time ()) / 1000;
      g_autoptr (GError) unproven = NULL;

      if (run (probe, (guint) MAX (left_ms, 1), &unproven))
        return TRUE;
      left_ms = (deadline - g_get_monotonic_time ()) / 1000;
      if (left_ms <= PROBE_EVERY_MS)
        {
          g_propagate_prefixed_error (error, g_steal_pointer (&unproven),
                                      "The probe does not prove that the guest is dead: ");
          return FALSE;
        }
      g_usleep (PROBE_EVERY_MS * 1000);
    }
}

static gboolean
fence_with_probe (char **command, char **probe, guint timeout_ms, GError **error)
{
  g_autoptr (GError) failed = NULL;

  /* A command that switches a host off must not be run again on one that is back already. */
  if (run (probe, timeout_ms, NULL /* error */))
    return TRUE;
  if (run (command, timeout_ms, &failed))
    return probe_until_proven (probe, timeout_ms, error);
  /* It may have done it all the same. */
  if (run (probe, timeout_ms, NULL /* error */))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failed));
  return FALSE;
}

static void
task_end (Task *task, GVariant *reply, const GError *error)
{
  if (error == NULL)
    migrate_request_answer (task->request, reply);
  else
    migrate_request_refuse (task->request, _migrate_enum_nick (MIGRATE_TYPE_ERROR, error->code),
                            error->message);
  g_object_unref (task->fence);
  g_object_unref (task->request);
  g_free (task);
}

static void
fence_main (gpointer data, gpointer unused)
{
  Task *task = data;
  guint timeout_ms = task->fence->timeout * 1000;
  gboolean has_probe = task->fence->probe != NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_auto (GStrv) command = expand (task, task->fence->command, &error);
  g_auto (GStrv) probe
    = command != NULL && has_probe ? expand (task, task->fence->probe, &error) : NULL;

  if (error == NULL && has_probe)
    fence_with_probe (command, probe, timeout_ms, &error);
  else if (error == NULL)
    run (command, timeout_ms, &error);
  reply = g_variant_ref_sink (g_variant_new_parsed ("{'proven': <%b>}", has_probe));
  task_end (task, reply, error);
}

static void
reset_main (gpointer data, gpointer unused)
{
  Task *task = data;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) command = expand (task, task->fence->reset_stream, &error);

  if (command != NULL)
    run (command, task->fence->timeout * 1000, &error);
  task_end (task, NULL /* reply */, error);
}

/* Programs run in real time, so this is the real backend's thread wherever the request is from. */
static gboolean
start (MigrateCommandFence *self, MigrateRequest *request, GFunc func)
{
  MigrateBackend *backend = _migrate_libvirt_backend ();
  g_autoptr (GError) error = NULL;
  Task *task = g_new0 (Task, 1);

  task->fence = g_object_ref (self);
  task->request = g_object_ref (request);
  if (!backend->vtable->start_thread (backend, "migrate-fence", func, task, &error))
    task_end (task, NULL /* reply */, error);
  return TRUE;
}

static gboolean
command_fence_fence (MigrateFence *iface, MigrateRequest *request)
{
  MigrateCommandFence *self = MIGRATE_COMMAND_FENCE (iface);

  if (self->command == NULL)
    return migrate_request_refuse (request, "unsupported", "There is no command to fence with");
  return start (self, request, fence_main);
}

static gboolean
command_fence_reset_stream (MigrateFence *iface, MigrateRequest *request)
{
  MigrateCommandFence *self = MIGRATE_COMMAND_FENCE (iface);

  if (self->reset_stream == NULL)
    return migrate_request_refuse (request, "unsupported",
                                   "There is no command to reset a stream with");
  return start (self, request, reset_main);
}

static void
command_fence_iface_init (MigrateFenceInterface *iface)
{
  iface->fence = command_fence_fence;
  iface->reset_stream = command_fence_reset_stream;
}
