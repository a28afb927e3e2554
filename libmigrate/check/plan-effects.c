/* Decide: what a move means for its guest and its hosts, in sentences. Words only: nothing is
 * decided by them. */
#include "check/checks-private.h"
#include "check/plan-private.h"
#include "model/resize-private.h"
#include "storage/files-private.h"

typedef GStrvBuilder Effects;

static void say (Effects *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
say (Effects *self, const char *format, ...)
{
  g_autofree char *sentence = NULL;
  va_list args;

  va_start (args, format);
  sentence = g_strdup_vprintf (format, args);
  va_end (args);
  g_strv_builder_add (self, sentence);
}

/* Then the guest stands still for as long as what remains takes. */
static gboolean
may_stop (MigratePolicy *policy)
{
  return _migrate_policy_allows (policy, MIGRATE_ALLOW_PAUSE)
         || (_migrate_policy_get_uint (policy, "deadline") > 0
             && _migrate_policy_get_enum (policy, "at-deadline") == MIGRATE_AT_DEADLINE_PAUSE);
}

static void
say_downtime (Effects *self, const MigratePlanBasis *basis, const MigrateCheckRequest *request,
              MigratePolicy *policy)
{
  guint target = _migrate_policy_get_uint (policy, "target-downtime");
  guint most = MAX (target, _migrate_policy_get_uint (policy, "max-downtime"));

  if (basis->was_paused)
    {
      say (self, "The guest is paused, and arrives paused");
      return;
    }
  say (self,
       "The guest goes on running; it stands still for about %u ms when it changes hands, %u ms at "
       "the most%s",
       target, most, may_stop (policy) ? ", or longer where it has to be stopped" : "");
  if (request->hand_over == MIGRATE_HAND_OVER_STRICT)
    say (self, "It arrives paused and stands still for a moment longer, until the source is proven "
               "gone");
}

static void
say_helps (Effects *self, MigratePolicy *policy)
{
  if (_migrate_policy_allows (policy, MIGRATE_ALLOW_THROTTLE))
    say (self,
         "Where it writes faster than its memory travels its CPUs may be throttled, by %u%% and "
         "then %u%% more each time",
         _migrate_policy_get_uint (policy, "throttle-initial"),
         _migrate_policy_get_uint (policy, "throttle-increment"));
  if (_migrate_policy_allows (policy, MIGRATE_ALLOW_POSTCOPY))
    say (self,
         "%s it runs at the destination before all of its memory is there; from then on there is "
         "no way back, and it is lost when either host is",
         _migrate_policy_get_enum (policy, "postcopy-start") == MIGRATE_POSTCOPY_START_FIRST_PASS
           ? "Once its memory has been sent"
           : "Where nothing else helps");
  if (_migrate_policy_allows (policy, MIGRATE_ALLOW_PAUSE))
    say (self, "Where nothing else helps it is stopped until the rest has travelled");
  else if (!_migrate_policy_allows (policy, MIGRATE_ALLOW_POSTCOPY) && !may_stop (policy))
    say (self, "A copy that cannot end within that is given up, and the guest stays");
}

static void
say_deadline (Effects *self, MigratePolicy *policy)
{
  static const char *const ends[] = {
    [MIGRATE_AT_DEADLINE_GIVE_UP] = "is given up",
    [MIGRATE_AT_DEADLINE_POSTCOPY] = "switches to post-copy",
    [MIGRATE_AT_DEADLINE_PAUSE] = "stops the guest and finishes",
  };
  guint deadline = _migrate_policy_get_uint (policy, "deadline");
  int end = _migrate_policy_get_enum (policy, "at-deadline");

  if (deadline > 0)
    say (self, "A move that has not ended after %u s %s", deadline, ends[end]);
}

static void
say_transport (Effects *self, const MigrateCheckRequest *request, MigratePolicy *policy)
{
  guint bandwidth = _migrate_policy_get_uint (policy, "bandwidth");

  if (bandwidth > 0)
    say (self, "Memory takes at most %u MiB/s of the link", bandwidth);
  if (_migrate_policy_get_bool (policy, "tls"))
    say (self, "The hypervisors encrypt memory on its way");
  if (request->transport == MIGRATE_TRANSPORT_DIRECT)
    say (self, "This program drives the move, and must live to its end");
}

static void
say_names (Effects *self, const MigrateCheckRequest *request)
{
  if (request->has_rewrite)
    say (self, "The program's own function has the last word on the XML that the destination is "
               "given");
}

/* ---- disks ---- */

/* "“vda”, “vdb”"; NULL: none. */
static char *
list_files (const MigratePlanBasis *basis, gboolean (*is_meant) (GVariant *row))
{
  GString *names = g_string_new (NULL);

  for (gsize i = 0; basis->files != NULL && i < g_variant_n_children (basis->files); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (basis->files, i);

      if (is_meant (row))
        g_string_append_printf (names, "%s“%s”", names->len > 0 ? ", " : "",
                                _migrate_variant_string (row, "id"));
    }
  return g_string_free (names, names->len == 0);
}

static gboolean
travels (GVariant *row)
{
  MigrateFileHow how = _migrate_file_how (row);

  return how == MIGRATE_FILE_MIRROR || how == MIGRATE_FILE_STREAM;
}

static gboolean
is_emptied (GVariant *row)
{
  return _migrate_file_how (row) == MIGRATE_FILE_RECREATE;
}

static gboolean
may_go (GVariant *row)
{
  return _migrate_variant_boolean (row, "remove");
}

static void
say_files (Effects *self, const MigratePlanBasis *basis, MigratePolicy *policy)
{
  g_autofree char *copied = list_files (basis, travels);
  g_autofree char *emptied = list_files (basis, is_emptied);
  g_autofree char *removed = list_files (basis, may_go);

  if (!_migrate_kind_copies (basis->kind))
    return;
  if (copied != NULL)
    say (self, "What the destination does not have travels: %s", copied);
  if (emptied != NULL)
    say (self, "These are empty at the destination, and what is on them is left behind: %s",
         emptied);
  if (removed == NULL)
    return;
  if (_migrate_policy_get_bool (policy, "keep-source"))
    say (self, "The source keeps its images: %s", removed);
  else
    say (self, "The source's images are removed once the guest is good at the destination: %s",
         removed);
}

static void
say_larger (Effects *self, GVariant *row)
{
  guint64 bytes = _migrate_variant_uint64 (row, "new-capacity", 0);
  g_autofree char *size = _migrate_look_size (bytes);

  if (bytes > 0)
    say (self, "Disk “%s” has %s at the destination", _migrate_variant_string (row, "id"), size);
}

static void
say_shape (Effects *self, const MigratePlanBasis *basis, const MigrateCheckRequest *request,
           MigratePolicy *policy)
{
  guint vcpus = _migrate_resize_get_vcpus (request->resize);
  guint64 memory = _migrate_resize_get_memory (request->resize);
  g_autofree char *size = _migrate_look_size (memory);

  if (request->resize == NULL || basis->kind != MIGRATE_KIND_COLD)
    return;
  if (vcpus > 0)
    say (self, "The guest has %u vCPU%s at the destination", vcpus, vcpus > 1 ? "s" : "");
  if (memory > 0)
    say (self, "The guest has %s of memory at the destination", size);
  for (gsize i = 0; basis->files != NULL && i < g_variant_n_children (basis->files); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (basis->files, i);

      say_larger (self, row);
    }
  if (_migrate_policy_get_enum (policy, "confirm") == MIGRATE_CONFIRM_MANUAL)
    say (self, "The source keeps it in its old shape until the job is finalized; until then the "
               "move can be taken back");
}

/* Of kinds that stop it. */
static void
say_stop (Effects *self, const MigratePlanBasis *basis)
{
  if (basis->kind == MIGRATE_KIND_SUSPEND)
    say (self,
         "The guest stands still from when its memory is saved until all of it has travelled "
         "and is restored%s",
         basis->was_paused ? "; it arrives paused" : "");
  else if (basis->runs)
    say (self, "The guest is shut down, and started at the destination when its disks are there");
  else
    say (self, "The guest is off, and is off at the destination");
}

static void
say_definitions (Effects *self, const MigratePlanBasis *basis, const MigrateCheckRequest *request)
{
  if (basis->persistent)
    say (self, "It is defined at the destination; its definition at the source is removed");
  else
    say (self, "It is transient, and is so at the destination: nothing of it is left when it "
               "stops");
  if (basis->autostart)
    say (self, "It starts by itself at the destination from then on; at the source that is off as "
               "soon as the move begins");
  if (request->has_inventory)
    say (self, "The platform's record names “%s” after the move", request->destination_name);
}

GVariant *
_migrate_plan_effects (const MigratePlanBasis *basis, const MigrateCheckRequest *request,
                       MigratePolicy *policy)
{
  g_autoptr (GStrvBuilder) self = g_strv_builder_new ();
  g_auto (GStrv) sentences = NULL;

  if (_migrate_kind_stops (basis->kind))
    say_stop (self, basis);
  else
    {
      say_downtime (self, basis, request, policy);
      if (!basis->was_paused)
        say_helps (self, policy);
      say_deadline (self, policy);
    }
  say_shape (self, basis, request, policy);
  say_files (self, basis, policy);
  say_transport (self, request, policy);
  say_names (self, request);
  say_definitions (self, basis, request);
  sentences = g_strv_builder_end (self);
  return g_variant_new_strv ((const char *const *) sentences, -1);
}
