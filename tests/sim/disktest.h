/* For tests of jobs whose disks travel: two hosts, each with images of its own. */
#pragma once

#include "sim.h"

#include <criterion/criterion.h>
#include <libmigrate/migrate.h>

#define MIB (G_GUINT64_CONSTANT (1) << 20)

extern SimWorld *disktest_world;
extern MigrateJournal *disktest_journal;

void disktest_set_up (void);
void disktest_tear_down (void);

/* A raw image /images/base on h1, and above it /images/top, vda of the guest g0. top_data: bytes
 * that are the top image's own; write_rate: of the guest, to it. */
void disktest_add_images (guint64 base_data, guint64 top_data);
void disktest_add_guest_alone (guint64 write_rate);
void disktest_add_guest (guint64 base_data, guint64 top_data, guint64 write_rate);
/* settings: pairs, NULL-terminated; nullable. */
MigrateJob *disktest_job (const char *guest, const char *const *settings);

/* What its job has told. */
typedef struct
{
  guint disks, memory; /* progresses of each phase */
  gboolean disks_after_memory, went_back;
  double last, disks_most; /* the fraction; the same while disks travelled */
  guint each, with_rate;   /* progresses with vda; with its rate */
  guint64 rate_most;       /* of all disks, while vda was one of them */
  guint with_time;         /* while disks travelled */
  GPtrArray *decisions;    /* char *: "what: why" */
} DiskHeard;

DiskHeard *disktest_listen (MigrateJob *job);
void disktest_heard_free (DiskHeard *heard);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DiskHeard, disktest_heard_free)
gboolean disktest_decided (const DiskHeard *heard, const char *what, const char *words);

/* It moves. */
MigrateResult *disktest_move (MigrateJob *job);
/* It fails with this, and with these words somewhere. */
void disktest_fail (MigrateJob *job, MigrateError code, const char *words);

/* The guest runs here and there is nothing of it, and none of its files, at the other. */
void disktest_assert_stayed (void);
void disktest_assert_moved (void);
/* Both files are the same, byte by byte. */
void disktest_assert_same (const char *path_here, const char *here_bytes, const char *there);
