/* Gather: two questions to each host, both hosts at once: what can be asked without knowing the
 * guest, and what this guest needs. All that was said goes into a snapshot, and is read from there.
 * What the source says may be asked for once, for many destinations.
 */
#include "check/facts-snapshot-private.h"

#include "check/chains-private.h"
#include "check/fate-private.h"
#include "check/plan-private.h"
#include "model/resize-private.h"
#include "steps/inventory-private.h"
#include "virt/resolve-private.h"

/* Questions about files, each about what the last answer brought to light. */
#define MAX_ROUNDS 70

/* How long a name may take past the hosts' answers: it is advice only. */
#define RESOLVE_MS 200

typedef struct
{
  MigrateWork *work;
  GVariantDict source, destination; /* their answers */
  GVariantDict rest;                /* of the snapshot */
  GVariant *guest;                  /* a{sv}, of the source's answer; nullable until known */
  MigrateGuest *shape;              /* the same */
  MigrateGuest *there;              /* as it will be at the destination; the same */
  char **holes;                     /* names of bindings that are not filled yet; the same */
  char *hostname;                   /* of the destination; the same */
  gboolean knows_source;            /* its answer was there before */
  gboolean source_only;
  gboolean finds_copies; /* a file was proven not to be shared */
} Gather;

static const MigrateSide sides[] = { MIGRATE_SIDE_SOURCE, MIGRATE_SIDE_DESTINATION };

static void
gather_init (Gather *self, MigrateWork *work, GVariant *source)
{
  *self = (Gather){ .work = work, .knows_source = source != NULL };
  g_variant_dict_init (&self->source, source);
  g_variant_dict_init (&self->destination, NULL);
  g_variant_dict_init (&self->rest, NULL);
}

static void
gather_clear (Gather *self)
{
  g_variant_dict_clear (&self->source);
  g_variant_dict_clear (&self->destination);
  g_variant_dict_clear (&self->rest);
  g_clear_pointer (&self->guest, g_variant_unref);
  g_clear_pointer (&self->shape, _migrate_guest_free);
  g_clear_pointer (&self->there, _migrate_guest_free);
  g_strfreev (self->holes);
  g_free (self->hostname);
}

/* ---- documents, without secrets ---- */

/* libvirt sends none that it was not asked for, but what users wrote into a command line is theirs.
 */
static GVariant *
strip_guest (GVariant *guest, GError **error)
{
  static const char *const documents[]
    = { MIGRATE_GUEST_FACT_LIVE, MIGRATE_GUEST_FACT_MIGRATABLE, MIGRATE_GUEST_FACT_INACTIVE };
  GVariantDict values;

  g_variant_dict_init (&values, guest);
  for (gsize i = 0; i < G_N_ELEMENTS (documents); i++)
    {
      const char *xml = _migrate_variant_string (guest, documents[i]);
      char *stripped = xml != NULL ? _migrate_xml_strip_secrets (xml, error) : NULL;

      if (xml != NULL && stripped == NULL)
        {
          g_variant_dict_clear (&values);
          return NULL;
        }
      if (stripped != NULL)
        g_variant_dict_insert_value (&values, documents[i], g_variant_new_take_string (stripped));
    }
  return g_variant_dict_end (&values);
}

/* A document that cannot be read is none. */
static GVariant *
strip_rows (GVariant *rows)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
      const char *xml = _migrate_variant_string (row, MIGRATE_DOCUMENT_XML);
      char *stripped = xml != NULL ? _migrate_xml_strip_secrets (xml, NULL /* error */) : NULL;
      GVariantDict values;

      g_variant_dict_init (&values, row);
      g_variant_dict_remove (&values, MIGRATE_DOCUMENT_XML);
      if (stripped != NULL)
        g_variant_dict_insert_value (&values, MIGRATE_DOCUMENT_XML,
                                     g_variant_new_take_string (stripped));
      g_variant_builder_add_value (&builder, g_variant_dict_end (&values));
    }
  return g_variant_builder_end (&builder);
}

/* Of files more may be told later. */
static GVariant *
join_files (GVariantDict *host, GVariant *said)
{
  g_autoptr (GVariant) before
    = g_variant_dict_lookup_value (host, MIGRATE_FACT_FILES, G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GVariant) more = g_variant_ref_sink (strip_rows (said));
  GVariant *const lists[] = { before, more };
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    for (gsize j = 0; lists[i] != NULL && j < g_variant_n_children (lists[i]); j++)
      {
        g_autoptr (GVariant) row = g_variant_get_child_value (lists[i], j);

        g_variant_builder_add_value (&builder, row);
      }
  return g_variant_builder_end (&builder);
}

