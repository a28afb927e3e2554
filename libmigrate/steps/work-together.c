/* Several questions at once: a check asks both hosts together, and waits for the slower one only.
 */
#include "steps/work-private.h"

void
_migrate_work_run_calls (MigrateWork *self, MigrateWorkCall *calls, gsize n)
{
  g_autofree MigrateBoundedCall **begun = g_new0 (MigrateBoundedCall *, n);

  for (gsize i = 0; i < n; i++)
    begun[i] = _migrate_link_begin (_migrate_work_link (self, calls[i].side), calls[i].call,
                                    _migrate_work_call_timeout (self, calls[i].call->kind),
                                    &calls[i].error);
  for (gsize i = 0; i < n; i++)
    {
      if (begun[i] != NULL)
        _migrate_link_end (begun[i], &calls[i].error);
      if (calls[i].error == NULL)
        continue;
      calls[i].error = _migrate_error_adopt (calls[i].error);
      _migrate_error_set_side (calls[i].error, calls[i].side);
    }
}
