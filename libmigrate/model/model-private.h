/* What the rooms above may know of the model's insides. */
#pragma once

#include <libmigrate/migrate.h>

/* ---- errors: MigrateError with what libvirt said ---- */

typedef struct
{
  MigrateSide side;
  MigratePhase phase;
  int vir_domain; /* virErrorDomain, 0: not libvirt's */
  int vir_code;   /* virErrorNumber */
  char *remedy;
  char *other_job;
} MigrateErrorPrivate;

/* Never NULL for an error of our domain, NULL for any other. */
MigrateErrorPrivate *_migrate_error_private (const GError *error);
GError *_migrate_error_new (MigrateError code, const char *remedy, const char *format, ...)
  G_GNUC_PRINTF (3, 4);
void _migrate_set_error (GError **error, MigrateError code, const char *remedy, const char *format,
                         ...) G_GNUC_PRINTF (4, 5);
void _migrate_error_set_side (GError *error, MigrateSide side);
/* Wraps foreign errors into our domain; G_IO_ERROR_CANCELLED stays. Takes and gives ownership. */
GError *_migrate_error_adopt (GError *error);

/* ---- values ---- */

/* details: a{sv}, nullable, floating is taken. */
MigrateDecision *
_migrate_decision_new (guint64 at_ms, const char *what, const char *why, GVariant *details);
GVariant *_migrate_decision_to_variant (MigrateDecision *self);
MigrateDecision *_migrate_decision_from_variant (GVariant *value);

MigrateStep *
_migrate_step_new (const char *what, const char *host, MigrateRisk risk, const char *effect,
                   gboolean done, const char *failure /* nullable */);
MigrateStep *_migrate_step_new_planned (const char *what, const char *host, MigrateRisk risk,
                                        const char *effect, const char *undo /* nullable */);
/* details: a{sv}, floating is taken. */
MigrateEvidence *_migrate_evidence_new (const char *host, gboolean reachable, gboolean present,
                                        const char *state, guint64 seen_at_us, GVariant *details);

/* The mark of a definition: one element of this namespace in its metadata, whose text is a word and
 * the job's id, “incoming 0f3c…”. */
#define MIGRATE_MARK_NAMESPACE "urn:libmigrate:mark:1"
#define MIGRATE_MARK_PREFIX "libmigrate"
#define MIGRATE_MARK_ELEMENT "mark"

/* Keys of a plan's values: */
#define MIGRATE_PLAN_KEY_KIND "kind"               /* s: nick */
#define MIGRATE_PLAN_KEY_GUEST_NAME "guest-name"   /* s */
#define MIGRATE_PLAN_KEY_GUEST_UUID "guest-uuid"   /* s */
#define MIGRATE_PLAN_KEY_SOURCE "source"           /* s: URI, without secrets */
#define MIGRATE_PLAN_KEY_DESTINATION "destination" /* s: the same */
#define MIGRATE_PLAN_KEY_TRANSFER "transfer"       /* a{sv} */
#define MIGRATE_PLAN_KEY_DISKS "disks"             /* aa{sv} */
#define MIGRATE_PLAN_KEY_FILES "files"             /* aa{sv}: storage/files-private.h */
#define MIGRATE_PLAN_KEY_STEPS "steps"             /* aa{sv}: what, host, risk, effect, undo */
#define MIGRATE_PLAN_KEY_CHANGES "changes"   /* aa{sv}: rule, subject, from, to, origin, document */
#define MIGRATE_PLAN_KEY_HOLES "holes"       /* aa{sv}: name, filled-by */
#define MIGRATE_PLAN_KEY_EFFECTS "effects"   /* as */
#define MIGRATE_PLAN_KEY_RUNS "runs"         /* b: the guest ran, or was paused */
#define MIGRATE_PLAN_KEY_RECORDS "records"   /* b: it has snapshots or checkpoints */
#define MIGRATE_PLAN_KEY_SHARED "shared"     /* b: of files: proven */
#define MIGRATE_PLAN_KEY_FUNCTION "function" /* b: the program's own has the last word on XML */
#define MIGRATE_PLAN_KEY_XML "xml"           /* s: without secrets */
#define MIGRATE_PLAN_KEY_PERSISTENT_XML "persistent-xml"
/* values: a{sv}, floating is taken. */
MigratePlan *_migrate_plan_new (GVariant *values);
GVariant *_migrate_plan_peek (MigratePlan *self);
/* The guest does not run on its way, and is handed over by us. plan: nullable. */
gboolean _migrate_plan_is_cold (MigratePlan *plan); /* borrowed */
/* For the journal: without the XML; floating. */
GVariant *_migrate_plan_to_variant (MigratePlan *self);
/* Keys of the row of a host. */
#define MIGRATE_BASELINE_HOST "host"     /* s: its name, or URI without secrets */
#define MIGRATE_BASELINE_SUITED "suited" /* b; absent: it is not known */
#define MIGRATE_BASELINE_WHY "why"       /* s; absent where suited */
/* hosts: aa{sv}, floating is taken. */
MigrateBaseline *_migrate_baseline_new (const char *cpu, const char *model,
                                        const char *const *features, GVariant *hosts);

