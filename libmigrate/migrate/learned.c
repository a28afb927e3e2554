/* Gather, and decide: what earlier moves between these hosts have shown of the link, and of this
 * guest. */
#include "migrate/forecast-private.h"

#define LOOKED_AT 30  /* moves between these hosts, the latest: the others are history */
#define LEAST_MS 1000 /* of a copy that tells of a link */
#define CAPPED 0.8    /* of a limit that was set: it may have been the limit that was measured */
#define MOST_PASSES 64
#define GATHERING_MOST_MS 1000
#define RECKONED 0.03 /* what a figure may be wrong by that was not seen */

/* ---- one move ---- */

typedef struct
{
  MigrateTrend trend;
  guint64 first_at, last_at, first_processed, last_processed;
  double memory_least, memory_most;
  double second_least, second_most; /* bytes that the second pass began with */
  MigrateTrendPass third;
  double most_left;          /* of a later one */
  double rates[MOST_PASSES]; /* of the guest, while it was not throttled */
  guint n_rates;
  guint rate_pass;
  double written, written_ms; /* the same rates, each for as long as it was so */
} Story;

static MigrateTrendSample
read_sample (GVariant *values)
{
  return (MigrateTrendSample){
    .at_ms = _migrate_variant_uint64 (values, "at-ms", 0),
    .pass = (guint) _migrate_variant_uint64 (values, "pass", 0),
    .total = _migrate_variant_uint64 (values, "memory-total", 0),
    .processed = _migrate_variant_uint64 (values, "memory-processed", 0),
    .remaining = _migrate_variant_uint64 (values, "memory-remaining", 0),
    .rate = _migrate_variant_uint64 (values, "rate", 0),
    .dirty_rate = _migrate_variant_uint64 (values, "dirty-rate", 0),
    .throttle = (guint) _migrate_variant_uint64 (values, "throttle", 0),
  };
}

/* The figure that is seen in the second pass is of the time that the first one took, in which all
 * that the guest writes to was written: too low a rate. */
static void
note_rate (Story *self, const MigrateTrendSample *sample)
{
  double ms = (double) sample->at_ms - (double) self->last_at;

  if (sample->pass < 3 || sample->throttle > 0)
    return;
  self->written += (double) sample->dirty_rate * ms;
  self->written_ms += ms;
  if (sample->pass == self->rate_pass || self->n_rates == MOST_PASSES)
    return;
  self->rates[self->n_rates++] = (double) sample->dirty_rate;
  self->rate_pass = sample->pass;
}

/* What the second pass began with is seen as an interval: some of what was sent since the last look
 * was still the first one's. */
static void
note_passes (Story *self, const MigrateTrendSample *sample, guint pass_before)
{
  const MigrateTrendPass *pass = _migrate_trend_pass (&self->trend, 0);

  if (sample->pass <= 1)
    self->memory_least = (double) sample->processed;
  else if (self->memory_most <= 0)
    self->memory_most = (double) sample->processed;
  if (pass == NULL || pass->pass == pass_before || sample->throttle > 0)
    return;
  if (pass->bound)
    {
      self->second_least = (double) sample->remaining;
      self->second_most = (double) pass->left;
    }
  else if (pass->pass == 3)
    self->third = *pass;
  if (!pass->bound)
    self->most_left = MAX (self->most_left, (double) pass->left);
}

static void
add_sample (Story *self, GVariant *values)
{
  const char *phase = _migrate_variant_string (values, "phase");
  MigrateTrendSample sample = read_sample (values);
  const MigrateTrendPass *before = _migrate_trend_pass (&self->trend, 0);
  guint pass_before = before != NULL ? before->pass : 0;
  guint limit = (guint) _migrate_variant_uint64 (values, "limit-ms", 0);

  if (g_strcmp0 (phase, "copying-memory") != 0 || sample.pass == 0 || sample.total == 0)
    return;
  if (self->trend.n == 0)
    {
      self->first_at = sample.at_ms;
      self->first_processed = sample.processed;
    }
  _migrate_trend_add (&self->trend, &sample, limit);
  note_rate (self, &sample);
  self->last_at = sample.at_ms;
  self->last_processed = sample.processed;
  note_passes (self, &sample, pass_before);
}

