/* The journal as the library uses it: the interface's functions wrapped, with their entries. */
#pragma once

#include "model/mapping-private.h"

gboolean
_migrate_journal_add_job (MigrateJournal *self, const char *id, GVariant *values, GError **error);
/* One entry of a log, floating; values: a{sv}, nullable. */
GVariant *_migrate_journal_entry_new (const char *kind, const char *name, const char *status,
                                      GVariant *values);
/* entries: aa{sv}, values: a{sv}, both nullable: all of it or nothing. */
gboolean _migrate_journal_record (MigrateJournal *self, const char *id, guint64 generation,
                                  GVariant *entries, GVariant *values, GError **error);
/* The same with values, or with one entry. */
gboolean _migrate_journal_update_job (MigrateJournal *self, const char *id, guint64 generation,
                                      GVariant *values, GError **error);
gboolean
_migrate_journal_append (MigrateJournal *self, const char *id, guint64 generation, const char *kind,
                         const char *name, const char *status, GVariant *values, GError **error);
/* samples: aa{sv}, each with "at-ms". For what may be lost: the call does not wait long. */
gboolean _migrate_journal_add_samples (MigrateJournal *self, const char *id, guint64 generation,
                                       GVariant *samples, GVariant *values, GError **error);
GVariant *_migrate_journal_list_jobs (MigrateJournal *self,
                                      const char *guest_uuid /* nullable: all */, GError **error);
GVariant *_migrate_journal_load_job (MigrateJournal *self, const char *id, GError **error);
GVariant *_migrate_journal_load_entries (MigrateJournal *self, const char *id, GError **error);
GVariant *_migrate_journal_load_samples (MigrateJournal *self, const char *id, GError **error);
guint64 _migrate_journal_claim (MigrateJournal *self, const char *guest_uuid, const char *id,
                                GError **error);
gboolean _migrate_journal_release (MigrateJournal *self, const char *guest_uuid, const char *id,
                                   guint64 generation, GError **error);
/* ---- debts.c ---- */
/* The claim is of no use any more and could not be released. */
void _migrate_journal_owe (MigrateJournal *self, const char *guest_uuid, const char *id,
                           guint64 generation);
/* Releases what is owed, where it can be. */
void _migrate_journal_pay (MigrateJournal *self);

gboolean _migrate_journal_post (MigrateJournal *self, const char *id, const char *verb,
                                GVariant *values, GError **error);
GVariant *_migrate_journal_collect (MigrateJournal *self, const char *id, GError **error);

/* entries, samples: aa{sv}, or NULL when they were not asked for. */
MigrateJobRecord *_migrate_job_record_new (GVariant *values, GVariant *entries, GVariant *samples);

/* Keys of a job's values: */
#define MIGRATE_JOB_KEY_ID "id"                             /* s, added on load */
#define MIGRATE_JOB_KEY_GUEST "guest"                       /* s: as asked */
#define MIGRATE_JOB_KEY_GUEST_NAME "guest-name"             /* s */
#define MIGRATE_JOB_KEY_GUEST_UUID "guest-uuid"             /* s */
#define MIGRATE_JOB_KEY_SOURCE "source"                     /* s: URI */
#define MIGRATE_JOB_KEY_DESTINATION "destination"           /* s: URI */
#define MIGRATE_JOB_KEY_PEER_URI "peer-uri"                 /* s */
#define MIGRATE_JOB_KEY_MIGRATION_URI "migration-uri"       /* s */
#define MIGRATE_JOB_KEY_DISKS_URI "disks-uri"               /* s */
#define MIGRATE_JOB_KEY_LISTEN_ADDRESS "listen-address"     /* s */
#define MIGRATE_JOB_KEY_TLS_NAME "tls-name"                 /* s */
#define MIGRATE_JOB_KEY_SOURCE_NAME "source-name"           /* s: of the platform's record */
#define MIGRATE_JOB_KEY_DESTINATION_NAME "destination-name" /* s */
#define MIGRATE_JOB_KEY_KIND "kind"                         /* s: nick */
#define MIGRATE_JOB_KEY_POLICY "policy"                     /* a{sv} */
#define MIGRATE_JOB_KEY_STATE "state"                       /* s: nick */
#define MIGRATE_JOB_KEY_PHASE "phase"                       /* s: nick */
#define MIGRATE_JOB_KEY_OUTCOME "outcome"                   /* s: nick */
#define MIGRATE_JOB_KEY_IN_FLIGHT "in-flight"               /* b */
#define MIGRATE_JOB_KEY_PROGRESS "progress"                 /* a{sv} */
#define MIGRATE_JOB_KEY_RESULT "result"                     /* a{sv} */
#define MIGRATE_JOB_KEY_FAILURE "failure"                   /* a{sv} */
#define MIGRATE_JOB_KEY_FACTS "facts" /* a{sv}: what was true before the move */
#define MIGRATE_JOB_KEY_PLAN "plan"   /* a{sv}: what the move does, without XML */
#define MIGRATE_JOB_KEY_HANDED_OVER                                                                \
  "handed-over"                               /* b: by this journal, for no host runs the guest */
#define MIGRATE_JOB_KEY_REVERTING "reverting" /* b: that is being taken back, to its end */
#define MIGRATE_JOB_KEY_PROVEN                                                                     \
  "proven" /* a{sv}: how far files were copied and read back, and                                  \
              when the source was written last, by id: (tt) */
#define MIGRATE_JOB_KEY_STILL                                                                      \
  "still" /* a{sv}: when images were written last, t by id, while the guest's memory is in a file; \
             by side: a{sv} */
#define MIGRATE_JOB_KEY_MAPPING "mapping"    /* a{sv}: the job's, by name */
#define MIGRATE_JOB_KEY_PROFILE "profile"    /* a{sv}: the destination's */
#define MIGRATE_JOB_KEY_RESIZE "resize"      /* a{sv}: of the guest's shape there */
#define MIGRATE_JOB_KEY_BINDINGS "bindings"  /* a{sv}: what hooks answered */
#define MIGRATE_JOB_KEY_PROBE "probe-us"     /* t: wall clock, of a probe under way; 0: none is */
#define MIGRATE_JOB_KEY_CREATED "created-us" /* t: wall clock, added on load */
#define MIGRATE_JOB_KEY_UPDATED "updated-us" /* t: wall clock, added on load */
#define MIGRATE_JOB_KEY_HELD "held"          /* b: by a live holder, added on load */
#define MIGRATE_JOB_KEY_GENERATION "generation" /* t: of the claim, 0: none, added on load */
/* Of one of these keys; NULL: there is none, or another version's. */
MigrateMapping *_migrate_job_values_mapping (GVariant *values, const char *key);
/* Of one that can be taken back: an empty text is none. Borrowed. */
const char *_migrate_job_values_text (GVariant *values, const char *key);
/* Keys of a sample: at-ms t (since the job began), those of a progress that the follower knows, and
 * expected-downtime-ms t where the hypervisor tells it. */
/* Keys of an entry: seq t, at-us t, generation t, kind s, name s, status s, values a{sv}. */