MigrateFailure *_migrate_failure_new (const GError *error, MigratePhase phase);
GVariant *_migrate_failure_to_variant (MigrateFailure *self);
MigrateFailure *_migrate_failure_from_variant (GVariant *value);
GError *_migrate_failure_to_error (MigrateFailure *self);

typedef struct
{
  MigratePhase phase;
  double fraction;
  guint64 elapsed_ms;
  guint64 memory_total, memory_processed, memory_remaining;
  guint64 rate, dirty_rate;
  guint pass, throttle;
  gboolean has_time_left, has_time_left_most, has_downtime_expected;
  guint64 time_left_ms, time_left_least_ms, time_left_most_ms;
  guint64 downtime_expected_ms, limit_ms;
  guint64 disk_total, disk_processed, disk_remaining, disk_rate;
  /* Rare: these have no getters, and are in the details when they are not 0. */
  guint64 memory_constant, memory_normal, memory_normal_bytes, page_size;
  guint64 compression_cache, compression_bytes, compression_pages, compression_cache_misses,
    compression_overflow;
  guint64 postcopy_requests, setup_ms, downtime_net_ms;
  /* a{sv}, nullable, by target: a{sv} with "done", "total", "rate" (t) and "ready" (b) of each disk
   * that travels now. Borrowed when a progress is made. */
  GVariant *disks;
} MigrateProgressValues;

MigrateProgress *_migrate_progress_new (const MigrateProgressValues *values);
GVariant *_migrate_progress_to_variant (MigrateProgress *self);
MigrateProgress *_migrate_progress_from_variant (GVariant *value);
const MigrateProgressValues *_migrate_progress_peek (MigrateProgress *self);

#define MIGRATE_SHA256_LENGTH 64 /* hexadecimal digits */

#define MIGRATE_N_PHASES (MIGRATE_PHASE_VERIFYING + 1)

struct _MigrateResult
{
  gatomicrefcount ref_count;
  MigrateOutcome outcome;
  MigrateKind kind;
  char *guest_name, *guest_uuid, *source, *destination;
  guint64 total_ms;
  gboolean has_downtime;
  guint64 downtime_ms;
  char *downtime_origin; /* "hypervisor" or "polled" */
  guint64 bytes, disk_bytes;
  guint64 disk_bytes_before; /* of them, what travelled before the transfer that counts now */
  gboolean has_bytes_resent;
  guint64 bytes_resent;
  guint passes, throttle;
  gboolean has_downtime_limit;
  guint64 downtime_limit_ms;
  guint64 phase_ms[MIGRATE_N_PHASES];
  MigrateForecast *forecast; /* nullable */
  GPtrArray *decisions;      /* MigrateDecision */
  GPtrArray *warnings;       /* char * */
};

/* Writable until it is handed out; never after. */
MigrateResult *_migrate_result_new (void);
GVariant *_migrate_result_to_variant (MigrateResult *self);
MigrateResult *_migrate_result_from_variant (GVariant *value);
/* What a sample shows of a transfer so far, in any order. */
void _migrate_result_note (MigrateResult *self, const MigrateProgressValues *seen);

/* Where a figure comes from. */
typedef enum
{
  MIGRATE_FIGURE_UNKNOWN,
  MIGRATE_FIGURE_SAMPLED, /* on the running guest, just now */
  MIGRATE_FIGURE_GIVEN,   /* by the caller */
  MIGRATE_FIGURE_LEARNED, /* from earlier moves in the journal */
  MIGRATE_FIGURE_ASSUMED  /* what is usual; for what counts for little */
} MigrateFigureOrigin;

/* UNKNOWN: no numbers. */
typedef struct
{
  MigrateFigureOrigin origin;
  double least, likely, most;
} MigrateFigure;