/* 0: it was over too soon to tell. */
static double
bandwidth (const Story *self)
{
  guint64 ms = self->last_at - self->first_at;

  if (ms < LEAST_MS || self->last_processed <= self->first_processed)
    return 0;
  return (double) (self->last_processed - self->first_processed) * 1000 / (double) ms;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

static double
median_rate (Story *self)
{
  if (self->n_rates == 0)
    return -1;
  qsort (self->rates, self->n_rates, sizeof self->rates[0], compare);
  return self->rates[self->n_rates / 2];
}

/* ---- what it adds ---- */

static void
append (MigrateLearnedSeries *series, double value)
{
  if (series->n < MIGRATE_LEARNED_MOVES && value > 0)
    series->values[series->n++] = value;
}

static double
policy_cap (GVariant *values)
{
  g_autoptr (GVariant) policy
    = g_variant_lookup_value (values, MIGRATE_JOB_KEY_POLICY, G_VARIANT_TYPE_VARDICT);
  const char *text = policy != NULL ? _migrate_variant_string (policy, "bandwidth") : NULL;

  return text != NULL ? (double) g_ascii_strtoull (text, NULL, 10) * (1 << 20) : 0;
}

static void
add_bandwidth (MigrateLearned *self, const Story *story, GVariant *values)
{
  double most = policy_cap (values), measured = bandwidth (story);

  if (most <= 0 || measured < most * CAPPED)
    append (&self->bandwidth, measured);
}

static MigrateResult *
read_result (GVariant *values)
{
  g_autoptr (GVariant) details
    = g_variant_lookup_value (values, MIGRATE_JOB_KEY_RESULT, G_VARIANT_TYPE_VARDICT);

  return details != NULL ? _migrate_result_from_variant (details) : NULL;
}

/* Of a move that came about. What it waited for a look at the guest, or for its turn, was no part
 * of it. */
static void
add_overhead (MigrateLearned *self, GVariant *values)
{
  static const MigratePhase phases[] = { MIGRATE_PHASE_PREPARING, MIGRATE_PHASE_STARTING,
                                         MIGRATE_PHASE_PROVING, MIGRATE_PHASE_FINALIZING };
  g_autoptr (MigrateResult) result = read_result (values);
  guint64 ms;

  if (result == NULL || result->outcome != MIGRATE_OUTCOME_MOVED)
    return;
  ms = MIN (result->phase_ms[MIGRATE_PHASE_GATHERING], GATHERING_MOST_MS);
  for (guint i = 0; i < G_N_ELEMENTS (phases); i++)
    ms += result->phase_ms[phases[i]];
  append (&self->overhead, (double) ms);
}

/* What the second pass began with: the third began with what was written while it was sent. */
static double
second_pass (const Story *self, double rate)
{
  double under = (double) self->third.under;
  double second = (self->second_least + self->second_most) / 2;

  if (self->third.pass == 3 && rate > 0)
    second = ((double) self->third.left - under) * bandwidth (self) / rate + under;
  return CLAMP (second, self->second_least, MAX (self->second_most, self->second_least));
}

/* Both the mean and the middle: a load that is disturbed for a while differs in them. */
static void
add_load (MigrateLearned *self, Story *story)
{
  double middle = median_rate (story), first, second;

  self->dirty_rate = story->written_ms > 0 ? story->written / story->written_ms : middle;
  self->dirty_rate_most = MAX (middle, self->dirty_rate);
  second = second_pass (story, self->dirty_rate);
  self->working_set = MAX (second, story->most_left);
  first = self->memory_most - (second - story->second_least);
  if (story->third.pass != 3 || first <= self->memory_least)
    return;
  /* Some of what was sent when the second pass was first seen was its own. */
  self->memory_least = MAX (self->memory_least, first * (1 - RECKONED));
  self->memory_most = MIN (self->memory_most, first * (1 + RECKONED));
}

/* A move that was over before a second pass was seen has sent little but the first. */
static double
whole_move (GVariant *values)
{
  g_autoptr (MigrateResult) result = read_result (values);

  return result != NULL && result->outcome == MIGRATE_OUTCOME_MOVED
           ? (double) (result->bytes - MIN (result->disk_bytes, result->bytes))
           : 0;
}

static void
add_guest (MigrateLearned *self, Story *story, GVariant *values)
{
  if (story->memory_most <= 0)
    story->memory_most = whole_move (values);
  if (self->has_guest || story->memory_most <= 0 || story->trend.n == 0)
    return;
  self->has_guest = TRUE;
  self->memory_least = MIN (story->memory_least, story->memory_most);
  self->memory_most = story->memory_most;
  add_load (self, story);
}

void
_migrate_learned_add (MigrateLearned *self, GVariant *values, GVariant *samples,
                      gboolean of_this_guest)
{
  Story story = { 0 };

  for (gsize i = 0; i < g_variant_n_children (samples); i++)
    {
      g_autoptr (GVariant) sample = g_variant_get_child_value (samples, i);

      add_sample (&story, sample);
    }
  add_bandwidth (self, &story, values);
  add_overhead (self, values);
  if (of_this_guest)
    add_guest (self, &story, values);
}

/* ---- the journal ---- */

static MigrateJournal *
history (MigrateWork *work)
{
  return work->history != NULL ? work->history : work->journal;
}

static gboolean
is_host (GVariant *values, const char *key, const char *uri)
{
  const char *said = _migrate_variant_string (values, key);
  g_autofree char *a = said != NULL ? _migrate_uri_redact (said) : NULL;
  g_autofree char *b = _migrate_uri_redact (uri);

  return g_strcmp0 (a, b) == 0;
}

/* Links carry as much in either direction, as a rule. */
static gboolean
is_between (MigrateWork *work, GVariant *values)
{
  const char *a = work->source_uri, *b = work->destination_uri;

  return (is_host (values, MIGRATE_JOB_KEY_SOURCE, a)
          && is_host (values, MIGRATE_JOB_KEY_DESTINATION, b))
         || (is_host (values, MIGRATE_JOB_KEY_SOURCE, b)
             && is_host (values, MIGRATE_JOB_KEY_DESTINATION, a));
}

static void
add_job (MigrateWork *work, GVariant *values, const char *guest_uuid, MigrateLearned *learned)
{
  const char *id = _migrate_variant_string (values, MIGRATE_JOB_KEY_ID);
  const char *uuid = _migrate_variant_string (values, MIGRATE_JOB_KEY_GUEST_UUID);
  g_autoptr (GVariant) samples = NULL;

  if (id == NULL || g_strcmp0 (id, work->id) == 0)
    return;
  samples = _migrate_journal_load_samples (history (work), id, NULL /* error */);
  if (samples != NULL)
    _migrate_learned_add (learned, values, samples, g_strcmp0 (uuid, guest_uuid) == 0);
}

void
_migrate_learned_gather (MigrateWork *work, const char *guest_uuid, MigrateLearned *learned)
{
  g_autoptr (GError) failed = NULL;
  g_autoptr (GVariant) jobs
    = _migrate_journal_list_jobs (history (work), NULL /* every guest */, &failed);
  guint n = 0;

  if (jobs == NULL)
    g_debug ("Job %s: nothing was learned: %s", work->id, failed->message);
  for (gsize i = 0; jobs != NULL && i < g_variant_n_children (jobs) && n < LOOKED_AT; i++)
    {
      g_autoptr (GVariant) values = g_variant_get_child_value (jobs, i);

      if (!is_between (work, values))
        continue;
      add_job (work, values, guest_uuid, learned);
      n++;
    }
}
