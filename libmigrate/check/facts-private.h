/* What both hosts said about one move, at one time. Immutable once gathered. */
#pragma once

#include "steps/work-private.h"
#include "xml/xml-private.h"

struct _MigrateFacts
{
  gatomicrefcount ref_count;
  MigrateHostInfo source, destination;
  MigrateDomain guest; /* at the source */
  char *definition;    /* nullable: how it is defined there, for the journal; only where that has no
                          secrets */
  gboolean guest_has_job;
  GPtrArray *disks;    /* MigrateDisk */
  gboolean found_uuid; /* the destination knows the guest's UUID */
  MigrateDomain same_uuid;
  gboolean has_record; /* the platform was asked */
  char *record;        /* the host that it names; nullable: it has no such guest */
  gboolean found_name; /* the destination knows the guest's name */
  MigrateDomain same_name;
};

/* Gather. Errors: INVALID, NOT_FOUND, UNREACHABLE, TIMED_OUT, DENIED. */
MigrateFacts *_migrate_facts_gather (MigrateWork *work, GError **error);
void _migrate_facts_unref (MigrateFacts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MigrateFacts, _migrate_facts_unref)

/* What was true before the move, for the journal and for whoever follows: a{sv} with
 * "was-paused", "persistent", "autostart", and "disks", aa{sv}. */
GVariant *_migrate_facts_to_variant (const MigrateFacts *self);

/* What is asked of the checks besides the facts. */
typedef struct
{
  MigrateKind kind;
  MigrateTransport transport;
  MigrateHandOver hand_over;
  const char *source_uri, *destination_uri, *peer_uri, *migration_uri; /* last two nullable */
  const char *listen_address, *tls_name;                               /* nullable */
  const char *source_name, *destination_name; /* of the platform's record */
} MigrateCheckRequest;

/* Decide: pure. */
MigrateReport *_migrate_check_evaluate (const MigrateFacts *facts,
                                        const MigrateCheckRequest *request, MigratePolicy *policy);
/* Decide: the first fact that the move rests on and that is not the same any more, as a sentence;
 * NULL: none. */
char *_migrate_facts_compare (const MigrateFacts *before, const MigrateFacts *now);
MigrateCheckRequest _migrate_check_request (MigrateWork *work);
/* Decide: what is asked about URIs, before any host is. */
gboolean _migrate_check_uris (MigrateWork *work, GError **error);