static guint
spent (GVariantDict *answer)
{
  guint32 round_trips = 0;

  g_variant_dict_lookup (answer, MIGRATE_FACT_ROUND_TRIPS, "u", &round_trips);
  return round_trips;
}

/* What an answer says, beside what was said before. */
static gboolean
take_answer (GVariantDict *host, GVariant *answer, GError **error)
{
  guint before = spent (host);
  guint32 more = 0;
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_iter_init (&iter, answer);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value))
    {
      g_autoptr (GVariant) said = value;
      GVariant *kept = said;

      if (g_str_equal (key, MIGRATE_FACT_GUEST))
        kept = strip_guest (said, error);
      else if (g_str_equal (key, MIGRATE_FACT_FILES))
        kept = join_files (host, said);
      else if (g_variant_is_of_type (said, G_VARIANT_TYPE ("aa{sv}")))
        kept = strip_rows (said);
      if (kept == NULL)
        return FALSE;
      g_variant_dict_insert_value (host, key, kept);
    }
  if (g_variant_lookup (answer, MIGRATE_FACT_ROUND_TRIPS, "u", &more))
    g_variant_dict_insert (host, MIGRATE_FACT_ROUND_TRIPS, "u", before + more);
  return TRUE;
}

/* ---- asking ---- */

static MigrateWorkCall
call_new (MigrateSide side, const char *guest, GVariant *question)
{
  MigrateWorkCall call = { side, _migrate_call_new (MIGRATE_CALL_FACTS, guest), NULL };

  call.call->question = question;
  return call;
}

static void
call_clear (MigrateWorkCall *call)
{
  _migrate_call_unref (call->call);
  g_clear_error (&call->error);
}

static gboolean
take_call (Gather *self, MigrateWorkCall *call, GError **error)
{
  if (call->error == NULL)
    return take_answer (call->side == MIGRATE_SIDE_SOURCE ? &self->source : &self->destination,
                        call->call->answer, error);
  g_propagate_error (error, g_steal_pointer (&call->error));
  return FALSE;
}

static char *
hostname_of (GVariantDict *answer)
{
  g_autoptr (GVariant) host
    = g_variant_dict_lookup_value (answer, MIGRATE_FACT_HOST, G_VARIANT_TYPE_VARDICT);

  return g_strdup (_migrate_variant_string (host, MIGRATE_HOST_FACT_HOSTNAME));
}

static gboolean
take_guest (Gather *self, GError **error)
{
  g_autofree char *hostname = hostname_of (&self->source);
  GError *missing;

  self->guest
    = g_variant_dict_lookup_value (&self->source, MIGRATE_FACT_GUEST, G_VARIANT_TYPE_VARDICT);
  if (self->guest != NULL)
    {
      const char *live = _migrate_variant_string (self->guest, MIGRATE_GUEST_FACT_LIVE);

      self->shape = _migrate_guest_parse (live != NULL ? live : "", error);
      return self->shape != NULL;
    }
  missing
    = _migrate_error_new (MIGRATE_ERROR_NOT_FOUND, "List the guests there with “virsh list --all”",
                          "There is no guest “%s” on “%s”", self->work->guest, hostname);
  _migrate_error_set_side (missing, MIGRATE_SIDE_SOURCE);
  g_propagate_error (error, missing);
  return FALSE;
}

static gboolean
asks (const Gather *self, MigrateSide side)
{
  return side == MIGRATE_SIDE_SOURCE ? !self->knows_source : !self->source_only;
}

/* What the source cannot answer counts before what the destination cannot. */
static gboolean
ask_first (Gather *self, GError **error)
{
  MigrateWorkCall calls[G_N_ELEMENTS (sides)];
  gboolean ok = TRUE;
  gsize n = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (sides); i++)
    if (asks (self, sides[i]))
      calls[n++] = call_new (sides[i], sides[i] == MIGRATE_SIDE_SOURCE ? self->work->guest : NULL,
                             _migrate_facts_first_question (sides[i]));
  _migrate_work_run_calls (self->work, calls, n);
  if (self->knows_source)
    ok = take_guest (self, error);
  for (gsize i = 0; i < n; i++)
    {
      ok = ok && take_call (self, &calls[i], error)
           && (calls[i].side != MIGRATE_SIDE_SOURCE || take_guest (self, error));
      call_clear (&calls[i]);
    }
  if (ok)
    self->hostname = hostname_of (&self->destination);
  return ok;
}

