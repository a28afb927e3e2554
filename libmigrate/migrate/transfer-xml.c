/* Act: the documents that the destination is given instead of the source's own: asked for,
 * rewritten, handed to the program's function, proven. With passwords: they are in memory only, and
 * overwritten when they are of no use any more. */
#include "migrate/migrate-private.h"

#include "check/plan-private.h"
#include "xml/reshape-private.h"

static void
free_secret (char *text)
{
  _migrate_wipe (text);
  g_free (text);
}
typedef char Secret;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Secret, free_secret)

static gboolean
is_as_planned (MigrateWork *work, const MigrateCheckRequest *request, GError **error)
{
  g_autoptr (GVariant) changes = migrate_plan_dup_changes (work->plan);

  if (g_variant_n_children (changes) > 0 && request->mapping == NULL && request->profile == NULL
      && request->whole == NULL)
    {
      _migrate_set_error (
        error, MIGRATE_ERROR_JOURNAL, "Begin again with a new job",
        "The journal does not tell the names that the plan of job “%s” is made of", work->id);
      return FALSE;
    }
  if (!_migrate_plan_has_function (work->plan) || request->has_rewrite)
    return TRUE;
  _migrate_set_error (
    error, MIGRATE_ERROR_BLOCKED, "Set it on the job, and go on",
    "The plan has the program's own rewriting of the XML, and no function is set");
  return FALSE;
}

static char *
read_xml (MigrateWork *work, guint flags, GError **error)
{
  g_autoptr (MigrateCall) call
    = _migrate_work_call (work, MIGRATE_SIDE_SOURCE, MIGRATE_CALL_DOMAIN_XML,
                          work->result->guest_uuid, flags | MIGRATE_XML_SECURE, error);

  if (call != NULL)
    return g_steal_pointer (&call->text_out);
  g_prefix_error (error,
                  "Reading the guest's XML with its passwords, which its destination needs: ");
  return NULL;
}

/* Of kinds that stop it, and may so start as another machine. */
static gboolean
is_resized (MigrateWork *work, const MigrateCheckRequest *request)
{
  return request->resize != NULL && migrate_plan_get_kind (work->plan) == MIGRATE_KIND_COLD;
}

static gboolean
ask_function (MigrateWork *work, gboolean definition, char **xml, GError **error)
{
  g_autoptr (Secret) before = g_steal_pointer (xml);

  *xml = work->report->rewrite (work->report_data, before, definition, error);
  return *xml != NULL;
}

/* The guest as it is to be compared with, and what is made from: of the shape that it is to have.
 */
static char *
read_shaped (MigrateWork *work, const MigrateCheckRequest *request, gboolean definition,
             GError **error)
{
  char *xml = read_xml (work, definition ? MIGRATE_XML_INACTIVE : MIGRATE_XML_MIGRATABLE, error);
  g_autoptr (Secret) source = NULL;

  if (xml == NULL || !definition || !is_resized (work, request))
    return xml;
  source = xml;
  return _migrate_xml_reshape (source, request->resize, error);
}

/* *result: NULL: it is as it was. */
static gboolean
make_one (MigrateWork *work, const MigrateCheckRequest *request, gboolean definition, char **result,
          GError **error)
{
  g_autoptr (Secret) source = read_shaped (work, request, definition, error);
  g_autoptr (Secret) made = NULL;

  if (source == NULL || !_migrate_plan_finish_xml (source, request, work->bindings, &made, error))
    return FALSE;
  if (request->has_rewrite)
    {
      if (made == NULL)
        made = g_strdup (source);
      if (!ask_function (work, definition, &made, error))
        return FALSE;
    }
  if (made != NULL
      && (!_migrate_plan_prove_xml (source, made, error)
          || (!definition && !_migrate_plan_prove_disks (work->plan, made, TRUE, error))))
    {
      g_prefix_error (error, "The XML that the destination would be given is refused: ");
      return FALSE;
    }
  if (g_strcmp0 (source, made) != 0)
    *result = g_steal_pointer (&made);
  return TRUE;
}

gboolean
_migrate_transfer_has_planned_disks (MigrateWork *work, GError **error)
{
  g_autoptr (MigrateCall) call = NULL;

  if (work->plan == NULL) /* of a library that had none */
    return TRUE;
  call = _migrate_work_call (work, MIGRATE_SIDE_SOURCE, MIGRATE_CALL_DOMAIN_XML,
                             work->result->guest_uuid, 0, error);
  return call != NULL
         && _migrate_plan_prove_disks (work->plan, call->text_out, FALSE /* there */, error);
}

gboolean
_migrate_transfer_make_xml (MigrateWork *work, MigrateTransfer *transfer, GError **error)
{
  g_autoptr (MigrateMapping) whole = _migrate_plan_get_whole (work->plan);
  MigrateCheckRequest request = _migrate_check_request (work);

  request.whole = whole;
  if (!is_as_planned (work, &request, error))
    return FALSE;
  if (!_migrate_plan_rewrites (work->plan, &request, work->bindings))
    return TRUE;
  return make_one (work, &request, FALSE /* definition */, &transfer->dest_xml, error)
         && (!transfer->persist
             || make_one (work, &request, TRUE /* definition */, &transfer->persist_xml, error));
}

gboolean
_migrate_transfer_make_definition (MigrateWork *work, char **xml, GError **error)
{
  const MigrateCheckRequest request = _migrate_check_request (work);

  *xml = NULL;
  if (!is_as_planned (work, &request, error)
      || !make_one (work, &request, TRUE /* definition */, xml, error))
    return FALSE;
  if (*xml == NULL)
    *xml = read_shaped (work, &request, TRUE /* definition */, error);
  return *xml != NULL;
}
