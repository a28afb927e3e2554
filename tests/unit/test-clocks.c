/* Which time of a transfer is over: row by row. */
#include "migrate/clocks-private.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

TestSuite (clocks, .timeout = 20);

#define MIB ((guint64) 1 << 20)
#define COPY MIGRATE_PHASE_COPYING_MEMORY
#define DISKS MIGRATE_PHASE_COPYING_DISKS
#define SWITCH MIGRATE_PHASE_SWITCHING_OVER

static const struct
{
  const char *label;
  MigrateClocks clocks;
  MigrateClock expected;
  const char *why;
} rows[] = {
  { "nothing has begun", { .phase = MIGRATE_PHASE_STARTING, .stall_limit_ms = 120000 }, 0, NULL },
  { "on its way", { .phase = COPY, .transfer_ms = 5000, .memory_ms = 5000 }, 0, NULL },
  { "before the deadline", { .phase = COPY, .transfer_ms = 59999, .deadline_ms = 60000 }, 0, NULL },
  { "at the deadline",
    { .phase = COPY,
      .transfer_ms = 60000,
      .deadline_ms = 60000,
      .memory_remaining = 70 * MIB,
      .bandwidth = 46 * MIB },
    MIGRATE_CLOCK_DEADLINE,
    "within 60 s: 70 MiB remained, at 46 MiB/s" },
  { "no deadline in the switch-over",
    { .phase = SWITCH, .transfer_ms = 60000, .deadline_ms = 60000 },
    0,
    NULL },
  { "no deadline past the hand-over",
    { .phase = COPY, .handed_over = TRUE, .transfer_ms = 60000, .deadline_ms = 60000 },
    0,
    NULL },
  { "memory late by the policy",
    { .phase = COPY, .memory_ms = 90000, .memory_limit_ms = 90000, .bandwidth = MIB },
    MIGRATE_CLOCK_MEMORY,
    "The copy of memory was not done within 90 s" },
  { "memory has ten minutes",
    { .phase = COPY, .memory_ms = 599999, .memory_total = 512 * MIB, .bandwidth = 46 * MIB },
    0,
    NULL },
  { "memory late by its size",
    { .phase = COPY, .memory_ms = 600000, .memory_total = 512 * MIB, .bandwidth = 46 * MIB },
    MIGRATE_CLOCK_MEMORY,
    "600 s" },
  { "a large guest has more",
    { .phase = COPY,
      .memory_ms = 6000000,
      .memory_total = 512 * 1024 * MIB,
      .bandwidth = 46 * MIB },
    0,
    NULL },
  { "no rate, no time", { .phase = COPY, .memory_ms = 6000000, .memory_total = MIB }, 0, NULL },
  { "disks late by their size",
    { .phase = DISKS,
      .disk_ms = 700000,
      .disk_total = 512 * MIB,
      .disk_remaining = 3 * MIB,
      .disk_bandwidth = 46 * MIB },
    MIGRATE_CLOCK_DISKS,
    "The copy of disks was not done within 700 s: 3 MiB remained, at 46 MiB/s" },
  { "disks late by the policy",
    { .phase = DISKS,
      .disk_ms = 30000,
      .disk_limit_ms = 30000,
      .disk_remaining = 3 * MIB,
      .bandwidth = 9 * MIB },
    MIGRATE_CLOCK_DISKS,
    "at 0 MiB/s" },
  { "disks have ten minutes",
    { .phase = DISKS,
      .disk_ms = 599999,
      .disk_total = 512 * MIB,
      .disk_remaining = 3 * MIB,
      .disk_bandwidth = 46 * MIB },
    0,
    NULL },
  { "large disks have more",
    { .phase = DISKS,
      .disk_ms = 6000000,
      .disk_total = 512 * 1024 * MIB,
      .disk_remaining = 3 * MIB,
      .disk_bandwidth = 46 * MIB },
    0,
    NULL },
  { "disks are there, and the guest writes to them",
    { .phase = COPY,
      .disk_ms = 700000,
      .disk_total = 512 * MIB,
      .disk_remaining = MIB,
      .disk_bandwidth = 46 * MIB },
    0,
    NULL },
  { "the time of disks is not that of memory",
    { .phase = DISKS, .memory_ms = 90000, .memory_limit_ms = 90000, .bandwidth = MIB },
    0,
    NULL },
  { "disks at the deadline",
    { .phase = DISKS,
      .transfer_ms = 60000,
      .deadline_ms = 60000,
      .disk_remaining = 70 * MIB,
      .disk_bandwidth = 46 * MIB },
    MIGRATE_CLOCK_DEADLINE,
    "The copy of disks, before memory, was not done within 60 s: 70 MiB remained, at 46 MiB/s" },
  { "stalled disks",
    { .phase = DISKS, .still_ms = 120000, .stall_limit_ms = 120000 },
    MIGRATE_CLOCK_STALLED_COPY,
    "Nothing has travelled for 120 s" },
  { "stalled copy",
    { .phase = COPY, .still_ms = 120000, .stall_limit_ms = 120000 },
    MIGRATE_CLOCK_STALLED_COPY,
    "Nothing has travelled for 120 s" },
  { "stalled before anything came",
    { .phase = MIGRATE_PHASE_STARTING, .still_ms = 120000, .stall_limit_ms = 120000 },
    MIGRATE_CLOCK_STALLED_COPY,
    "120 s" },
  { "may stall for ever", { .phase = COPY, .still_ms = 86400000 }, 0, NULL },
  { "a dip is no stall", { .phase = COPY, .still_ms = 119000, .stall_limit_ms = 120000 }, 0, NULL },
  { "stalled switch-over",
    { .phase = SWITCH, .stopped_ms = 60000, .switchover_limit_ms = 60000, .limit_ms = 400 },
    MIGRATE_CLOCK_STALLED_SWITCHOVER,
    "The switch-over stood still for 60 s" },
  { "a switch-over may take three times its limit",
    { .phase = SWITCH, .stopped_ms = 60000, .switchover_limit_ms = 60000, .limit_ms = 30000 },
    0,
    NULL },
  { "a switch-over may take three times what is left",
    { .phase = SWITCH,
      .stopped_ms = 60000,
      .switchover_limit_ms = 60000,
      .memory_remaining = 1000 * MIB,
      .bandwidth = 40 * MIB },
    0,
    NULL },
  { "post-copy late",
    { .phase = MIGRATE_PHASE_POSTCOPY,
      .handed_over = TRUE,
      .postcopy_ms = 30000,
      .postcopy_limit_ms = 30000,
      .bandwidth = MIB },
    MIGRATE_CLOCK_POSTCOPY,
    "Post-copy was not done within 30 s" },
  { "post-copy on its way",
    { .phase = MIGRATE_PHASE_POSTCOPY,
      .handed_over = TRUE,
      .postcopy_ms = 30000,
      .bandwidth = MIB },
    0,
    NULL },
  { "an abort that does not end",
    { .phase = MIGRATE_PHASE_CANCELLING, .abort_ms = 120000, .settle_ms = 60000 },
    MIGRATE_CLOCK_ABORT,
    "the abort has not ended for 120 s" },
  { "an abort under way ends by itself",
    { .phase = COPY, .abort_ms = 119000, .settle_ms = 60000, .transfer_ms = 9, .deadline_ms = 1 },
    0,
    NULL },
};

ParameterizedTestParameters (clocks, decides)
{
  static size_t indexes[G_N_ELEMENTS (rows)];

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    indexes[i] = i;
  return cr_make_param_array (size_t, indexes, G_N_ELEMENTS (rows));
}

ParameterizedTest (size_t *index, clocks, decides)
{
  size_t i = *index;
  g_autofree char *why = NULL;
  MigrateClock clock = _migrate_clocks_decide (&rows[i].clocks, &why);

  cr_assert_eq (clock, rows[i].expected, "%s: %s", rows[i].label, _migrate_clock_name (clock));
  if (rows[i].why == NULL)
    cr_assert_null (why, "%s: %s", rows[i].label, why);
  else
    cr_assert_not_null (strstr (why, rows[i].why), "%s: %s", rows[i].label, why);
}
