/* A world on disk, so that a test may kill the process that moves a guest and go on in another:
 * hosts do not care whose controller died. One description of each struct serves both ways. */
#include "sim-save.h"

guint64
_sim_archive_get (Archive *ar, const char *key)
{
  return (guint64) g_key_file_get_int64 (ar->file, ar->group, key, NULL);
}

void
_sim_archive_set (Archive *ar, const char *key, guint64 value)
{
  g_key_file_set_int64 (ar->file, ar->group, key, (gint64) value);
}

void
_sim_archive_text (Archive *ar, const char *key, char **text)
{
  if (ar->loading)
    *text = g_key_file_get_string (ar->file, ar->group, key, NULL);
  else if (*text != NULL)
    g_key_file_set_string (ar->file, ar->group, key, *text);
}

void
_sim_archive_texts (Archive *ar, const char *key, GPtrArray **list)
{
  g_auto (GStrv) texts = NULL;

  if (!ar->loading)
    {
      g_key_file_set_string_list (ar->file, ar->group, key, (const char *const *) (*list)->pdata,
                                  (*list)->len);
      return;
    }
  *list = g_ptr_array_new_with_free_func (g_free);
  texts = g_key_file_get_string_list (ar->file, ar->group, key, NULL /* length */, NULL);
  for (guint i = 0; texts != NULL && texts[i] != NULL; i++)
    g_ptr_array_add (*list, g_strdup (texts[i]));
}

void
_sim_archive_open (Archive *ar, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_vsnprintf (ar->group, sizeof ar->group, format, args);
  va_end (args);
}

/* ---- each struct ---- */

static void
archive_world (Archive *ar, SimWorld *self)
{
  _sim_archive_open (ar, "world");
  NUMBER (self, now);
  NUMBER (self, keepalive_ms);
  NUMBER (self, last_transfer);
  for (guint i = 0; i <= SIM_MSG_LAST; i++)
    {
      struct
      {
        guint lose, sent;
      } message = { self->lose[i], self->sent[i] };

      _sim_archive_open (ar, "message %u", i);
      NUMBER (&message, lose);
      NUMBER (&message, sent);
      self->lose[i] = message.lose;
      self->sent[i] = message.sent;
    }
}

static void
archive_host (Archive *ar, SimHost *self)
{
  TEXT (self, name);
  TEXT (self, uuid);
  TEXT (self, hostname);
  TEXT (self, cpu_model);
  TEXT (self, cpu_features);
  TEXT (self, refuse_prepare);
  NUMBER (self, power);
  NUMBER (self, daemon);
  NUMBER (self, epoch);
  NUMBER (self, wedged);
  NUMBER (self, control_cut);
  NUMBER (self, workers);
  NUMBER (self, fail_persist);
}

static void
archive_guest (Archive *ar, SimGuest *self)
{
  TEXT (self, name);
  TEXT (self, uuid);
  TEXT (self, disk);
  NUMBER (self, memory);
  NUMBER (self, dirty_rate);
  NUMBER (self, working_set);
  NUMBER (self, cpu_bound);
  NUMBER (self, opens_files);
  NUMBER (self, shut_down_ms);
  NUMBER (self, boots);
  NUMBER (self, newest);
  NUMBER (self, running);
}

static void
archive_link (Archive *ar, SimLink *self)
{
  NUMBER (self, bandwidth);
  NUMBER (self, daemons_cut);
  NUMBER (self, data_cut);
  NUMBER (self, copying);
}

static void
archive_stats (Archive *ar, MigrateStats *self)
{
  NUMBER (self, type);
  NUMBER (self, outgoing);
  NUMBER (self, elapsed_ms);
  NUMBER (self, memory_total);
  NUMBER (self, memory_processed);
  NUMBER (self, memory_remaining);
  NUMBER (self, memory_bps);
  NUMBER (self, dirty_rate);
  NUMBER (self, throttle);
  NUMBER (self, pass);
  NUMBER (self, has_downtime);
  NUMBER (self, downtime_ms);
}

