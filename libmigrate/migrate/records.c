/* Act: snapshots and checkpoints are written down at the destination as they are at the source, a
 * parent before its children. With passwords, for there is a guest's document in each: they are in
 * memory only. What they stand for is in the images, or beside them. */
#include "migrate/records-private.h"

#include "check/plan-private.h"
#include "steps/steps-private.h"
#include "xml/records-private.h"

#define OF_SNAPSHOT 0 /* as the call tells them apart */
#define OF_CHECKPOINT 1
#define OF_CURRENT 2

static const struct
{
  const char *key, *what;
  gboolean checkpoint;
} lists[] = { { "snapshots", "snapshot", FALSE }, { "checkpoints", "checkpoint", TRUE } };

static MigrateCall *
ask (MigrateWork *work, MigrateSide side, GError **error)
{
  return _migrate_work_call (work, side, MIGRATE_CALL_SNAPSHOTS, work->result->guest_uuid, 0,
                             error);
}

static GVariant *
list_of (const MigrateCall *told, gsize i)
{
  return g_variant_lookup_value (told->answer, lists[i].key, G_VARIANT_TYPE_STRING_ARRAY);
}

static const char *
current_of (const MigrateCall *told)
{
  return _migrate_variant_string (told->answer, "current");
}

/* ---- as the destination is to know it ---- */

typedef struct
{
  MigrateWork *work;
  MigrateCheckRequest request;
} Names;

static gboolean
name_document (gpointer data, const char *xml, char **result, GError **error)
{
  Names *self = data;

  return _migrate_plan_finish_xml (xml, &self->request, self->work->bindings, result, error);
}

static gboolean
name_path (gpointer data, const char *path, char **result, GError **error)
{
  Names *self = data;
  const MigrateRewrite how = _migrate_plan_rewriting (&self->request, self->work->bindings);
  GError *local_error = NULL;

  *result = _migrate_xml_rewrite_path (path, &how, &local_error);
  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, local_error);
  return FALSE;
}

/* The caller's, to be wiped. */
static char *
make_there (MigrateWork *work, const char *xml, GError **error)
{
  Names self = { work, _migrate_check_request (work) };
  const MigrateRecordNames names = { name_document, name_path, &self };

  return _migrate_plan_rewrites (work->plan, &self.request, work->bindings)
           ? _migrate_record_rename (xml, &names, error)
           : g_strdup (xml);
}

/* ---- the step ---- */

static gboolean
define_one (MigrateWork *work, gsize i, const char *xml, const char *current, GError **error)
{
  g_autofree char *name = _migrate_record_dup_name (xml, error);
  g_autoptr (MigrateCall) call
    = _migrate_call_new (MIGRATE_CALL_SNAPSHOT_DEFINE, work->result->guest_uuid);

  call->value = lists[i].checkpoint              ? OF_CHECKPOINT
                : g_strcmp0 (name, current) == 0 ? OF_CURRENT
                                                 : OF_SNAPSHOT;
  if (name != NULL)
    call->text_in = make_there (work, xml, error);
  if (call->text_in != NULL && _migrate_work_run_call (work, MIGRATE_SIDE_DESTINATION, call, error))
    return TRUE;
  g_prefix_error (error, "Telling the destination of %s “%s”: ", lists[i].what,
                  name != NULL ? name : "?");
  return FALSE;
}

static gboolean
define_all (MigrateWork *work, const MigrateCall *here, gsize i, GError **error)
{
  g_autoptr (GVariant) list = list_of (here, i);

  for (gsize j = 0; list != NULL && j < g_variant_n_children (list); j++)
    {
      const char *xml;

      g_variant_get_child (list, j, "&s", &xml);
      if (!define_one (work, i, xml, current_of (here), error))
        return FALSE;
    }
  return TRUE;
}

/* Their number, for a host may write one otherwise than another. */
static gboolean
prove (MigrateWork *work, const MigrateCall *here, GError **error)
{
  g_autoptr (MigrateCall) there = ask (work, MIGRATE_SIDE_DESTINATION, error);
  gboolean same = there != NULL && g_strcmp0 (current_of (here), current_of (there)) == 0;

  for (gsize i = 0; same && i < G_N_ELEMENTS (lists); i++)
    {
      g_autoptr (GVariant) told = list_of (here, i);
      g_autoptr (GVariant) known = list_of (there, i);

      same = told == NULL
             || (known != NULL && g_variant_n_children (told) == g_variant_n_children (known));
    }
  return there != NULL
         && (same
             || _migrate_step_unproven (error, MIGRATE_SIDE_DESTINATION,
                                        "Writing down the guest's snapshots"));
}

static gboolean
define_records_act (MigrateWork *work, GVariant *args, GError **error)
{
  g_autoptr (MigrateCall) here = ask (work, MIGRATE_SIDE_SOURCE, error);

  if (here == NULL)
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    if (!define_all (work, here, i, error))
      return FALSE;
  return prove (work, here, error);
}

gboolean
_migrate_records_define (MigrateWork *work, GError **error)
{
  g_autoptr (MigrateCall) here = ask (work, MIGRATE_SIDE_SOURCE, error);
  gsize n = 0;

  if (here == NULL)
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      g_autoptr (GVariant) list = list_of (here, i);

      n += list != NULL ? g_variant_n_children (list) : 0;
    }
  return n == 0 || _migrate_steps_run (work, "define-records", NULL /* args */, error);
}

void
_migrate_records_add_step_kinds (void)
{
  /* They go with the definition. */
  static const MigrateStepKind kinds[] = { { "define-records", define_records_act, NULL } };
  static gsize once = 0;

  if (g_once_init_enter (&once))
    {
      _migrate_step_kinds_add (kinds, G_N_ELEMENTS (kinds));
      g_once_init_leave (&once, 1);
    }
}
