/* What the tests of the journal share. Other controllers are real processes here; a journal object
 * is always made after the fork. */
#pragma once

#include <criterion/criterion.h>

#include "journal/journal-private.h"

#define GUEST "c5d5a4a6-0d3c-4a57-9d43-1f0d3c1e2b11"
#define OTHER_GUEST "0a7f6a52-7b0e-4c59-8a53-6c4b2f3d9e22"
#define NOBODY 65534

extern char *folder; /* of the test, removed after it */
extern char *path;   /* of its journal, in a folder that the journal makes */

void journaltest_set_up (void);
void journaltest_tear_down (void);

#define JOURNAL_SUITE(name)                                                                        \
  TestSuite (name, .init = journaltest_set_up, .fini = journaltest_tear_down, .timeout = 60)

void remove_tree (const char *place);
MigrateJournal *journal_with_job (const char *id);
gsize count_entries (MigrateJournal *journal); /* of job-1 */
guint mode_of (const char *place);
void execute (const char *place, const char *sql);
char *lock_file (void); /* NULL: there is none */
guint open_files (void);
void become_nobody (void); /* skips where it cannot */
/* A mount name space of its own, for a file system that is full or cannot be written. Skips where
 * it cannot. */
void mount_small (void);

#define assert_no_error(error)                                                                     \
  cr_assert ((error) == NULL, "unexpected error: %s", (error) != NULL ? (error)->message : "")
/* The error as it must be; and it is cleared. */
void assert_error (GError **error, int code, const char *part);
/* Opening the journal there fails, with a remedy, and names the file. */
void assert_journal_error (const char *place, const char *part);

/* Another controller: a process that does its work, says so, and waits to be killed. What it says
 * is one number. */
typedef guint64 (*ChildWork) (void);

typedef struct
{
  pid_t pid;
  int from;
  guint64 said;
} Child;

Child child_start (ChildWork work);
guint64 child_wait (Child *child);
void child_kill (Child *child);