static void
archive_domain (Archive *ar, SimDomain *self)
{
  NUMBER (self, persistent);
  NUMBER (self, autostart);
  NUMBER (self, managed_save);
  NUMBER (self, active);
  NUMBER (self, state);
  NUMBER (self, reason);
  NUMBER (self, cpus);
  NUMBER (self, counter);
  NUMBER (self, run_since);
  NUMBER (self, boots);
  NUMBER (self, hung);
  NUMBER (self, downtime_ms);
  NUMBER (self, bandwidth);
  NUMBER (self, incoming);
  NUMBER (self, has_completed);
  TEXT (self, messages);
  TEXT (self, xml);
  TEXT (self, definition);
  NUMBER (self, released);
  NUMBER (self, save_paused);
  NUMBER (self, save_failed);
  NUMBER (self, shut_down_at);
  TEXT (self, lasting);
  TEXT (self, current_snapshot);
  TEXTS (self, snapshots);
  TEXTS (self, checkpoints);
}

static void
archive_transfer (Archive *ar, SimTransfer *self)
{
  NUMBER (self, id);
  NUMBER (self, direct);
  NUMBER (self, tunnelled);
  NUMBER (self, persist);
  NUMBER (self, paused);
  NUMBER (self, was_paused);
  NUMBER (self, step);
  NUMBER (self, held);
  NUMBER (self, s);
  NUMBER (self, d);
  NUMBER (self, silent);
  NUMBER (self, closed);
  NUMBER (self, driver_told);
  NUMBER (self, destination_told);
  NUMBER (self, quiet_since);
  NUMBER (self, quiet_stamp);
  NUMBER (self, silent_source);
  NUMBER (self, closed_source);
  NUMBER (self, quiet_source_since);
  NUMBER (self, quiet_source_stamp);
  NUMBER (self, client_dead);
  NUMBER (self, driver_dead);
  NUMBER (self, reset);
  NUMBER (self, copying);
  NUMBER (self, final);
  NUMBER (self, connected);
  NUMBER (self, received);
  NUMBER (self, segment_at);
  NUMBER (self, segment_moves);
  NUMBER (self, rate);
  NUMBER (self, left);
  NUMBER (self, dirtied);
  NUMBER (self, processed);
  NUMBER (self, pass_at);
  NUMBER (self, pass);
  NUMBER (self, begun_at);
  NUMBER (self, stopped_at);
  NUMBER (self, downtime_ms);
  NUMBER (self, type);
  NUMBER (self, throttle);
  NUMBER (self, throttle_initial);
  NUMBER (self, throttle_increment);
  NUMBER (self, throttle_high);
  NUMBER (self, throttle_looked_at);
  NUMBER (self, throttle_written);
  NUMBER (self, throttle_sent);
  NUMBER (self, armed);
  NUMBER (self, switch_asked);
  NUMBER (self, postcopy_bandwidth);
  NUMBER (self, post);
  NUMBER (self, sent);
  NUMBER (self, post_total);
  NUMBER (self, unattended);
  NUMBER (self, given_up);
  NUMBER (self, out_broken);
  NUMBER (self, in_broken);
  NUMBER (self, stalled);
  NUMBER (self, recovering);
  NUMBER (self, cut_since);
  NUMBER (self, stream_stamp);
  NUMBER (self, attempt);
  TEXT (self, dest_xml);
  TEXT (self, persist_xml);
  NUMBER (self, done);
  NUMBER (self, disks_top);
  NUMBER (self, sync_writes);
  NUMBER (self, keep_source);
  NUMBER (self, mirroring);
  NUMBER (self, disk_dirty);
  NUMBER (self, disk_again);
  TEXT (self, disks_failed);
}

static void
archive_action (Archive *ar, SimAction *self)
{
  NUMBER (self, what);
  TEXT (self, host);
  TEXT (self, peer);
  TEXT (self, guest);
  TEXT (self, text);
}

/* ---- references ---- */

void
_sim_archive_reference (Archive *ar, const char *key, GPtrArray *list, gpointer *item)
{
  guint i;

  if (ar->loading)
    {
      gint64 n = g_key_file_get_int64 (ar->file, ar->group, key, NULL) - 1;

      *item = n >= 0 && n < (gint64) list->len ? g_ptr_array_index (list, (guint) n) : NULL;
    }
  else if (*item != NULL && g_ptr_array_find (list, *item, &i))
    {
      g_key_file_set_int64 (ar->file, ar->group, key, (gint64) i + 1);
    }
}

/* Transfers under way, and those that a libvirtd which is down will remember. */
static GPtrArray *
list_transfers (SimWorld *self)
{
  GPtrArray *list = g_ptr_array_copy (self->transfers, NULL, NULL);

  for (guint i = 0; i < self->hosts->len; i++)
    {
      SimHost *host = g_ptr_array_index (self->hosts, i);

      for (guint j = 0; j < host->domains->len; j++)
        {
          SimDomain *domain = g_ptr_array_index (host->domains, j);

          if (domain->job != NULL && !g_ptr_array_find (list, domain->job, NULL))
            g_ptr_array_add (list, domain->job);
        }
    }
  return list;
}

