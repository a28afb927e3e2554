/* What a probe of shared storage means: from what each host saw to one word and its reason; whether
 * what both call by one name is one file; and the names of the probe's files. */
#include "check/same-private.h"
#include "steps/probe-private.h"
#include "storage/probe-private.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite (storage, .timeout = 20);

/* Each half as words: “sees”, “stale”, “lost”, “trouble”, “file”. */
static const struct
{
  const char *source, *destination;
  MigrateSharing sharing;
  const char *why;
} rows[] = {
  { "sees stale", "sees stale", MIGRATE_SHARING_SHARED, "each host read what the other wrote" },
  { "", "", MIGRATE_SHARING_NOT_SHARED, "neither host sees" },
  { "", "file", MIGRATE_SHARING_NOT_SHARED, "the destination has another file of that name" },
  { "file", "", MIGRATE_SHARING_NOT_SHARED, "neither host sees what the other wrote to “/d”" },
  { "sees stale", "", MIGRATE_SHARING_UNKNOWN, "what the source wrote" },
  { "", "sees stale", MIGRATE_SHARING_UNKNOWN, "what the destination wrote" },
  { "stale", "", MIGRATE_SHARING_UNKNOWN, "with other content" },
  { "", "stale", MIGRATE_SHARING_UNKNOWN, "with other content" },
  { "lost", "", MIGRATE_SHARING_UNKNOWN, "somebody removed" },
  { "", "lost", MIGRATE_SHARING_UNKNOWN, "somebody removed" },
  { "sees stale lost", "sees stale", MIGRATE_SHARING_UNKNOWN, "somebody removed" },
  { "trouble", "", MIGRATE_SHARING_UNKNOWN, "no room" },
  { "", "trouble", MIGRATE_SHARING_UNKNOWN, "no room" },
  /* It was proven by what was read, and then something went wrong: no more than unknown. */
  { "sees stale", "sees stale trouble", MIGRATE_SHARING_UNKNOWN, "no room" },
};

static void
fill (MigrateProbeHalf *self, const char *words)
{
  static char *with[] = { (char *) "other", (char *) "f.img", NULL };
  static char *without[] = { (char *) "other", NULL };

  *self = (MigrateProbeHalf){
    .folder = (char *) "/d",
    .sees = strstr (words, "sees") != NULL,
    .stale = strstr (words, "stale") != NULL,
    .lost = strstr (words, "lost") != NULL,
    .trouble = strstr (words, "trouble") != NULL ? (char *) "no room" : NULL,
    .names = strstr (words, "file") != NULL ? with : without,
  };
}

Test (storage, judges)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const MigrateProbePlace place = { .path = "/d/f.img", .type = "file" };
      const MigrateProbeFile file = { .target = "vda", .here = place, .there = place };
      MigrateProbe probe = { 0 };
      g_autofree char *why = NULL;
      MigrateSharing sharing;

      fill (&probe.halves[0], rows[i].source);
      fill (&probe.halves[1], rows[i].destination);
      sharing = _migrate_probe_judge (&probe, &file, &why);
      cr_assert_eq (sharing, rows[i].sharing, "row %zu: %s: %s", i, _migrate_sharing_name (sharing),
                    why);
      cr_assert_not_null (strstr (why, rows[i].why), "row %zu: %s", i, why);
    }
}