typedef struct
{
  MigrateKind kind;
  MigrateConvergence convergence;
  MigrateRung rung;
  guint rungs; /* every one that may come, as bits: 1 << rung */
  gboolean has_total, has_total_most, has_downtime, has_bytes, has_bytes_most;
  gboolean has_need, has_needed_downtime; /* the downtime only where the link is known */
  guint64 total_least_ms, total_most_ms;
  guint64 downtime_least_ms, downtime_most_ms;
  guint64 bytes_least, bytes_most;
  guint64 needed_downtime_ms, needed_bandwidth;
  /* What it rests on: bytes, bytes/s, ms. */
  MigrateFigure memory, working_set, dirty_rate, bandwidth, overhead;
  guint max_downtime_ms;
} MigrateForecastValues;

MigrateForecast *_migrate_forecast_new (const MigrateForecastValues *values);
const MigrateForecastValues *_migrate_forecast_peek (MigrateForecast *self);
GVariant *_migrate_forecast_to_variant (MigrateForecast *self);
MigrateForecast *_migrate_forecast_from_variant (GVariant *value);

MigrateFinding *_migrate_finding_new (MigrateSeverity severity, const char *code,
                                      const char *subject, const char *message, const char *remedy);
void _migrate_finding_accept (MigrateFinding *self);
MigrateReport *
_migrate_report_new (MigrateKind kind, const char *guest_name, const char *guest_uuid);
void _migrate_report_add (MigrateReport *self, MigrateFinding *finding);
void _migrate_report_set_forecast (MigrateReport *self, MigrateForecast *forecast);

/* ---- enumerations as words: "copying-memory" ---- */
const char *_migrate_enum_nick (GType type, int value);
gboolean _migrate_enum_parse (GType type, const char *nick, int *value);

/* ---- policy ---- */
guint _migrate_policy_get_uint (MigratePolicy *self, const char *key);
gboolean _migrate_policy_get_bool (MigratePolicy *self, const char *key);
int _migrate_policy_get_enum (MigratePolicy *self, const char *key);
gboolean _migrate_policy_allows (MigratePolicy *self, MigrateAllow what);
char **_migrate_policy_dup_list (MigratePolicy *self, const char *key);
gboolean _migrate_policy_accepts (MigratePolicy *self, const char *code);
GVariant *_migrate_policy_to_variant (MigratePolicy *self);
void _migrate_policy_load_variant (MigratePolicy *self, GVariant *values);
/* policy-retune.c: what self becomes by values (a{sv}: text, or the key's own type); NULL when one
 * of them is not a key's, not a value of it, or not one that may change in flight. */
MigratePolicy *_migrate_policy_retune (MigratePolicy *self, GVariant *values, GError **error);
/* The keys of values, as they are in self: a{sv} of texts, floating. */
GVariant *_migrate_policy_pick (MigratePolicy *self, GVariant *values);
/* Of the same keys, for people. */
char *_migrate_policy_describe_change (MigratePolicy *from, MigratePolicy *to, GVariant *values);

/* ---- a{sv} ---- */
/* A value that is NULL is left out; the second takes passwords out of it. */
void _migrate_builder_add_string (GVariantBuilder *builder, const char *key, const char *value);
void _migrate_dict_set_string (GVariantDict *dict, const char *key, const char *value);
void _migrate_dict_set_uri (GVariantDict *dict, const char *key, const char *uri);
const char *_migrate_variant_string (GVariant *values, const char *key); /* nullable, borrowed */
guint64 _migrate_variant_uint64 (GVariant *values, const char *key, guint64 otherwise);
gboolean _migrate_variant_boolean (GVariant *values, const char *key);
double _migrate_variant_double (GVariant *values, const char *key);

/* ---- secrets ---- */
/* Overwrites a text that is about to be freed; nullable. */
void _migrate_wipe (char *text);

/* ---- URIs ---- */
typedef enum
{
  MIGRATE_URI_CONNECTION, /* a libvirt connection */
  MIGRATE_URI_DATA,       /* where memory travels: tcp://, unix://, rdma:// */
  MIGRATE_URI_DISKS       /* where disks travel: tcp://host, unix:// */
} MigrateUriUse;

/* Refuses what could be taken for something else further down: control characters, blanks, host
 * and user names beginning with a dash, parameters that name a program to run. */
gboolean _migrate_uri_check (const char *uri, MigrateUriUse use, GError **error);
/* For messages and the journal: without password or secrets. */
char *_migrate_uri_redact (const char *uri);
