/* The one error domain: codes by what the caller can do next. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <glib-object.h>
#include <libmigrate/migrate-types.h>

G_BEGIN_DECLS

#define MIGRATE_ERROR (migrate_error_quark ())

/**
 * MigrateError:
 * @MIGRATE_ERROR_FAILED: anything else; the message says what
 * @MIGRATE_ERROR_INVALID: the request itself is wrong (a URI, a name, a policy value)
 * @MIGRATE_ERROR_NOT_FOUND: the guest, host or job does not exist
 * @MIGRATE_ERROR_WRONG_STATE: the operation is not allowed in this state
 * @MIGRATE_ERROR_BUSY: another job or operation holds the guest; wait, or cancel it
 * @MIGRATE_ERROR_BLOCKED: the check found blockers; see the report
 * @MIGRATE_ERROR_CHANGED: a fact that the check rests on has changed; check again
 * @MIGRATE_ERROR_UNREACHABLE: a host cannot be reached or does not answer
 * @MIGRATE_ERROR_TIMED_OUT: a deadline passed
 * @MIGRATE_ERROR_DENIED: a host or the program refused
 * @MIGRATE_ERROR_UNSUPPORTED: the hypervisor or libvirt cannot do this
 * @MIGRATE_ERROR_NO_SPACE: there is not enough room
 * @MIGRATE_ERROR_NO_CONVERGENCE: the guest writes memory faster than it can be copied
 * @MIGRATE_ERROR_TOO_LATE: the hand-over has happened; the move goes on
 * @MIGRATE_ERROR_LOST_CLAIM: another controller took the guest over; this job does nothing more
 * @MIGRATE_ERROR_JOURNAL: the journal cannot be read or written
 * @MIGRATE_ERROR_NEEDS_RECOVER: something is left to repair
 *
 * Error codes of the library. A cancelled operation fails with %G_IO_ERROR_CANCELLED instead.
 *
 * Since: 1.0
 */
typedef enum
{
  MIGRATE_ERROR_FAILED,
  MIGRATE_ERROR_INVALID,
  MIGRATE_ERROR_NOT_FOUND,
  MIGRATE_ERROR_WRONG_STATE,
  MIGRATE_ERROR_BUSY,
  MIGRATE_ERROR_BLOCKED,
  MIGRATE_ERROR_CHANGED,
  MIGRATE_ERROR_UNREACHABLE,
  MIGRATE_ERROR_TIMED_OUT,
  MIGRATE_ERROR_DENIED,
  MIGRATE_ERROR_UNSUPPORTED,
  MIGRATE_ERROR_NO_SPACE,
  MIGRATE_ERROR_NO_CONVERGENCE,
  MIGRATE_ERROR_TOO_LATE,
  MIGRATE_ERROR_LOST_CLAIM,
  MIGRATE_ERROR_JOURNAL,
  MIGRATE_ERROR_NEEDS_RECOVER
} MigrateError;

MIGRATE_AVAILABLE_IN_1_0
GQuark migrate_error_quark (void);

G_END_DECLS
