/* How far a job is, on stderr: on a terminal one live line that is rewritten; else one plain line
 * whenever the phase changes. */
#include "ctl.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define UNCERTAIN_MS 1000 /* less is not worth a word */
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

static char *
time_left (MigrateProgress *progress)
{
  guint64 left = migrate_progress_get_time_left_ms (progress);
  guint64 off = left - migrate_progress_get_time_left_least_ms (progress);
  g_autofree char *text = ctl_duration (left);
  g_autofree char *off_text = NULL;

  if (!migrate_progress_has_time_left_most (progress))
    return g_strdup_printf ("%s or more to go", text);
  off = MAX (off, migrate_progress_get_time_left_most_ms (progress) - left);
  if (off < UNCERTAIN_MS || off * 10 < left)
    return g_strdup_printf ("%s to go", text);
  off_text = ctl_duration (off);
  return g_strdup_printf ("%s ± %s to go", text, off_text);
}

/* What is left of disks is told apart while they travel. */
static void
add_remaining (GPtrArray *fields, MigrateProgress *progress)
{
  g_autofree char *memory = ctl_bytes (migrate_progress_get_memory_remaining (progress));
  g_autofree char *disks = ctl_bytes (migrate_progress_get_disk_remaining (progress));

  if (migrate_progress_get_memory_total (progress) > 0)
    g_ptr_array_add (fields, g_strdup_printf ("%s left", memory));
  if (migrate_progress_get_disk_remaining (progress) > 0)
    g_ptr_array_add (fields, g_strdup_printf ("%s of disks left", disks));
  ctl_disks_add_fields (fields, progress);
}

/* What the transfer says, what is looked for most first. */
static void
add_progress (GPtrArray *fields, CtlLine *self, MigrateProgress *progress)
{
  guint64 bps = migrate_progress_get_rate (progress) + migrate_progress_get_disk_rate (progress);
  g_autofree char *rate = ctl_bytes (bps);
  g_autofree char *dirty = ctl_bytes (migrate_progress_get_dirty_rate (progress));

  g_ptr_array_add (fields,
                   g_strdup_printf ("%3.0f %%", migrate_progress_get_fraction (progress) * 100));
  g_ptr_array_add (fields, g_strdup_printf ("%s/s", rate));
  if (migrate_progress_has_time_left (progress)
      && (self->phase == MIGRATE_PHASE_COPYING_DISKS || self->phase == MIGRATE_PHASE_COPYING_MEMORY
          || self->phase == MIGRATE_PHASE_POSTCOPY))
    g_ptr_array_add (fields, time_left (progress));
  if (migrate_progress_get_pass (progress) > 0)
    g_ptr_array_add (fields, g_strdup_printf ("pass %u", migrate_progress_get_pass (progress)));
  if (migrate_progress_get_dirty_rate (progress) > 0)
    g_ptr_array_add (fields, g_strdup_printf ("dirty %s/s", dirty));
  if (migrate_progress_get_throttle (progress) > 0)
    g_ptr_array_add (fields,
                     g_strdup_printf ("throttle %u %%", migrate_progress_get_throttle (progress)));
  add_remaining (fields, progress);
}

/* As many of them as the terminal is wide; a line that wraps cannot be taken back. */
static char *
join_fields (GPtrArray *fields, glong width)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < fields->len; i++)
    {
      g_autofree char *field = ctl_escape (fields->pdata[i]);
      glong length = g_utf8_strlen (text->str, -1) + (i > 0 ? 2 : 0) + g_utf8_strlen (field, -1);

      if (i > 0 && length > width)
        break;
      g_string_append_printf (text, "%s%s", i > 0 ? "  " : "", field);
    }
  if (g_utf8_strlen (text->str, -1) > width)
    g_string_truncate (text, (gsize) (g_utf8_offset_to_pointer (text->str, width) - text->str));
  return g_string_free (text, FALSE);
}

/* As much of it as the terminal is wide. */
static void
show (const char *text)
{
  g_autofree char *shown = ctl_escape (text);

  if (g_utf8_strlen (shown, -1) >= columns ())
    *g_utf8_offset_to_pointer (shown, columns () - 1) = '\0';
  fputs ("\r", stderr);
  fputs (shown, stderr);
  fputs ("\033[K", stderr);
  fflush (stderr);
  is_shown = TRUE;
}

void
ctl_line_show (const char *text)
{
  if (is_terminal ())
    show (text);
}

static char *
line_text (CtlLine *self)
{
  g_autoptr (MigrateProgress) progress = migrate_job_dup_progress (self->job);
  g_autoptr (GPtrArray) fields = g_ptr_array_new_with_free_func (g_free);
  gint64 s = (g_get_monotonic_time () - self->since) / G_USEC_PER_SEC;

  g_ptr_array_add (fields, g_strdup (migrate_job_get_id (self->job)));
  g_ptr_array_add (fields, g_strdup (ctl_nick (MIGRATE_TYPE_PHASE, (int) self->phase)));
  if (progress != NULL && self->phase >= MIGRATE_PHASE_COPYING_MEMORY
      && migrate_progress_get_memory_total (progress) + migrate_progress_get_disk_total (progress)
           > 0)
    add_progress (fields, self, progress);
  else if (s > 0)
    g_ptr_array_add (fields, g_strdup_printf ("%" G_GINT64_FORMAT " s", s));
  return join_fields (fields, columns () - 1);
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
  show (text);
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