static GPtrArray *
list_domains (SimWorld *self, GPtrArray *transfers)
{
  GPtrArray *list = g_ptr_array_new ();

  for (guint i = 0; i < self->hosts->len; i++)
    {
      SimHost *host = g_ptr_array_index (self->hosts, i);

      g_ptr_array_extend (list, host->domains, NULL, NULL);
    }
  for (guint i = 0; i < transfers->len; i++)
    {
      SimTransfer *transfer = g_ptr_array_index (transfers, i);

      if (transfer->out != NULL && transfer->out->gone)
        g_ptr_array_add (list, transfer->out);
      if (transfer->in != NULL && transfer->in->gone)
        g_ptr_array_add (list, transfer->in);
    }
  return list;
}

static void
archive_links_of_domain (Archive *ar, SimDomain *self, GPtrArray *transfers)
{
  NUMBER (self, gone);
  REFERENCE (self, guest, ar->world->guests);
  REFERENCE (self, host, ar->world->hosts);
  REFERENCE (self, job, transfers);
}

static void
archive_links_of_transfer (Archive *ar, SimTransfer *self, GPtrArray *domains)
{
  gboolean alive = g_ptr_array_find (ar->world->transfers, self, NULL);
  gboolean failed = self->failure != NULL;

  REFERENCE (self, guest, ar->world->guests);
  REFERENCE (self, source, ar->world->hosts);
  REFERENCE (self, destination, ar->world->hosts);
  REFERENCE (self, link, ar->world->links);
  REFERENCE (self, out, domains);
  REFERENCE (self, in, domains);
  if (!ar->loading)
    {
      g_key_file_set_boolean (ar->file, ar->group, "alive", alive);
      g_key_file_set_boolean (ar->file, ar->group, "failed", failed);
      return;
    }
  if (g_key_file_get_boolean (ar->file, ar->group, "alive", NULL))
    g_ptr_array_add (ar->world->transfers, self);
  if (g_key_file_get_boolean (ar->file, ar->group, "failed", NULL))
    _sim_set_error (&self->failure, TRUE, 10, 9, 0, "Cannot transfer", "it failed before");
}

/* ---- the whole ---- */

GPtrArray *
_sim_archive_list (Archive *ar, const char *name, GPtrArray *list, gsize size)
{
  _sim_archive_open (ar, "lists");
  if (!ar->loading)
    {
      g_key_file_set_integer (ar->file, ar->group, name, (int) list->len);
      return list;
    }
  for (int n = g_key_file_get_integer (ar->file, ar->group, name, NULL); n > 0; n--)
    g_ptr_array_add (list, g_malloc0 (size));
  return list;
}

static void
archive_event (Archive *ar, SimEvent *self, GPtrArray *transfers)
{
  NUMBER (self, at);
  NUMBER (self, seq);
  NUMBER (self, kind);
  NUMBER (self, stamp);
  REFERENCE (self, transfer, transfers);
  archive_action (ar, &self->action);
  if (!ar->loading || self->transfer == NULL)
    return;
  if (self->kind == SIM_EVENT_STEP)
    self->transfer->pending = self;
  if (self->kind == SIM_EVENT_PERCENT)
    self->transfer->percent = self;
}

