/* How the copy of disks goes: whether it gets ready, and when that can be told. */
#include "migrate/mirror-private.h"

#include <criterion/criterion.h>

TestSuite (mirror, .timeout = 20);

#define MIB ((guint64) 1 << 20)

/* A disk, and what of it travels while the guest writes: MiB, MiB/s. */
typedef struct
{
  const char *label;
  double left, rate, written;
  guint quiet_s;  /* the guest writes nothing before that */
  guint burst_s;  /* nor after so long; 0: for ever */
  guint every_ms; /* of looks */
  guint ends_s;   /* the story, where it is not told to be stuck before; 0: when nothing is left */
  int stuck_s;    /* when it is told; -1: never */
} Story;

static const Story stories[] = {
  { "a guest that writes nothing", 4000, 100, 0, 0, 0, 500, 0, -1 },
  { "one that writes half as fast", 4000, 100, 50, 0, 0, 500, 0, -1 },
  { "one that writes nearly as fast, and is caught up with", 400, 100, 93, 0, 0, 500, 0, -1 },
  { "one that writes as fast", 4000, 100, 100, 0, 0, 500, 100, 30 },
  { "one that writes faster", 4000, 100, 180, 0, 0, 500, 100, 30 },
  { "as fast but for a fiftieth", 4000, 100, 98, 0, 0, 500, 100, 30 },
  { "a burst of fifteen seconds", 6000, 100, 150, 10, 15, 500, 0, -1 },
  { "a burst that does not end, after ten seconds", 9000, 100, 150, 10, 0, 500, 200, 30 },
  /* What was sent in 1000 s is not given away for thirty: over a quarter of the time it must have
   * been of no use. */
  { "late, when there is much to lose", 1000000, 100, 150, 1000, 0, 500, 2000, 1190 },
  { "a slow link", 4000, 1, 2, 0, 0, 500, 100, 30 },
  { "looks that are far between", 4000, 100, 180, 0, 0, 10000, 100, 30 },
  { "a large disk, for days", 10000000, 100, 20, 0, 0, 60000, 0, -1 },
  { "nothing travels: that has another clock", 4000, 0, 10, 0, 0, 500, 200, -1 },
};

static gboolean
writes (const Story *story, double at_s)
{
  return at_s >= story->quiet_s && (story->burst_s == 0 || at_s < story->quiet_s + story->burst_s);
}

/* When it is told that it is stuck, in ms; -1: it was not. */
static gint64
play (const Story *story, MigrateMirrorStuck *stuck)
{
  MigrateMirrorTrend trend = { 0 };
  double left = story->left, sent = 0, s = story->every_ms / 1000.0;

  for (guint64 at = 0; left > 0 && (story->ends_s == 0 || at <= story->ends_s * 1000u);
       at += story->every_ms)
    {
      const MigrateMirrorPoint point = { at, (guint64) (sent * MIB), (guint64) (left * MIB) };

      _migrate_mirror_add (&trend, &point);
      if (_migrate_mirror_is_stuck (&trend, stuck))
        return (gint64) at;
      sent += MIN (story->rate * s, left);
      left -= MIN (story->rate * s, left);
      left += writes (story, (double) at / 1000.0) ? story->written * s : 0;
      if (left < story->rate * s && story->written < story->rate)
        left = 0; /* between two writes nothing is left: it is ready */
    }
  return -1;
}

Test (mirror, tells_when_it_does_not_get_ready)
{
  for (gsize i = 0; i < G_N_ELEMENTS (stories); i++)
    {
      const Story *story = &stories[i];
      MigrateMirrorStuck stuck;
      gint64 at = play (story, &stuck);

      if (story->stuck_s < 0)
        {
          cr_assert_eq (at, -1, "%s: stuck at %d ms", story->label, (int) at);
          continue;
        }
      cr_assert_geq (at, story->stuck_s * 1000, "%s: at %d ms", story->label, (int) at);
      cr_assert_leq (at, story->stuck_s * 1000 + (gint64) MAX (story->every_ms, 30000),
                     "%s: at %d ms", story->label, (int) at);
      cr_assert_geq (stuck.span_ms, 30000, "%s", story->label);
    }
}

Test (mirror, says_what_would_have_been_needed)
{
  MigrateMirrorStuck stuck = { 0 };

  cr_assert_geq (play (&stories[4], &stuck), 0);
  cr_assert_eq (stuck.rate, 100 * MIB);
  cr_assert_eq (stuck.written, 180 * MIB);
  cr_assert_gt (stuck.remaining, 4000 * MIB);
}

Test (mirror, measures_what_travels_and_what_is_written)
{
  MigrateMirrorTrend trend = { 0 };

  for (guint64 i = 0; i < 20; i++)
    {
      const MigrateMirrorPoint point = { i * 500, i * 50 * MIB, (4000 - i * 40) * MIB };

      _migrate_mirror_add (&trend, &point);
    }
  cr_assert_eq (trend.rate, 100 * MIB);
  cr_assert_eq (trend.written, 20 * MIB);
}

Test (mirror, begins_anew_when_the_counters_do)
{
  MigrateMirrorTrend trend = { 0 };

  _migrate_mirror_add (&trend, &(MigrateMirrorPoint){ 0, 0, 100 * MIB });
  _migrate_mirror_add (&trend, &(MigrateMirrorPoint){ 1000, 50 * MIB, 50 * MIB });
  cr_assert_eq (trend.n, 2);
  _migrate_mirror_add (&trend, &(MigrateMirrorPoint){ 1000, 50 * MIB, 50 * MIB });
  cr_assert_eq (trend.n, 2);
  _migrate_mirror_add (&trend, &(MigrateMirrorPoint){ 2000, 10 * MIB, 90 * MIB });
  cr_assert_eq (trend.n, 1);
  cr_assert_eq (trend.rate, 0);
}
