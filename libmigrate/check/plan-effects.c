/* Decide: what a move means for its guest and its hosts, in sentences. Words only: nothing is
 * decided by them. */
#include "check/plan-private.h"

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

  say_downtime (self, basis, request, policy);
  if (!basis->was_paused)
    say_helps (self, policy);
  say_deadline (self, policy);
  say_transport (self, request, policy);
  say_names (self, request);
  say_definitions (self, basis, request);
  sentences = g_strv_builder_end (self);
  return g_variant_new_strv ((const char *const *) sentences, -1);
}
