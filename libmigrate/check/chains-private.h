/* Decide: what is below a disk's image, of a guest whose document does not say: libvirt only looks
 * when it starts one. The source's volumes tell, each what is below it. */
#pragma once

#include "check/facts-private.h"
#include "xml/rewrite-private.h"

typedef enum
{
  MIGRATE_CHAIN_ENDS,
  MIGRATE_CHAIN_UNKNOWN,  /* no active pool has the folder of the image that is looked at */
  MIGRATE_CHAIN_MISSING,  /* that image is not there */
  MIGRATE_CHAIN_CIRCULAR, /* it is below itself */
  MIGRATE_CHAIN_TOO_DEEP
} MigrateChainEnd;

/* Adds to each disk's chain what the files (MigrateFileFacts, nullable) tell. */
void _migrate_chains_complete (MigrateGuest *guest, const GPtrArray *files);
/* How far a chain that was completed is known; at: nullable: the image that is looked at. */
MigrateChainEnd
_migrate_chain_end (const MigrateDisk *disk, const GPtrArray *files, const char **at);
/* The same chains in the guest as it will be there, by what its images are called there. */
void _migrate_chains_map (const MigrateGuest *here, MigrateGuest *there, const MigrateRewrite *how);