/* ---- files that travel ---- */

static GVariantDict *
answer_of (Gather *self, MigrateSide side)
{
  return side == MIGRATE_SIDE_SOURCE ? &self->source : &self->destination;
}

/* What a host said of the guest's files alone. */
static GVariant *
told_of_files (GVariantDict *answer)
{
  GVariant *rows
    = g_variant_dict_lookup_value (answer, MIGRATE_FACT_FILES, G_VARIANT_TYPE ("aa{sv}"));
  GVariantDict files;

  g_variant_dict_init (&files, NULL);
  if (rows != NULL)
    g_variant_dict_insert_value (&files, MIGRATE_FACT_FILES, rows);
  g_clear_pointer (&rows, g_variant_unref);
  return g_variant_ref_sink (g_variant_dict_end (&files));
}

static GVariant *
files_of (Gather *self, MigrateSide side)
{
  return g_variant_dict_lookup_value (answer_of (self, side), MIGRATE_FACT_FILES,
                                      G_VARIANT_TYPE ("aa{sv}"));
}

static gsize
count_files (Gather *self)
{
  gsize n = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (sides); i++)
    {
      g_autoptr (GVariant) files = files_of (self, sides[i]);

      n += files != NULL ? g_variant_n_children (files) : 0;
    }
  return n;
}

static void
complete_chains (Gather *self, const MigrateCheckRequest *request)
{
  const MigrateRewrite how = _migrate_plan_rewriting (request, NULL /* bindings */);
  g_autoptr (GVariant) told = told_of_files (&self->source);
  g_autoptr (GPtrArray) files = _migrate_host_facts_read_files (told);

  _migrate_chains_complete (self->shape, files);
  if (self->there != NULL)
    _migrate_chains_map (self->shape, self->there, &how);
}

/* *more: something new was told. */
static gboolean
ask_files_once (Gather *self, gboolean *more, GError **error)
{
  MigrateWorkCall calls[G_N_ELEMENTS (sides)];
  gsize n = 0, before = count_files (self);
  gboolean ok = TRUE;

  for (gsize i = 0; i < G_N_ELEMENTS (sides); i++)
    {
      g_autoptr (GVariant) known = files_of (self, sides[i]);
      const MigrateGuest *guest
        = sides[i] == MIGRATE_SIDE_DESTINATION && self->there != NULL ? self->there : self->shape;
      GVariant *question
        = asks (self, sides[i]) ? _migrate_facts_files_question (guest, known) : NULL;

      if (question != NULL)
        calls[n++] = call_new (sides[i], NULL /* guest */, question);
    }
  _migrate_work_run_calls (self->work, calls, n);
  for (gsize i = 0; i < n; i++)
    {
      ok = ok && take_call (self, &calls[i], error);
      call_clear (&calls[i]);
    }
  *more = n > 0 && count_files (self) > before;
  return ok;
}

/* Image by image, for each says what is below it. */
static gboolean
ask_files (Gather *self, const MigrateCheckRequest *request, GError **error)
{
  gboolean more = TRUE;

  for (guint i = 0; more && i < MAX_ROUNDS; i++)
    {
      complete_chains (self, request);
      if (_migrate_work_check_cancelled (self->work, error) || !ask_files_once (self, &more, error))
        return FALSE;
    }
  return TRUE;
}

/* What is asked for beyond the second question is asked only where disks are to travel. */
static gboolean
is_to_travel (Gather *self, const MigrateCheckRequest *request)
{
  g_auto (GStrv) named = _migrate_policy_dup_list (self->work->policy, "disks");
  g_auto (MigrateDomain) guest = { 0 };

  _migrate_domain_read (self->guest, &guest);
  return guest.state == MIGRATE_DOMAIN_SHUTOFF || _migrate_kind_copies (request->kind)
         || (request->kind == MIGRATE_KIND_AUTO && named[0] != NULL);
}

