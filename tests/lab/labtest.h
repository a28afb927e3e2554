/* The lab from a test's side: a program of its own main brings the hosts up, every test (a process
 * of its own) finds them in its environment. Failed assertions end the test. */
#pragma once

#include <criterion/criterion.h>
#include <libmigrate/migrate.h>

/* ---- the program ---- */

/* Brings a lab of that recipe up, runs the tests one at a time, sees whether they left something on
 * the hosts, takes the lab down: also when the program is killed. */
int lab_main (int argc, char **argv, const char *recipe);

/* For a suite's .init: skips where there is no lab. */
void lab_set_up (void);

/* ---- tests/lab/lab ---- */

/* One command of lab; its output, without the last newline. It must succeed. */
char *lab_run (const char *format, ...) G_GNUC_PRINTF (1, 2);
gboolean lab_try (char **output, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* What lab env says, such as "URI_1". */
const char *lab_env (const char *key);
char *lab_env_host (const char *key, int host);

gboolean lab_wait_until (guint seconds, gboolean (*holds) (gpointer data), gpointer data);

/* ---- guests ---- */

/* The guest runs on one host, and is nowhere else: that host. Where it is not so, or it lost count,
 * it is made anew, with the options of lab guest. */
int lab_need (const char *guest, const char *options);
/* As above, and gives the destination of a move too. */
void lab_need_to_move (const char *guest, const char *options, int *from, int *to);
/* On that host in a state that begins so, and on no other. */
void lab_assert_at (const char *guest, int host, const char *state);
void lab_assert_off_at (const char *guest, int host);
/* It counts on; it has counted every second once, in one boot, and lost no page. */
void lab_assert_alive (const char *guest);
gboolean lab_has_autostart (const char *guest, int host);

/* ---- jobs ---- */

/* In a file of this test. */
const char *lab_journal_path (void);
MigrateJournal *lab_journal_new (void);
/* lab's host as a source or destination. */
MigrateHost *lab_host_new (int host);
MigrateJob *lab_job_new (const char *guest, int from, int to);
MigrateJob *lab_job_between (const char *guest, MigrateHost *from, MigrateHost *to);
void lab_set_policy (MigrateJob *job, const char *key, const char *value);
MigrateOutcome lab_outcome (MigrateJob *job);
char *lab_nick (GType type, int value);

/* Runs it: the error, never NULL. */
GError *lab_run_fails (MigrateJob *job, GCancellable *cancellable);
MigrateResult *lab_run_works (MigrateJob *job, GCancellable *cancellable);
void lab_assert_code (const GError *error, int code);
/* Its failure's remedy has these words. */
void lab_assert_remedy (MigrateJob *job, const char *words);
/* How the job rests. */
void lab_assert_rest (MigrateJob *job, MigrateState state, MigrateOutcome outcome);
void lab_assert_blocked_by (MigrateJob *job, const GError *error, const char *finding);
/* The second try: a job of its own moves it; it lives on there, and only there. */
void lab_assert_moves (const char *guest, int from, int to);
/* The time since then is bounded. */
void lab_assert_within (gint64 since, guint seconds);

typedef void (*LabAct) (gpointer data);
/* Once, in the test's thread: when memory has been copied so far, and ms later. */
void lab_when (MigrateJob *job, double fraction, guint ms, LabAct act, gpointer data);

/* ---- looking at both hosts all the time, on a thread ---- */

typedef struct _LabWatch LabWatch;
LabWatch *lab_watch_start (const char *guest);
/* How often both were asked, and how often it ran on both. */
void lab_watch_stop (LabWatch *self, guint *samples, guint *twice);

/* ---- a controller in a process of its own ---- */

typedef struct
{
  GPid pid;
  int out;
  GString *text; /* what it said */
  char *id;      /* its job */
} LabController;

/* Moves the guest with the journal of this test. policy: KEY=VALUE, NULL at the end. */
LabController *
lab_controller_start (const char *guest, int from, int to, const char *const *policy);
void lab_controller_await_progress (LabController *self, double fraction);
/* Its last “phase NICK” line says so. */
void lab_controller_await_phase (LabController *self, const char *phase);
/* Its last line: “end CODE OUTCOME STATE MESSAGE”, CODE is “ok” for none. */
char *lab_controller_await_end (LabController *self, guint seconds);
void lab_controller_kill (LabController *self);
/* SIGSTOP, while it is not writing to the journal. */
void lab_controller_stop (LabController *self);

/* ---- how memory travels ---- */

/* So slow that there is time to ask. settings: KEY=VALUE, NULL at the end. */
MigrateJob *lab_slow_job (const char *guest, int from, int to, const char *const *settings);
/* The move, with the guest alive there. command, nullable: of QEMU's monitor at the source in
 * mid-copy; its answer matches the pattern. */
MigrateResult *lab_move_and_ask (MigrateJob *job, const char *guest, int from, int to,
                                 const char *command, const char *pattern);

/* ---- shared storage ---- */

/* A command as the host sees its files; its output, without the last newline. It must succeed. */
char *lab_inside (int host, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* Of that folder, which is made. */
void lab_pool (int host, const char *name, const char *folder, gboolean active);
/* All pools go from both hosts, and the guest “s”. */
void lab_clear_storage (void);
/* The guest “s”, which stays off, on host 1, with one disk. source: its attributes. */
void lab_define_with_disk (const char *type, const char *source);
/* Pools, their volumes as libvirt tells them, and what is in these folders (NULL at the end). */
char *lab_storage_now (const char *const *folders);
/* The first of a code that begins so; nullable. */
MigrateFinding *lab_find (MigrateReport *report, const char *prefix);
/* A check of “s” finds this about its disk, in a message with these words, or nothing (NULL), and
 * leaves everything as it was. */
void lab_assert_sharing (const char *const *folders, const char *code, const char *message);

/* ---- how a move comes to its end ---- */

guint lab_count_decisions (MigrateJob *job, const char *what);
/* The last of them tells a reason that matches. */
void lab_assert_decided (MigrateJob *job, const char *what, const char *pattern);
/* The number in that pattern's group. */
guint lab_number_in (const char *text, const char *pattern);
/* As the journal of this test has it now. */
MigrateJob *lab_job_load (const char *id);
void lab_assert_retuned (MigrateJob *job, const char *key, const char *value);
/* The guest comes to a state there that begins so, within half a minute. */
void lab_await_state (const char *guest, int host, const char *state);

/* ---- post-copy (recipe B) ---- */

/* A guest and policies with which a post-copy lasts for some 25 seconds. */
#define LAB_POSTCOPY_GUEST "--dirty 64 --rate 30 --memory 256"
extern const char *const lab_postcopy_policy[]; /* KEY=VALUE, NULL at the end */
/* TCP gives up within seconds, as it does after minutes elsewhere; or in its own time again. */
void lab_set_impatient (gboolean impatient);
/* Each of these is false when it did not come to it in time. May be called on a thread. */
gboolean lab_await_postcopy (const char *guest, int from, int to);
gboolean lab_await_broken (const char *guest, int from, int to);
gboolean lab_await_link (int a, int b);
/* Moves the guest with a controller that is killed when the link is cut in mid post-copy, and
 * returns its job's id with both ends broken and the link restored. The journal is this test's. */
char *lab_break_postcopy (const char *guest, int from, int to);
