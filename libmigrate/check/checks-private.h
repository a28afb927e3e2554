/* What the checks share. Each is one row: a stable code, how much it weighs, whether the caller may
 * take it on himself, and the look that finds it. Nothing that could make two copies of a guest may
 * be accepted. */
#pragma once

#include "check/facts-private.h"

typedef struct _MigrateLook MigrateLook;

typedef struct
{
  const char *code;
  MigrateSeverity severity;
  gboolean acceptable;
  void (*look) (MigrateLook *look);
} MigrateCheck;

struct _MigrateLook
{
  const MigrateFacts *facts;
  const MigrateCheckRequest *request;
  MigratePolicy *policy;
  MigrateReport *report;
  const MigrateCheck *check;
};

void _migrate_look_found (MigrateLook *look, MigrateSeverity severity, const char *subject,
                          const char *remedy, const char *format, ...) G_GNUC_PRINTF (5, 6);

/* ---- transport.c ---- */
extern const MigrateCheck _migrate_transport_checks[];
extern const gsize _migrate_n_transport_checks;
/* ---- plan-checks.c ---- */
extern const MigrateCheck _migrate_plan_checks[];
extern const gsize _migrate_n_plan_checks;