static gboolean
ask_records (Gather *self, GError **error)
{
  return !asks (self, MIGRATE_SIDE_SOURCE)
         || _migrate_facts_ask_records (self->work, self->guest, &self->source, error);
}

/* The destination is asked for what it calls things. A mapping that is not valid is a finding. */
static void
map_guest (Gather *self, const MigrateCheckRequest *request)
{
  const char *live = _migrate_variant_string (self->guest, MIGRATE_GUEST_FACT_LIVE);
  const MigrateRewrite how = _migrate_plan_rewriting (request, NULL /* bindings */);
  g_autoptr (MigrateRewritten) rewritten = _migrate_xml_rewrite (live, &how, NULL /* error */);

  if (rewritten == NULL)
    return;
  self->there = _migrate_guest_parse (rewritten->xml, NULL /* error */);
  self->holes = g_strdupv (rewritten->holes);
}

static GVariant *
second_question (Gather *self, MigrateSide side)
{
  if (side == MIGRATE_SIDE_SOURCE)
    return _migrate_facts_second_question (self->shape, side, spent (&self->source));
  return _migrate_facts_second_question (self->there != NULL ? self->there : self->shape, side,
                                         spent (&self->destination));
}

static gboolean
ask_second (Gather *self, GError **error)
{
  MigrateWorkCall calls[G_N_ELEMENTS (sides)];
  gboolean ok = TRUE;
  gsize n = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (sides); i++)
    {
      GVariant *question = asks (self, sides[i]) ? second_question (self, sides[i]) : NULL;

      if (question != NULL)
        calls[n++] = call_new (sides[i], NULL /* guest */, question);
    }
  _migrate_work_run_calls (self->work, calls, n);
  for (gsize i = 0; i < n; i++)
    {
      ok = ok && take_call (self, &calls[i], error);
      call_clear (&calls[i]);
    }
  return ok;
}

/* ---- what no host says ---- */

static gboolean
ask_second_and_resolve (Gather *self, const MigrateCheckRequest *request, GError **error)
{
  g_autofree char *address = _migrate_facts_address (request, self->hostname);
  MigrateBackend *backend = self->work->backend;
  MigrateResolving *resolving = address != NULL ? _migrate_resolve_begin (backend, address) : NULL;
  gboolean ok, resolves;

  map_guest (self, request);
  ok = ask_second (self, error);

  if (address != NULL)
    g_variant_dict_insert_value (&self->rest, MIGRATE_SNAPSHOT_ADDRESS,
                                 _migrate_fact_text (address));
  if (resolving != NULL
      && _migrate_resolve_end (resolving, _migrate_backend_now (backend) + RESOLVE_MS * 1000,
                               &resolves))
    g_variant_dict_insert (&self->rest, MIGRATE_SNAPSHOT_RESOLVES, "b", resolves);
  return ok;
}

