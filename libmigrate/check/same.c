/* Decide: whether two hosts that tell of a file by one name tell of one file.
 *
 * What is compared is what libvirt reads from the file when it is asked, its size and when it and
 * its content were changed last, in nanoseconds: nobody sets the time of the change, so another
 * file does not have it, but for a copy of a whole file system that nothing has touched since.
 * Blocks in use are no part of it: file systems allot them late, and count them as they like, from
 * one client to the next.
 *
 * A guest that writes meanwhile changes both, so the destination need not have said what the source
 * said at one moment: between two looks is enough. Another file whose time lies there is one that
 * somebody writes to right now; QEMU's lock on it keeps the guest from being started there. */
#include "check/same-private.h"

#define NS_PER_SECOND G_GUINT64_CONSTANT (1000000000)

typedef struct
{
  guint64 least, most;
} Range;

static void
range_add (Range *self, guint64 value)
{
  self->least = MIN (self->least, value);
  self->most = MAX (self->most, value);
}

static gboolean
range_has (const Range *self, guint64 value)
{
  return value >= self->least && value <= self->most;
}

typedef struct
{
  Range capacity, physical, written, changed;
} Seen;

static gboolean
is_told (const MigrateFileFacts *file)
{
  return file != NULL && file->volume != NULL && file->volume->changed != 0;
}

static gboolean
seen_fill (Seen *self, const MigrateFileFacts *const *looks, gsize n)
{
  const Range none = { G_MAXUINT64, 0 };

  *self = (Seen){ none, none, none, none };
  for (gsize i = 0; i < n; i++)
    {
      if (!is_told (looks[i]))
        return FALSE;
      range_add (&self->capacity, looks[i]->volume->capacity);
      range_add (&self->physical, looks[i]->volume->physical);
      range_add (&self->written, looks[i]->volume->written);
      range_add (&self->changed, looks[i]->volume->changed);
    }
  return n > 0;
}

static gboolean
seen_has (const Seen *self, const MigrateVolume *volume)
{
  return range_has (&self->capacity, volume->capacity)
         && range_has (&self->physical, volume->physical)
         && range_has (&self->written, volume->written)
         && range_has (&self->changed, volume->changed);
}

/* ---- why not ---- */

static char *
describe (const MigrateVolume *volume)
{
  gint64 seconds = (gint64) (volume->changed / NS_PER_SECOND);
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (seconds);
  g_autofree char *text = time != NULL ? g_date_time_format (time, "%Y-%m-%dT%H:%M:%S") : NULL;

  return g_strdup_printf ("%" G_GUINT64_FORMAT " bytes, changed %s.%09" G_GUINT64_FORMAT "Z",
                          volume->physical, text != NULL ? text : "?",
                          volume->changed % NS_PER_SECOND);
}

static char *
why_not_told (const MigrateFileFacts *file, const char *side)
{
  if (file == NULL || file->found)
    return g_strdup_printf (
      "both hosts have its folder, but the %s does not tell what file that is", side);
  return g_strdup_printf (
    "both hosts have its folder, but the %s has no file “%s”: it may be a link "
    "that leads to one on the other host only",
    side, file->path);
}

static char *
why_not_same (const MigrateFileFacts *here, const MigrateFileFacts *there)
{
  g_autofree char *one = NULL;
  g_autofree char *other = NULL;

  if (!is_told (here))
    return why_not_told (here, "source");
  if (!is_told (there))
    return why_not_told (there, "destination");
  one = describe (here->volume);
  other = describe (there->volume);
  return g_strdup_printf ("both hosts have its folder, but not the same file: “%s” at the source "
                          "(%s), “%s” at the destination (%s); a link may lead to a file of each "
                          "host's own",
                          here->path, one, there->path, other);
}

gboolean
_migrate_same_file (const MigrateFileFacts *const *here, const MigrateFileFacts *const *there,
                    gsize n, char **why)
{
  gsize last = n > 0 ? n - 1 : 0;
  Seen seen;

  if (seen_fill (&seen, here, n))
    for (gsize i = 0; i < n; i++)
      if (is_told (there[i]) && seen_has (&seen, there[i]->volume))
        return TRUE;
  *why = why_not_same (n > 0 ? here[last] : NULL, n > 0 ? there[last] : NULL);
  return FALSE;
}
