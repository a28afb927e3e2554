/* Gather: how fast the guest writes, by page-sampling: the hypervisor looks twice at some of the
 * guest's pages. The other modes need hardware that it may not have, and one of them has ended
 * guests under software emulation. */
#include "check/dirty-rate-private.h"

#include "check/facts-snapshot-private.h"

#define LATE_MS 3000 /* for the hypervisor to come to its figure */
#define LOOK_EVERY_MS 100

/* The shorter ones tell how fast it writes; in the longer ones a guest that writes to few pages has
 * written all of them. One that has written nothing in as many looks as this is idle. */
static const guint looks[MIGRATE_DIRTY_LOOKS] = { 1, 3, 6 };
#define IDLE_LOOKS 2

static gboolean
ask (MigrateWork *work, const char *guest_uuid, MigrateMemory *memory)
{
  g_autoptr (GError) refused = NULL;
  g_autoptr (MigrateCall) call = _migrate_work_call (work, MIGRATE_SIDE_SOURCE, MIGRATE_CALL_MEMORY,
                                                     guest_uuid, 0 /* value */, &refused);

  if (call == NULL)
    {
      g_debug ("Job %s: no memory statistics: %s", work->id, refused->message);
      return FALSE;
    }
  *memory = call->memory;
  return TRUE;
}

static gboolean
start (MigrateWork *work, const char *guest_uuid, guint seconds)
{
  g_autoptr (GError) refused = NULL;
  g_autoptr (MigrateCall) call = _migrate_work_call (
    work, MIGRATE_SIDE_SOURCE, MIGRATE_CALL_START_DIRTY_RATE, guest_uuid, seconds, &refused);
  MigrateMemory memory;

  if (call != NULL)
    return TRUE;
  g_debug ("Job %s: no dirty rate: %s", work->id, refused->message);
  /* Somebody else, as a check of another destination, looks just now: that will do. */
  return ask (work, guest_uuid, &memory) && memory.dirty_status == MIGRATE_DIRTY_MEASURING;
}

static void
note (MigrateDirtySample *sample, const MigrateMemory *memory)
{
  sample->total = memory->current;
  sample->resident = memory->resident;
}

static void
note_look (MigrateDirtySample *sample, const MigrateMemory *memory)
{
  sample->seconds[sample->n] = MAX (memory->dirty_period_s, 1);
  sample->bytes[sample->n] = (double) memory->dirty_rate * sample->seconds[sample->n];
  sample->n++;
}

/* FALSE without an error: no figure came. */
static gboolean
look (MigrateWork *work, const char *guest_uuid, guint seconds, MigrateDirtySample *sample,
      GError **error)
{
  gint64 deadline
    = _migrate_backend_now (work->backend) + (gint64) (seconds * 1000 + LATE_MS) * 1000;
  guint wait = seconds * 1000;
  MigrateMemory memory;

  if (!start (work, guest_uuid, seconds))
    return FALSE;
  while (_migrate_backend_now (work->backend) < deadline)
    {
      _migrate_work_sleep (work, wait);
      wait = LOOK_EVERY_MS;
      if (_migrate_work_check_cancelled (work, error) || !ask (work, guest_uuid, &memory))
        return FALSE;
      if (memory.dirty_status != MIGRATE_DIRTY_MEASURED)
        continue;
      note_look (sample, &memory);
      return TRUE;
    }
  return FALSE;
}

static gboolean
is_idle (const MigrateDirtySample *sample)
{
  for (guint i = 0; i < sample->n; i++)
    if (sample->bytes[i] > 0)
      return FALSE;
  return sample->n >= IDLE_LOOKS;
}

gboolean
_migrate_dirty_rate_sample (MigrateWork *work, const MigrateDomain *guest,
                            MigrateDirtySample *sample, GError **error)
{
  GError *cancelled = NULL;
  MigrateMemory memory;

  *sample = (MigrateDirtySample){ .paused = guest->state == MIGRATE_DOMAIN_PAUSED };
  if (!ask (work, guest->uuid, &memory))
    return TRUE;
  note (sample, &memory);
  for (guint i = 0; i < MIGRATE_DIRTY_LOOKS && !sample->paused; i++)
    if (!look (work, guest->uuid, looks[i], sample, &cancelled) || is_idle (sample))
      break;
  if (cancelled == NULL)
    return TRUE;
  g_propagate_error (error, cancelled);
  return FALSE;
}

