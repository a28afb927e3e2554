/* How far a job is, on stderr: on a terminal one live line that is rewritten; else one plain line
 * whenever the phase changes. */
#include "ctl.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CLEAR "\r\033[K"

struct _CtlLine
{
  MigrateJob *job;
  gboolean live;
  MigratePhase told; /* not live: the last that was said */
  gulong on_progress, on_phase;
  guint tick;
  gint64 since; /* live: when the phase began */
  MigratePhase phase;
};

/* There is one terminal. */
static gboolean is_shown;

void
ctl_line_clear (void)
{
  if (!is_shown)
    return;
  fputs (CLEAR, stderr);
  fflush (stderr);
  is_shown = FALSE;
}

static gboolean
is_terminal (void)
{
  const char *term = g_getenv ("TERM");

  return isatty (STDERR_FILENO) && g_strcmp0 (term, "dumb") != 0;
}

static glong
columns (void)
{
  struct winsize size;

  if (ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1)
    return size.ws_col;
  return 80;
}

/* What the transfer says, or how long the phase has lasted where it says nothing. */
static void
append_progress (GString *text, CtlLine *self, MigrateProgress *progress)
{
  g_autofree char *rate = ctl_bytes (migrate_progress_get_rate (progress));
  g_autofree char *remaining = ctl_bytes (migrate_progress_get_memory_remaining (progress));

  g_string_append_printf (text, "  %3.0f %%  %s/s  %s left  pass %u",
                          migrate_progress_get_fraction (progress) * 100, rate, remaining,
                          migrate_progress_get_pass (progress));
  if (migrate_progress_has_time_left (progress)
      && (self->phase == MIGRATE_PHASE_COPYING_MEMORY || self->phase == MIGRATE_PHASE_POSTCOPY))
    {
      g_autofree char *left = ctl_duration (migrate_progress_get_time_left_ms (progress));

      g_string_append_printf (text, "  %s to go", left);
    }
}

static char *
line_text (CtlLine *self)
{
  g_autoptr (MigrateProgress) progress = migrate_job_dup_progress (self->job);
  gint64 s = (g_get_monotonic_time () - self->since) / G_USEC_PER_SEC;
  g_autofree char *shown = NULL;
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "%s  %s", migrate_job_get_id (self->job),
                          ctl_nick (MIGRATE_TYPE_PHASE, (int) self->phase));
  if (progress != NULL && self->phase >= MIGRATE_PHASE_COPYING_MEMORY
      && migrate_progress_get_memory_total (progress) > 0)
    append_progress (text, self, progress);
  else if (s > 0)
    g_string_append_printf (text, "  %" G_GINT64_FORMAT " s", s);
  shown = ctl_escape (text->str);
  g_string_free (text, TRUE);
  return g_utf8_strlen (shown, -1) < columns () ? g_steal_pointer (&shown)
                                                : g_utf8_substring (shown, 0, columns () - 1);
}

static void
draw (CtlLine *self)
{
  g_autofree char *text = NULL;

  if (self->phase == MIGRATE_PHASE_IDLE)
    {
      ctl_line_clear ();
      return;
    }
  text = line_text (self);
  fputs ("\r", stderr);
  fputs (text, stderr);
  fputs ("\033[K", stderr);
  fflush (stderr);
  is_shown = TRUE;
}

static void
on_progress (MigrateJob *job, MigrateProgress *progress, gpointer data)
{
  draw (data);
}

static void
on_phase (MigrateJob *job, GParamSpec *pspec, gpointer data)
{
  CtlLine *self = data;
  MigratePhase phase = migrate_job_get_phase (job);

  if (phase != self->phase)
    self->since = g_get_monotonic_time ();
  self->phase = phase;
  if (self->live)
    {
      draw (self);
      return;
    }
  if (phase == self->told || phase == MIGRATE_PHASE_IDLE)
    return;
  self->told = phase;
  ctl_note ("job %s: %s", migrate_job_get_id (job), ctl_nick (MIGRATE_TYPE_PHASE, (int) phase));
}

static gboolean
on_tick (gpointer data)
{
  draw (data);
  return G_SOURCE_CONTINUE;
}

/* NULL with --quiet. */
CtlLine *
ctl_line_new (MigrateJob *job, const CtlOptions *options)
{
  CtlLine *self;

  if (options->quiet)
    return NULL;
  self = g_new0 (CtlLine, 1);
  self->job = g_object_ref (job);
  self->live = is_terminal ();
  self->since = g_get_monotonic_time ();
  self->phase = migrate_job_get_phase (job);
  self->on_phase = g_signal_connect (job, "notify::phase", G_CALLBACK (on_phase), self);
  if (self->live)
    {
      self->on_progress = g_signal_connect (job, "progress", G_CALLBACK (on_progress), self);
      self->tick = g_timeout_add (1000, on_tick, self);
    }
  return self;
}

void
ctl_line_free (CtlLine *self)
{
  if (self == NULL)
    return;
  g_signal_handler_disconnect (self->job, self->on_phase);
  if (self->on_progress != 0)
    g_signal_handler_disconnect (self->job, self->on_progress);
  if (self->tick != 0)
    g_source_remove (self->tick);
  ctl_line_clear ();
  g_object_unref (self->job);
  g_free (self);
}
