/* See the header. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

void
fuzz_must (gboolean holds)
{
  if (!holds)
    abort ();
}

void
fuzz_check_answer (const void *answer, GError **error)
{
  fuzz_must ((answer == NULL) == (*error != NULL));
  if (*error == NULL)
    return;
  fuzz_must (g_error_matches (*error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID));
  fuzz_must (_migrate_error_private (*error)->remedy != NULL);
  fuzz_must (g_utf8_validate ((*error)->message, -1, NULL) && strlen ((*error)->message) < 400);
  g_clear_error (error);
}
