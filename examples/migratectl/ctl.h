/* migratectl inside: what its files share. The tool uses the library's public headers only. */
#pragma once

#include "curve.h"

#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <libmigrate/migrate.h>
#include <stdio.h>

/* The exit codes are a contract with scripts; see migratectl(1). */
typedef enum
{
  CTL_DONE = 0,
  CTL_REFUSED = 2,   /* nothing was changed */
  CTL_NOT_MOVED = 3, /* nothing is left to do */
  CTL_FAILED = 4,    /* needs recover */
  CTL_TO_REPAIR = 5, /* recover found work that was not applied; a chore was not done */
  CTL_LEFT = 6,      /* left running */
  CTL_USAGE = 64
} CtlExit;

/* ---- options.c: the command line ---- */

typedef struct
{
  /* Common. */
  char *journal;
  gboolean json, quiet, help;
  /* check, plan and move; the strings are as given. */
  char *from;
  char **to;
  char *peer_uri, *migration_uri, *disks_uri, *listen_address, *tls_name;
  char *kind, *policy;
  /* check */
  char *facts, *save_facts;
  gboolean baseline;
  char *transport, *hand_over, *target_downtime, *max_downtime, *deadline, *bandwidth;
  char **accept, **allow;
  char *disks, *disk_copy, *road;
  gboolean keep_source, shut_down;
  char *images, *checksums; /* a folder, and what its files are to be */
  char **resize;            /* vcpus=4,memory=4GiB,disk:vda=20GiB */
  char *map, *profile;      /* files */
  char **rename;            /* KIND:FROM=TO */
  char **set;
  /* check */
  gboolean forecast;
  /* plan */
  gboolean xml;
  /* chores */
  char **chore;
  /* recover; the last also revert */
  char **host;
  char *keep, *apply;
  char *fence_command, *fence_probe, *reset_stream_command;
  /* list */
  gboolean all;
  /* show */
  char *svg;
  /* What is left: GUEST or JOB. */
  char **rest;
} CtlOptions;

typedef struct
{
  const char *name, *arguments, *summary;
  const char *details; /* nullable: more lines of help */
  enum
  {
    CTL_OPTIONS_NONE,
    CTL_OPTIONS_MOVE,
    CTL_OPTIONS_CHECK, /* those of a move, and its own */
    CTL_OPTIONS_PLAN,  /* the same */
    CTL_OPTIONS_LIST,
    CTL_OPTIONS_SHOW,
    CTL_OPTIONS_CHORES,
    CTL_OPTIONS_REVERT,
    CTL_OPTIONS_RETUNE, /* KEY=VALUE… after the job */
    CTL_OPTIONS_RECOVER
  } options;
  gboolean takes_name; /* GUEST or JOB */
  CtlExit (*run) (const CtlOptions *options);
} CtlVerb;

extern const CtlVerb ctl_verbs[];
const CtlVerb *ctl_verb_find (const char *name); /* nullable */

void ctl_options_clear (CtlOptions *options);
gboolean
ctl_options_parse (CtlOptions *options, const CtlVerb *verb, char **arguments, GError **error);
/* Reads the options before the verb; arguments then begins with the verb. */
gboolean ctl_options_parse_common (CtlOptions *options, gboolean *version, char ***arguments,
                                   GError **error);
char *ctl_options_help (const CtlVerb *verb); /* NULL: of the tool */

/* ---- request.c: from options to objects ---- */

/* “URI=PEER-URI” apart; *peer is NULL when there is none. */
void ctl_split_peer (const char *text, char **uri, char **peer);
gboolean ctl_request_kind (const CtlOptions *options, MigrateKind *kind, GError **error);
MigratePolicy *ctl_request_policy (const CtlOptions *options, GError **error);
/* What the options say besides --policy; over what policy says. */
gboolean
ctl_request_change_policy (const CtlOptions *options, MigratePolicy *policy, GError **error);
MigrateHost *ctl_request_host (const char *text); /* URI[=PEER-URI] */
MigrateHost *ctl_request_destination (const CtlOptions *options, const char *to);
MigrateJournal *ctl_request_journal (const CtlOptions *options);
/* Mapping and profile; *mapping: what counts where no --map is given, nullable. */
gboolean ctl_request_profile (const CtlOptions *options, MigrateHost *destination, GError **error);
gboolean ctl_request_mapping (const CtlOptions *options, MigrateMapping **mapping, GError **error);
/* *source: nullable, the caller's. A folder that is not there is found before a guest is touched.
 */
gboolean
ctl_request_images (const CtlOptions *options, MigrateImageSource **source, GError **error);
/* resize.c; *resize: nullable, the caller's. */
gboolean ctl_request_resize (const CtlOptions *options, GVariant **resize, GError **error);
MigrateJob *ctl_request_job (const CtlOptions *options, MigrateJournal *journal, GError **error);

/* ---- text.c: lines for people ---- */

void ctl_text_init (gboolean json, gboolean quiet);
/* One line on stdout; nothing with --json. Control characters in it are made visible. */
void ctl_out (const char *format, ...) G_GNUC_PRINTF (1, 2);
/* One line on stderr; a live line gives way to it. */
void ctl_err (const char *format, ...) G_GNUC_PRINTF (1, 2);
/* The same unless --quiet. */
void ctl_note (const char *format, ...) G_GNUC_PRINTF (1, 2);
void ctl_raw (const char *text); /* our own words, of many lines, on stdout */
char *ctl_escape (const char *text);
char *ctl_redact (const char *text);
char *ctl_bytes (guint64 bytes);
char *ctl_duration (guint64 ms);
const char *ctl_nick (GType type, int value);
void ctl_pad (GString *line, const char *text, gsize width);

/* ---- disks.c: how far each disk is ---- */

