/* The checks: a good picture of a move, one thing wrong with it at a time, and what must come of
 * that. Each family has a table of such rows; all are tried, and each code must have a row that
 * finds it and one that does not. */
#pragma once

#include "check/checks-private.h"

typedef struct
{
  MigrateFacts *facts;
  MigrateCheckRequest request;
  MigratePolicy *policy;
} CheckGiven;

#define CHECK_ABSENT (-1) /* instead of a severity: no such finding */

typedef struct
{
  const char *label;
  const char *xml;                   /* nullable: what the guest's document has besides */
  void (*spoil) (CheckGiven *given); /* nullable */
  const char *code;                  /* NULL: no blocker at all */
  int severity;
  const char *says; /* nullable: in the message */
} CheckRow;

typedef struct
{
  const CheckRow *rows;
  size_t n;
} CheckRows;

#define DEVICES(xml) "<devices>" xml "</devices>"

extern const CheckRows check_identity_rows, check_storage_rows, check_image_rows, check_cpu_rows,
  check_chain_rows, check_copy_rows, check_device_rows, check_network_rows, check_capacity_rows,
  check_transport_rows, check_mapping_rows;

/* NULL past the last. */
const CheckRow *check_row (size_t i);
CheckGiven check_given (const char *xml);
void check_given_clear (CheckGiven *given);
MigrateReport *check_evaluate (CheckGiven *given);
MigrateFinding *check_find (MigrateReport *report, const char *code);

/* ---- what may be wrong ---- */
void check_set (CheckGiven *given, const char *key, const char *value);
void check_versions (CheckGiven *given, guint64 libvirt, guint64 qemu);
/* Replaces a string of the facts. */
void check_put (char **field, const char *value);
void check_probed (CheckGiven *given, const char *target, MigrateSharing sharing);
/* What a host says of a file: in a pool, or in none; there, or not. */
MigrateFileFacts *
check_file (MigrateHostFacts *host, const char *path, const char *pool, gboolean found);
/* Makes the guest at the destination another one. */
void check_there (CheckGiven *given, const char *xml);
/* The guest's XML is that, and names there follow from the job's mapping: a line, as on a command
 * line. */
void check_map (CheckGiven *given, const char *line);
/* From the host's own documents. */
void check_capabilities (MigrateHostFacts *host, const char *xml);
void check_domain_capabilities (MigrateHostFacts *host, const char *xml);
void check_network (MigrateHostFacts *host, const char *xml, gboolean active);
MigratePool *check_pool (MigrateHostFacts *host, const char *name, guint64 available);