static void
archive_all (Archive *ar)
{
  SimWorld *self = ar->world;
  g_autoptr (GPtrArray) transfers = ar->loading ? g_ptr_array_new () : list_transfers (self);
  g_autoptr (GPtrArray) domains = ar->loading ? g_ptr_array_new () : list_domains (self, transfers);

  archive_world (ar, self);
  _sim_archive_list (ar, "hosts", self->hosts, sizeof (SimHost));
  _sim_archive_list (ar, "guests", self->guests, sizeof (SimGuest));
  _sim_archive_list (ar, "links", self->links, sizeof (SimLink));
  _sim_archive_list (ar, "transfers", transfers, sizeof (SimTransfer));
  _sim_archive_list (ar, "domains", domains, sizeof (SimDomain));
  _sim_archive_list (ar, "events", self->events, sizeof (SimEvent));
  for (guint i = 0; i < self->hosts->len; i++)
    {
      _sim_archive_open (ar, "host %u", i);
      archive_host (ar, g_ptr_array_index (self->hosts, i));
    }
  for (guint i = 0; i < self->guests->len; i++)
    {
      _sim_archive_open (ar, "guest %u", i);
      archive_guest (ar, g_ptr_array_index (self->guests, i));
    }
  for (guint i = 0; i < self->links->len; i++)
    {
      SimLink *link = g_ptr_array_index (self->links, i);

      _sim_archive_open (ar, "link %u", i);
      archive_link (ar, link);
      REFERENCE (link, a, self->hosts);
      REFERENCE (link, b, self->hosts);
    }
  _sim_archive_storage (ar);
  for (guint i = 0; i < domains->len; i++)
    {
      SimDomain *domain = g_ptr_array_index (domains, i);

      _sim_archive_open (ar, "domain %u", i);
      archive_links_of_domain (ar, domain, transfers);
      archive_domain (ar, domain);
      _sim_archive_open (ar, "completed %u", i);
      archive_stats (ar, &domain->completed);
    }
  for (guint i = 0; i < transfers->len; i++)
    {
      SimTransfer *transfer = g_ptr_array_index (transfers, i);

      _sim_archive_open (ar, "transfer %u", i);
      archive_transfer (ar, transfer);
      archive_links_of_transfer (ar, transfer, domains);
      _sim_archive_mirrors (ar, transfer, i);
      transfer->world = self;
    }
  for (guint i = 0; i < self->events->len; i++)
    {
      _sim_archive_open (ar, "event %u", i);
      archive_event (ar, g_ptr_array_index (self->events, i), transfers);
    }
  for (guint i = 0; ar->loading && i < self->hosts->len; i++)
    {
      SimHost *host = g_ptr_array_index (self->hosts, i);

      host->world = self;
      host->domains = g_ptr_array_new ();
    }
  for (guint i = 0; ar->loading && i < domains->len; i++)
    {
      SimDomain *domain = g_ptr_array_index (domains, i);

      g_ptr_array_add (domain->gone ? self->attic : domain->host->domains, domain);
    }
}

static void
archive_violations (Archive *ar)
{
  SimWorld *self = ar->world;

  _sim_archive_open (ar, "violations");
  if (ar->loading)
    {
      g_auto (GStrv) list
        = g_key_file_get_string_list (ar->file, ar->group, "list", NULL /* length */, NULL);

      for (guint i = 0; list != NULL && list[i] != NULL; i++)
        g_ptr_array_add (self->violations, g_strdup (list[i]));
      return;
    }
  g_key_file_set_string_list (ar->file, ar->group, "list",
                              (const char *const *) self->violations->pdata, self->violations->len);
}

/* Callbacks cannot be kept: what they would do does not happen. */
static void
drop_callbacks (SimWorld *self)
{
  for (guint i = self->events->len; i > 0; i--)
    {
      SimEvent *event = g_ptr_array_index (self->events, i - 1);

      if (event->kind == SIM_EVENT_ACTION && event->action.what == SIM_CALL)
        _sim_unschedule (self, event);
    }
}

gboolean
sim_world_save (SimWorld *self, const char *path)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  Archive ar = { .file = file, .world = self };
  gboolean saved;

  _sim_lock (self);
  drop_callbacks (self);
  g_key_file_set_string (file, "name", "name", self->name);
  g_key_file_set_uint64 (file, "name", "seed", self->seed + self->trace->len + 1);
  g_key_file_set_integer (file, "name", "pace", (int) self->pace);
  archive_all (&ar);
  archive_violations (&ar);
  saved = g_key_file_save_to_file (file, path, NULL);
  _sim_unlock (self);
  return saved;
}

SimWorld *
sim_world_load (const char *path)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *name = NULL;
  Archive ar = { .file = file, .loading = TRUE };
  SimWorld *self;

  if (!g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, NULL))
    return NULL;
  name = g_key_file_get_string (file, "name", "name", NULL);
  self = sim_world_new (name, g_key_file_get_uint64 (file, "name", "seed", NULL));
  ar.world = self;
  _sim_lock (self);
  archive_all (&ar);
  archive_violations (&ar);
  for (guint i = 0; i < self->events->len; i++)
    self->last_event
      = MAX (self->last_event, ((SimEvent *) g_ptr_array_index (self->events, i))->seq);
  _sim_unlock (self);
  sim_world_set_pace (self, (guint) g_key_file_get_integer (file, "name", "pace", NULL));
  return self;
}