gboolean
_migrate_dirty_rate_begin (MigrateWork *work, const MigrateDomain *guest,
                           MigrateDirtySample *sample, gint64 *ends)
{
  gint64 lasts = (gint64) looks[0] * G_USEC_PER_SEC + LOOK_EVERY_MS * 1000;
  MigrateMemory memory;

  *sample = (MigrateDirtySample){ .paused = guest->state == MIGRATE_DOMAIN_PAUSED };
  if (!ask (work, guest->uuid, &memory))
    return FALSE;
  note (sample, &memory);
  if (!sample->paused && !start (work, guest->uuid, looks[0]))
    return FALSE;
  *ends = _migrate_backend_now (work->backend) + lasts;
  return TRUE;
}

gboolean
_migrate_dirty_rate_read (MigrateWork *work, const char *guest_uuid, MigrateDirtySample *sample)
{
  MigrateMemory memory;

  if (sample->paused)
    return TRUE;
  if (!ask (work, guest_uuid, &memory) || memory.dirty_status != MIGRATE_DIRTY_MEASURED)
    return FALSE;
  note_look (sample, &memory);
  return TRUE;
}

/* ---- a{sv} ---- */

GVariant *
_migrate_dirty_sample_to_variant (const MigrateDirtySample *self)
{
  GVariantBuilder builder, list;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_init (&list, G_VARIANT_TYPE ("a(ut)"));
  for (guint i = 0; i < self->n; i++)
    g_variant_builder_add (&list, "(ut)", self->seconds[i], (guint64) self->bytes[i]);
  g_variant_builder_add (&builder, "{sv}", "paused", g_variant_new_boolean (self->paused));
  g_variant_builder_add (&builder, "{sv}", "looks", g_variant_builder_end (&list));
  g_variant_builder_add (&builder, "{sv}", "resident", g_variant_new_uint64 (self->resident));
  g_variant_builder_add (&builder, "{sv}", "total", g_variant_new_uint64 (self->total));
  return g_variant_builder_end (&builder);
}

MigrateDirtySample
_migrate_dirty_sample_from_variant (GVariant *values)
{
  MigrateDirtySample self = {
    .paused = _migrate_variant_boolean (values, "paused"),
    .resident = _migrate_variant_uint64 (values, "resident", 0),
    .total = _migrate_variant_uint64 (values, "total", 0),
  };
  g_autoptr (GVariant) list = g_variant_lookup_value (values, "looks", G_VARIANT_TYPE ("a(ut)"));
  gsize n = list != NULL ? MIN (g_variant_n_children (list), MIGRATE_DIRTY_LOOKS) : 0;

  for (gsize i = 0; i < n; i++)
    {
      guint seconds;
      guint64 bytes;

      g_variant_get_child (list, i, "(ut)", &seconds, &bytes);
      if (seconds == 0)
        break;
      self.seconds[i] = seconds;
      self.bytes[i] = (double) bytes;
      self.n++;
    }
  return self;
}

/* ---- facts ---- */

MigrateFacts *
_migrate_facts_add_look (MigrateFacts *facts, const MigrateDirtySample *sample, GVariant *learned,
                         GError **error)
{
  g_autoptr (GVariant) values = g_variant_ref_sink (learned);
  g_autoptr (GVariant) unordered = NULL;
  g_autoptr (GVariant) snapshot = NULL;
  GVariantDict dict;

  g_variant_dict_init (&dict, facts->snapshot);
  g_variant_dict_insert_value (&dict, MIGRATE_SNAPSHOT_DIRTY_RATE,
                               _migrate_dirty_sample_to_variant (sample));
  g_variant_dict_insert_value (&dict, MIGRATE_SNAPSHOT_LEARNED, values);
  unordered = g_variant_ref_sink (g_variant_dict_end (&dict));
  snapshot = g_variant_ref_sink (_migrate_facts_order (unordered));
  return _migrate_facts_read (snapshot, error);
}

gboolean
_migrate_facts_get_look (const MigrateFacts *facts, MigrateDirtySample *sample, GVariant **learned)
{
  g_autoptr (GVariant) values
    = g_variant_lookup_value (facts->snapshot, MIGRATE_SNAPSHOT_DIRTY_RATE, G_VARIANT_TYPE_VARDICT);

  if (values == NULL)
    return FALSE;
  *sample = _migrate_dirty_sample_from_variant (values);
  *learned
    = g_variant_lookup_value (facts->snapshot, MIGRATE_SNAPSHOT_LEARNED, G_VARIANT_TYPE_VARDICT);
  return TRUE;
}