/* “vda 45 % 12.0 MiB/s”, one for each that travels now. */
void ctl_disks_add_fields (GPtrArray *fields, MigrateProgress *progress);
/* “12.0 MiB of 64.0 MiB, 12.0 MiB/s” of one of them. NULL: it is none. */
char *ctl_disk_words (GVariant *disk);

/* ---- line.c: the live line ---- */

typedef struct _CtlLine CtlLine;
CtlLine *ctl_line_new (MigrateJob *job, const CtlOptions *options);
void ctl_line_free (CtlLine *line);
void ctl_line_clear (void);            /* whichever is shown */
void ctl_line_show (const char *text); /* on a terminal only */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CtlLine, ctl_line_free)

/* ---- fault.c: an error, told ---- */

typedef struct
{
  char *code, *message;
  char *remedy, *side, *phase, *other_job; /* nullable */
  int libvirt_code;
} CtlFault;

CtlFault *ctl_fault_new (const GError *error, MigrateJob *job /* nullable */);
CtlFault *ctl_fault_new_failure (MigrateFailure *failure);
CtlFault *ctl_fault_copy (const CtlFault *fault);
CtlFault *ctl_fault_new_literal (const char *code, const char *message, const char *remedy);
void ctl_fault_free (CtlFault *fault);
void ctl_fault_tell (const CtlFault *fault); /* on stderr */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CtlFault, ctl_fault_free)
/* Says it, also as the only JSON object when that is asked for, and passes code through. */
CtlExit ctl_fail (const CtlOptions *options, CtlFault *fault, CtlExit code);     /* takes fault */
CtlExit ctl_fail_error (const CtlOptions *options, GError *error, CtlExit code); /* takes error */
/* The command line is wrong; verb: whose help tells more, nullable. */
CtlExit ctl_fail_usage (const CtlOptions *options, const char *verb, const char *message);

/* ---- json.c ---- */

void ctl_json_print (JsonBuilder *builder);
void ctl_json_string (JsonBuilder *builder, const char *name, const char *value); /* nullable */
void ctl_json_int (JsonBuilder *builder, const char *name, guint64 value);
void ctl_json_fault (JsonBuilder *builder, const CtlFault *fault); /* nullable; member “error” */
void ctl_json_findings (JsonBuilder *builder, MigrateReport *report); /* nullable */
void ctl_json_job (MigrateJob *job, const CtlFault *fault);

/* ---- json-values.c ---- */

char *ctl_json_name (const char *key);             /* “total-ms” as a member: total_ms */
JsonNode *ctl_json_from_variant (GVariant *value); /* with such members */
char *ctl_json_text (GVariant *value);             /* for a line: with the keys as they are */

/* ---- result.c: what a job came to ---- */

/* Its result, on stdout, as text or JSON. */
void ctl_tell_job (const CtlOptions *options, MigrateJob *job, const CtlFault *fault);
void ctl_tell_findings (MigrateReport *report, MigrateSeverity least);
/* What the journal has of steps, edges and decisions: the last so many; 0: all. */
void ctl_tell_entries (GVariant *entries, guint last);
/* The exit code of a job at rest; error is that of the operation, nullable. */
CtlExit ctl_exit_of (MigrateJob *job, const GError *error);

/* ---- plan-tell.c ---- */

typedef struct
{
  MigratePlan *plan;     /* nullable, so the next two */
  MigrateReport *report; /* of the same check */
  CtlFault *fault;
} CtlPlanned;

void ctl_plan_tell (const CtlOptions *options, const CtlPlanned *planned);

/* ---- forecast.c ---- */

void ctl_tell_forecast (const char *what, MigrateForecast *forecast);     /* nullable */
void ctl_json_forecast (JsonBuilder *builder, MigrateForecast *forecast); /* nullable */

/* ---- file.c: files of the user's ---- */

/* All of it or nothing, for its owner alone. what: “picture”, for messages. */
gboolean
ctl_file_write (const char *path, const char *what, const char *text, gsize length, GError **error);
GBytes *ctl_file_read (const char *path, const char *what, gsize most, GError **error);

/* ---- picture.c: the curve, as a file ---- */

#define CTL_PICTURE_STDOUT "-"
/* All of it or nothing, for its owner alone. */
gboolean ctl_picture_write (MigrateJobRecord *record, const CtlCurve *curve, const char *path,
                            GError **error);

/* ---- drive.c: a long operation, with its signals ---- */

typedef enum
{
  CTL_DRIVE_RUN,
  CTL_DRIVE_FOLLOW,
  CTL_DRIVE_CANCEL,
  CTL_DRIVE_CHORES
} CtlDriveVerb;

/* Runs it to its end, tells its result and frees nothing. looking_on: another process runs it. */
CtlExit
ctl_drive (const CtlOptions *options, MigrateJob *job, CtlDriveVerb verb, gboolean looking_on);

/* ---- the verbs ---- */

CtlExit ctl_check (const CtlOptions *options);
CtlExit ctl_plan (const CtlOptions *options);
CtlExit ctl_move (const CtlOptions *options);
CtlExit ctl_list (const CtlOptions *options);
CtlExit ctl_show (const CtlOptions *options);
CtlExit ctl_follow (const CtlOptions *options);
CtlExit ctl_cancel (const CtlOptions *options);
CtlExit ctl_retune (const CtlOptions *options);
CtlExit ctl_finish_now (const CtlOptions *options);
CtlExit ctl_pause (const CtlOptions *options);
CtlExit ctl_give_up (const CtlOptions *options);
CtlExit ctl_finalize (const CtlOptions *options);
CtlExit ctl_revert (const CtlOptions *options);
CtlExit ctl_chores (const CtlOptions *options);
CtlExit ctl_recover (const CtlOptions *options);