static gboolean
ask_record (Gather *self, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_auto (MigrateDomain) guest = { 0 };
  g_autofree char *record = NULL;

  if (self->work->inventory == NULL)
    return TRUE;
  g_variant_dict_insert (&self->rest, MIGRATE_SNAPSHOT_RECORD_ASKED, "b", TRUE);
  _migrate_domain_read (self->guest, &guest);
  if (_migrate_inventory_ask_get_of (self->work, &guest, &record, &local_error))
    g_variant_dict_insert_value (&self->rest, MIGRATE_SNAPSHOT_RECORD, _migrate_fact_text (record));
  else if (!g_error_matches (local_error, MIGRATE_ERROR, MIGRATE_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  return TRUE;
}

static GVariant *
probed_to_variant (const MigrateProbed *file)
{
  GVariantDict row;

  g_variant_dict_init (&row, NULL);
  if (file->target != NULL)
    g_variant_dict_insert_value (&row, MIGRATE_PROBED_TARGET, _migrate_fact_text (file->target));
  g_variant_dict_insert_value (&row, MIGRATE_PROBED_PATH, _migrate_fact_text (file->path));
  g_variant_dict_insert (&row, MIGRATE_PROBED_BACKING, "b", file->backing);
  g_variant_dict_insert (&row, MIGRATE_PROBED_SHARING, "s", _migrate_sharing_name (file->sharing));
  g_variant_dict_insert_value (&row, MIGRATE_PROBED_WHY, _migrate_fact_text (file->why));
  return g_variant_dict_end (&row);
}

/* After all questions but those that it gives rise to, for it is the only one that writes. */
static gboolean
probe (Gather *self, GError **error)
{
  g_autoptr (GVariant) told_here = told_of_files (&self->source);
  g_autoptr (GVariant) told_there = told_of_files (&self->destination);
  const MigrateSharingBasis basis = { self->shape->disks,
                                      self->there != NULL ? self->there->disks : NULL,
                                      self->holes,
                                      { told_here, told_there } };
  g_auto (MigrateDomain) guest = { 0 };
  g_autoptr (GPtrArray) probed = NULL;
  GVariantBuilder rows;

  _migrate_domain_read (self->guest, &guest);
  probed = _migrate_facts_probe (self->work, &guest, &basis, error);
  if (probed == NULL)
    return FALSE;
  self->finds_copies = _migrate_probed_has_unshared (probed);
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < probed->len; i++)
    g_variant_builder_add_value (&rows, probed_to_variant (probed->pdata[i]));
  g_variant_dict_insert_value (&self->rest, MIGRATE_SNAPSHOT_PROBED, g_variant_builder_end (&rows));
  return TRUE;
}

/* ---- all of it ---- */

static GVariant *
end (Gather *self, const MigrateCheckRequest *request)
{
  MigrateBackend *backend = self->work->backend;
  GVariantDict *rest = &self->rest;
  g_autoptr (GVariant) snapshot = NULL;

  g_variant_dict_insert (rest, MIGRATE_SNAPSHOT_TAKEN, "x", backend->vtable->wall (backend));
  g_variant_dict_insert_value (rest, MIGRATE_SNAPSHOT_REQUEST,
                               _migrate_facts_request_to_variant (request));
  g_variant_dict_insert_value (rest, MIGRATE_SNAPSHOT_POLICY,
                               _migrate_policy_to_variant (self->work->policy));
  g_variant_dict_insert_value (rest, MIGRATE_SNAPSHOT_SOURCE, g_variant_dict_end (&self->source));
  g_variant_dict_insert_value (rest, MIGRATE_SNAPSHOT_DESTINATION,
                               g_variant_dict_end (&self->destination));
  snapshot = g_variant_ref_sink (g_variant_dict_end (rest));
  return g_variant_ref_sink (_migrate_facts_order (snapshot));
}

GVariant *
_migrate_facts_gather_source (MigrateWork *work, GError **error)
{
  MigrateCheckRequest request = _migrate_check_request (work);
  g_autoptr (GVariant) answer = NULL;
  Gather gather;

  if (!_migrate_uri_check (work->source_uri, MIGRATE_URI_CONNECTION, error))
    return NULL;
  gather_init (&gather, work, NULL /* source */);
  gather.source_only = TRUE;
  if (ask_first (&gather, error) && !_migrate_work_check_cancelled (work, error)
      && ask_second (&gather, error)
      && (!is_to_travel (&gather, &request) || ask_files (&gather, &request, error))
      && ask_records (&gather, error))
    answer = g_variant_ref_sink (g_variant_dict_end (&gather.source));
  gather_clear (&gather);
  return g_steal_pointer (&answer);
}

MigrateFacts *
_migrate_facts_gather_beside (MigrateWork *work, GVariant *source, GError **error)
{
  MigrateCheckRequest request = _migrate_check_request (work);
  g_autoptr (GVariant) snapshot = NULL;
  Gather gather;

  if (!_migrate_check_uris (work, error) || !_migrate_resize_check (work->resize, error))
    return NULL;
  gather_init (&gather, work, source);
  if (ask_first (&gather, error) && !_migrate_work_check_cancelled (work, error)
      && ask_second_and_resolve (&gather, &request, error) && ask_record (&gather, error)
      && (!is_to_travel (&gather, &request) || ask_files (&gather, &request, error))
      && probe (&gather, error)
      && (is_to_travel (&gather, &request) || !gather.finds_copies
          || request.kind == MIGRATE_KIND_LIVE || ask_files (&gather, &request, error))
      && ask_records (&gather, error))
    snapshot = end (&gather, &request);
  gather_clear (&gather);
  return snapshot != NULL ? _migrate_facts_read (snapshot, error) : NULL;
}

MigrateFacts *
_migrate_facts_gather (MigrateWork *work, GError **error)
{
  return _migrate_facts_gather_beside (work, NULL /* source */, error);
}