/* A guest that goes on with another file of a shared folder destroys it. */
Test (storage, another_name_in_a_shared_folder_proves_nothing)
{
  static const struct
  {
    const char *folder, *path;
    MigrateSharing sharing;
    const char *why;
  } names[] = {
    { "/mnt", "/mnt/f.img", MIGRATE_SHARING_SHARED, "“/d” (“/mnt” at the destination)" },
    { "/mnt", "/mnt/g.img", MIGRATE_SHARING_UNKNOWN, "is to open “g.img” of it" },
    { "/d", "/d/g.img", MIGRATE_SHARING_UNKNOWN, "is to open “g.img” of it" },
    { "/d", NULL, MIGRATE_SHARING_UNKNOWN, "is to open “” of it" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const MigrateProbeFile file = { .target = "vda",
                                      .here = { .path = "/d/f.img", .type = "file" },
                                      .there = { .path = names[i].path, .type = "file" } };
      MigrateProbe probe = { 0 };
      g_autofree char *why = NULL;

      fill (&probe.halves[0], "sees");
      fill (&probe.halves[1], "sees");
      probe.halves[1].folder = (char *) names[i].folder;
      cr_assert_eq (_migrate_probe_judge (&probe, &file, &why), names[i].sharing, "row %zu: %s", i,
                    why);
      cr_assert_not_null (strstr (why, names[i].why), "row %zu: %s", i, why);
    }
}

#define PLACE(kind, at)                                                                            \
  {                                                                                                \
    .type = kind, .path = at                                                                       \
  }

/* What cannot be written to is told apart: what differs, or what is in the way. */
static const struct
{
  MigrateProbePlace here, there;
  const char *why;
} unprobed[] = {
  { PLACE ("file", "/d/a"), PLACE ("block", "/dev/sdc"),
    "here it is a file, “/d/a”, and the destination is to open a block device, “/dev/sdc”" },
  { PLACE ("block", "/dev/sdb"), PLACE ("file", "/d/a"),
    "here it is a block device, “/dev/sdb”, and the destination is to open a file, “/d/a”" },
  { PLACE ("file", "/d/a"), PLACE ("network", NULL),
    "here it is a file, “/d/a”, and the destination is to open a network disk" },
  { { .type = "volume", .pool = "p", .volume = "v" },
    PLACE ("network", NULL),
    "here it is a volume, “v” of pool “p”, and the destination is to open a network disk" },
  { PLACE ("file", "/d/a"), PLACE (NULL, NULL),
    "nothing is named that the destination is to open in its place" },
  { PLACE ("file", "d/a"), PLACE ("file", "d/a"), "“d/a” is not a whole path" },
  { PLACE ("file", "/d/a"), PLACE ("file", "d/a"), "“d/a” is not a whole path" },
  { PLACE ("volume", NULL), PLACE ("volume", NULL), "it names nothing that can be written to" },
  { PLACE ("block", "/dev/sdb"), PLACE ("block", "/dev/sdb"), "may be another device" },
  { PLACE ("block", "/dev/disk/by-id/wwn-0x1"), PLACE ("block", "/dev/disk/by-id/wwn-0x1"),
    "no storage pool of both hosts has it" },
};

Test (storage, tells_why_nothing_was_written)
{
  for (gsize i = 0; i < G_N_ELEMENTS (unprobed); i++)
    {
      const MigrateProbeFile file
        = { .target = "vda", .here = unprobed[i].here, .there = unprobed[i].there };
      g_autofree char *why = NULL;

      cr_assert_eq (_migrate_probe_judge_unprobed (&file, &why), MIGRATE_SHARING_UNKNOWN);
      cr_assert_not_null (strstr (why, unprobed[i].why), "row %zu: %s", i, why);
    }
}

static void
add (GPtrArray *probed, const char *target, MigrateSharing sharing, const char *why)
{
  MigrateProbed *row = g_new0 (MigrateProbed, 1);

  row->target = g_strdup (target);
  row->path = g_strdup ("/d/f.img");
  row->sharing = sharing;
  row->why = g_strdup (why);
  g_ptr_array_add (probed, row);
}

Test (storage, of_a_disks_files_the_worst_counts)
{
  g_autoptr (GPtrArray) probed
    = g_ptr_array_new_with_free_func ((GDestroyNotify) _migrate_probed_free);
  const char *why = NULL;

  cr_assert_eq (_migrate_probed_of (probed, "vda", &why), MIGRATE_SHARING_UNKNOWN);
  cr_assert_null (why);
  add (probed, "vdb", MIGRATE_SHARING_NOT_SHARED, "another disk");
  add (probed, "vda", MIGRATE_SHARING_SHARED, "one");
  cr_assert_eq (_migrate_probed_of (probed, "vda", &why), MIGRATE_SHARING_SHARED);
  cr_assert_str_eq (why, "one");
  add (probed, "vda", MIGRATE_SHARING_UNKNOWN, "two");
  cr_assert_eq (_migrate_probed_of (probed, "vda", &why), MIGRATE_SHARING_UNKNOWN);
  cr_assert_str_eq (why, "two");
  add (probed, "vda", MIGRATE_SHARING_NOT_SHARED, "three");
  add (probed, "vda", MIGRATE_SHARING_SHARED, "four");
  cr_assert_eq (_migrate_probed_of (probed, "vda", &why), MIGRATE_SHARING_NOT_SHARED);
  cr_assert_str_eq (why, "three");
}

Test (storage, names_that_mean_one_device)
{
  static const struct
  {
    const char *path;
    gboolean stable;
  } names[] = {
    { "/dev/disk/by-id/wwn-0x5000c500a1b2c3d4", TRUE },
    { "/dev/disk/by-id/scsi-36001405f1", TRUE },
    { "/dev/disk/by-id/dm-uuid-mpath-36001405f1", TRUE },
    { "/dev/disk/by-path/ip-10.0.0.1:3260-iscsi-iqn.2020-01.org.x:t-lun-1", TRUE },
    { "/dev/disk/by-path/pci-0000:00:1f.2-ata-1", FALSE },
    { "/dev/disk/by-id/scsi-0QEMU_HARDDISK_drive1", FALSE }, /* as somebody has called it */
    { "/dev/sdb", FALSE },
    { "/dev/vg/guest", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    cr_assert_eq (_migrate_probe_is_stable_name (names[i].path), names[i].stable, "%s",
                  names[i].path);
}

/* ---- one file by one name ---- */

/* Up to four looks of each host: “SIZE:TIME”, “-” for a file that is not there, “?” for one that is
 * not told of. */
static const struct
{
  const char *here, *there;
  gboolean same;
  const char *why;
} looks[] = {
  { "8:100", "8:100", TRUE, NULL },
  { "8:100", "8:101", FALSE, "(8 bytes, changed 1970-01-01T00:00:00.000000100Z)" },
  { "8:100", "8:101", FALSE, "“/d/g.img” at the destination (8 bytes" },
  { "8:100 8:100 8:100", "8:90 8:90 8:90", FALSE, "of each host's own" },
  { "8:100", "9:100", FALSE, "(9 bytes" },
  { "8:100", "-", FALSE, "the destination has no file “/d/g.img”" },
  { "-", "8:100", FALSE, "the source has no file “/d/f.img”" },
  { "8:100", "?", FALSE, "the destination does not tell" },
  { "?", "8:100", FALSE, "the source does not tell" },
  { "8:0", "8:0", FALSE, "the source does not tell" }, /* no times: nothing to go by */
  { "", "", FALSE, "the source does not tell" },
  /* What was remembered of it, and then how it is. */
  { "8:100 8:100", "8:90 8:100", TRUE, NULL },
  { "8:100 8:100", "- 8:100", TRUE, NULL },
  /* It is written to: each host said another time, one between the other's. */
  { "8:100 8:200", "8:90 8:150", TRUE, NULL },
  { "8:100 9:200", "8:150 8:210", TRUE, NULL },
  { "8:100 8:200", "8:90 8:250", FALSE, "of each host's own" },
  { "8:100 8:200", "9:150 9:150", FALSE, "(9 bytes" },
  /* A file that the source lost sight of is not proven by what was. */
  { "8:100 -", "8:100 8:100", FALSE, "the source has no file" },
};

static gsize
read_looks (const char *text, const char *path, MigrateFileFacts *files, MigrateVolume *volumes,
            const MigrateFileFacts **row)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  gsize n = *text != '\0' ? g_strv_length (words) : 0;

  for (gsize i = 0; i < n; i++)
    {
      char *time = strchr (words[i], ':');
      guint64 size = g_ascii_strtoull (words[i], NULL, 10);
      guint64 ns = time != NULL ? g_ascii_strtoull (time + 1, NULL, 10) : 0;

      volumes[i]
        = (MigrateVolume){ .capacity = 4096, .physical = size, .written = ns, .changed = ns };
      files[i] = (MigrateFileFacts){ .path = (char *) path,
                                     .found = time != NULL,
                                     .volume = time != NULL ? &volumes[i] : NULL };
      row[i] = *words[i] == '?' ? NULL : &files[i];
    }
  return n;
}

Test (storage, one_name_is_one_file_where_all_that_is_told_says_so)
{
  for (gsize i = 0; i < G_N_ELEMENTS (looks); i++)
    {
      MigrateFileFacts files[2][4];
      MigrateVolume volumes[2][4];
      const MigrateFileFacts *here[4], *there[4];
      gsize n = read_looks (looks[i].here, "/d/f.img", files[0], volumes[0], here);
      g_autofree char *why = NULL;

      cr_assert_eq (read_looks (looks[i].there, "/d/g.img", files[1], volumes[1], there), n);
      cr_expect_eq (_migrate_same_file (here, there, n, &why), looks[i].same, "row %zu: %s", i,
                    why);
      cr_expect_eq (why == NULL, looks[i].same, "row %zu", i);
      cr_expect (looks[i].same || strstr (why, looks[i].why) != NULL, "row %zu: %s", i, why);
    }
}

#define NOW ((gint64) 1800000000 * G_USEC_PER_SEC)

Test (storage, files_of_a_probe_tell_whose_they_are)
{
  g_autofree char *young = _migrate_probe_file_name ("job-1", NOW - G_TIME_SPAN_MINUTE);
  g_autofree char *old = _migrate_probe_file_name ("job-1", NOW - MIGRATE_PROBE_OLD_US * 2);
  g_autofree char *ahead = _migrate_probe_file_name ("job-1", NOW + G_TIME_SPAN_DAY);
  g_autofree char *again = _migrate_probe_file_name ("job-1", NOW - G_TIME_SPAN_MINUTE);

  cr_assert (g_str_has_prefix (young, ".libmigrate-probe-job-1-1799999940-"), "%s", young);
  cr_assert_str_neq (young, again);
  cr_assert (_migrate_probe_file_is_left (young, "job-1", NOW));
  cr_assert_not (_migrate_probe_file_is_left (young, "job", NOW));
  cr_assert_not (_migrate_probe_file_is_left (young, "job-2", NOW));
  cr_assert (_migrate_probe_file_is_left (old, "job-2", NOW));
  cr_assert_not (_migrate_probe_file_is_left (ahead, "job-2", NOW)); /* its clock, or ours */
}

Test (storage, other_files_are_left_alone)
{
  static const char *const names[] = { "disk.img",
                                       "",
                                       ".libmigrate-probe-",
                                       ".libmigrate-probe-x",
                                       ".libmigrate-probe-x-y",
                                       ".libmigrate-probe-x-12y-z",
                                       ".libmigrate-probe-x--z",
                                       "libmigrate-probe-x-1-z",
                                       ".libmigrate-probe.img" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    cr_assert_not (_migrate_probe_file_is_left (names[i], "x", NOW), "%s", names[i]);
}
