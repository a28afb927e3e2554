/* The calls about storage, mirrors, snapshots and secrets. */
#include "sim-calls.h"
#include "sim-storage.h"

#include <string.h>

/* ---- pools and volumes ---- */

/* Where the pool is told by path: one whose file the answer is about. */
static gboolean
is_about (SimRequest *self, const char *path)
{
  SimPool *pool = self->call->storage.pool != NULL
                    ? _sim_pool_find_by_name (self->host, self->call->storage.pool)
                    : NULL;
  g_autofree char *ours = pool != NULL && self->call->storage.name != NULL
                            ? g_build_filename (pool->target, self->call->storage.name, NULL)
                            : NULL;

  return g_strcmp0 (ours, path) == 0;
}

/* Where the stream of this call breaks, once; G_MAXUINT64: nowhere. */
static guint64
take_cut (SimRequest *self)
{
  const MigrateVolumeCall *storage = &self->call->storage;
  guint64 length = self->call->kind == MIGRATE_CALL_VOLUME_READ_AT
                     ? storage->length
                     : g_bytes_get_size (storage->bytes);

  for (guint i = 0; i < self->world->cuts->len; i++)
    {
      SimCut *cut = self->world->cuts->pdata[i];
      guint64 offset = cut->offset;

      if (!g_str_equal (cut->host, self->host->name) || !is_about (self, cut->path)
          || offset < storage->offset || offset - storage->offset >= length)
        continue;
      g_ptr_array_remove_index (self->world->cuts, i);
      g_free (cut->host);
      g_free (cut->path);
      g_free (cut);
      return offset;
    }
  return G_MAXUINT64;
}

/* What had been written before the break is written. */
static int
break_stream (SimRequest *self, guint64 at, const char **words)
{
  MigrateCall *call = self->call;

  *words = "Cannot recv data: Connection reset by peer";
  if (call->kind == MIGRATE_CALL_VOLUME_WRITE_AT && at > call->storage.offset)
    {
      GBytes *all = call->storage.bytes;
      const char *ignored;

      call->storage.bytes = g_bytes_new_from_bytes (all, 0, (gsize) (at - call->storage.offset));
      _sim_volume_do (self->host, call, &ignored);
      g_bytes_unref (call->storage.bytes);
      call->storage.bytes = all;
    }
  return SIM_ERR_STREAM;
}

static int
do_volume (SimRequest *self, const char **words)
{
  guint64 cut = G_MAXUINT64;
  int code;

  if (self->call->kind == MIGRATE_CALL_VOLUME_READ_AT
      || self->call->kind == MIGRATE_CALL_VOLUME_WRITE_AT)
    cut = take_cut (self);
  code = cut != G_MAXUINT64 ? break_stream (self, cut, words)
                            : _sim_volume_do (self->host, self->call, words);
  if (code == 0 && self->call->storage.bytes != NULL)
    _sim_pause (self->actor, (gint64) (g_bytes_get_size (self->call->storage.bytes) / 400));
  return code;
}

static int
do_pool (SimRequest *self, const char **words)
{
  switch (self->call->kind)
    {
    case MIGRATE_CALL_POOL_FIND:
      return _sim_pool_find (self->host, self->call, words);
    case MIGRATE_CALL_POOL_CREATE:
      return _sim_pool_create (self->host, self->call, words);
    case MIGRATE_CALL_POOL_REMOVE:
      return _sim_pool_remove (self->host, self->call, words);
    case MIGRATE_CALL_VOLUME_FIND:
      return _sim_volume_find (self->host, self->call, words);
    default:
      return self->call->storage.pool == NULL
               ? _sim_volume_info_by_path (self->host, self->call, words)
               : do_volume (self, words);
    }
}

/* Storage has its own words; none of it waits for a guest. */
gboolean
_sim_do_storage (SimRequest *self)
{
  const char *words = NULL;
  int code = do_pool (self, &words);

  if (code == 0)
    return TRUE;
  if (self->call->kind == MIGRATE_CALL_POOL_CREATE && code == SIM_ERR_FAILED)
    return _sim_refuse_as (self, MIGRATE_ERROR_BUSY, code, words);
  if (self->call->kind == MIGRATE_CALL_POOL_CREATE && code == SIM_ERR_NO_FOLDER)
    return _sim_refuse_as (self, MIGRATE_ERROR_NOT_FOUND, SIM_ERR_FAILED, words);
  if (self->call->kind == MIGRATE_CALL_VOLUME_CREATE
      && (code == SIM_ERR_VOLUME_EXISTS || code == SIM_ERR_FILE_EXISTS))
    return _sim_refuse_as (self, MIGRATE_ERROR_BUSY, SIM_ERR_VOLUME_EXISTS, words);
  return _sim_refuse_storage (self, code, words);
}

/* ---- mirrors ---- */

gboolean
_sim_do_block_jobs (SimRequest *self)
{
  SimDomain *domain = _sim_request_monitor (self);

  if (domain == NULL)
    return FALSE;
  if (domain->job != NULL)
    _sim_copy_settle (domain->job);
  self->call->answer = _sim_mirror_answer (domain->incoming ? NULL : domain->job);
  return TRUE;
}

/* ---- snapshots and checkpoints: what libvirt knows of them ---- */

void
sim_world_add_snapshot (SimWorld *self, const char *host, const char *guest, const char *xml,
                        SimSnapshot kind)
{
  SimDomain *domain;

  _sim_lock (self);
  domain = _sim_find_domain (_sim_need_host (self, host), guest);
  g_ptr_array_add (kind == SIM_CHECKPOINT ? domain->checkpoints : domain->snapshots,
                   g_strdup (xml));
  if (kind == SIM_CURRENT_SNAPSHOT)
    {
      g_autoptr (GPtrArray) elements = _sim_xml_read (xml);

      g_free (domain->current_snapshot);
      domain->current_snapshot = g_strdup (_sim_xml_text (elements, "domainsnapshot/name"));
    }
  _sim_unlock (self);
}

static char *
name_of (const char *xml, const char *root)
{
  g_autofree char *path = g_strconcat (root, "/name", NULL);
  g_autoptr (GPtrArray) elements = _sim_xml_read (xml);

  return g_strdup (_sim_xml_text (elements, path));
}

char **
sim_world_list_records (SimWorld *self, const char *host, const char *guest)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  SimDomain *domain;

  _sim_lock (self);
  domain = _sim_find_domain (_sim_need_host (self, host), guest);
  for (guint i = 0; domain != NULL && i < domain->snapshots->len; i++)
    {
      g_autofree char *name = name_of (domain->snapshots->pdata[i], "domainsnapshot");
      gboolean current = g_strcmp0 (name, domain->current_snapshot) == 0;
      g_autofree char *shown = g_strconcat (current ? "*" : "", name, NULL);

      g_strv_builder_add (names, shown);
    }
  for (guint i = 0; domain != NULL && i < domain->checkpoints->len; i++)
    {
      g_autofree char *name = name_of (domain->checkpoints->pdata[i], "domaincheckpoint");
      g_autofree char *shown = g_strconcat ("checkpoint ", name, NULL);

      g_strv_builder_add (names, shown);
    }
  _sim_unlock (self);
  return g_strv_builder_end (names);
}

char *
sim_world_dup_snapshot (SimWorld *self, const char *host, const char *guest, const char *name)
{
  char *xml = NULL;
  SimDomain *domain;

  _sim_lock (self);
  domain = _sim_find_domain (_sim_need_host (self, host), guest);
  for (guint i = 0; domain != NULL && xml == NULL && i < domain->snapshots->len; i++)
    {
      g_autofree char *found = name_of (domain->snapshots->pdata[i], "domainsnapshot");

      if (g_strcmp0 (found, name) == 0)
        xml = g_strdup (domain->snapshots->pdata[i]);
    }
  _sim_unlock (self);
  return xml;
}

const char *
_sim_snapshots_refusal (const SimDomain *self, int *code)
{
  *code = ERR_INVALID;
  return self->snapshots->len > 0
           ? "Requested operation is not valid: cannot migrate domain with snapshots"
           : NULL;
}

static void
add_documents (GVariantDict *answer, const char *key, GPtrArray *documents)
{
  g_variant_dict_insert_value (
    answer, key,
    g_variant_new_strv ((const char *const *) documents->pdata, (gssize) documents->len));
}

gboolean
_sim_do_snapshots (SimRequest *self)
{
  SimDomain *domain = _sim_request_domain (self);
  GVariantDict answer;

  if (domain == NULL)
    return FALSE;
  g_variant_dict_init (&answer, NULL);
  add_documents (&answer, "snapshots", domain->snapshots);
  add_documents (&answer, "checkpoints", domain->checkpoints);
  if (domain->current_snapshot != NULL)
    g_variant_dict_insert (&answer, "current", "s", domain->current_snapshot);
  self->call->answer = g_variant_ref_sink (g_variant_dict_end (&answer));
  return TRUE;
}

static gboolean
has_parent (GPtrArray *documents, GPtrArray *elements, const char *root)
{
  g_autofree char *parent = g_strdup_printf ("%s/parent/name", root);
  g_autofree char *name = g_strdup_printf ("%s/name", root);
  const char *wanted = _sim_xml_text (elements, parent);

  for (guint i = 0; wanted != NULL && i < documents->len; i++)
    {
      g_autoptr (GPtrArray) other = _sim_xml_read (documents->pdata[i]);

      if (g_strcmp0 (_sim_xml_text (other, name), wanted) == 0)
        return TRUE;
    }
  return wanted == NULL;
}

/* A document of that name is replaced, as redefining does. */
static void
put_document (GPtrArray *documents, GPtrArray *elements, const char *root, const char *xml)
{
  g_autofree char *path = g_strdup_printf ("%s/name", root);
  const char *name = _sim_xml_text (elements, path);

  for (guint i = 0; i < documents->len; i++)
    {
      g_autoptr (GPtrArray) other = _sim_xml_read (documents->pdata[i]);

      if (g_strcmp0 (_sim_xml_text (other, path), name) != 0)
        continue;
      g_free (documents->pdata[i]);
      documents->pdata[i] = g_strdup (xml);
      return;
    }
  g_ptr_array_add (documents, g_strdup (xml));
}

gboolean
_sim_do_snapshot_define (SimRequest *self)
{
  g_autoptr (GPtrArray) elements = _sim_xml_read (self->call->text_in);
  gboolean checkpoint = self->call->value == 1;
  const char *root = checkpoint ? "domaincheckpoint" : "domainsnapshot";
  SimDomain *domain = _sim_request_job (self, FALSE);
  GPtrArray *documents;

  if (domain == NULL)
    return FALSE;
  documents = checkpoint ? domain->checkpoints : domain->snapshots;
  if (!_sim_xml_has (elements, G_MAXUINT, root) || !has_parent (documents, elements, root))
    return _sim_refuse (self, ERR_INVALID_ARG,
                        "invalid argument: the parent of the snapshot is not found");
  put_document (documents, elements, root, self->call->text_in);
  if (self->call->value == 2)
    {
      g_free (domain->current_snapshot);
      domain->current_snapshot = g_strdup (_sim_xml_text (elements, "domainsnapshot/name"));
    }
  return TRUE;
}

/* ---- secrets ---- */

static const char *
usage_of (GPtrArray *elements)
{
  static const char *const names[] = { "volume", "name", "target" };
  const char *found = NULL;

  for (guint i = 0; found == NULL && i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_strdup_printf ("secret/usage/%s", names[i]);

      found = _sim_xml_text (elements, path);
    }
  return found;
}

static SimSecret *
find_secret (SimHost *host, const char *uuid)
{
  for (guint i = 0; i < host->secrets->len; i++)
    if (g_strcmp0 (((SimSecret *) host->secrets->pdata[i])->uuid, uuid) == 0)
      return host->secrets->pdata[i];
  return NULL;
}

const SimSecret *
_sim_secret_find (SimHost *host, const char *uuid)
{
  return find_secret (host, uuid);
}

/* FALSE: another has its use. */
static gboolean
put_secret (SimHost *host, const char *uuid, const char *document, GBytes *value)
{
  g_autoptr (GPtrArray) elements = _sim_xml_read (document);
  const char *usage = usage_of (elements);
  SimSecret *secret;

  for (guint i = 0; usage != NULL && i < host->secrets->len; i++)
    if (g_strcmp0 (((SimSecret *) host->secrets->pdata[i])->usage, usage) == 0)
      return FALSE;
  if (find_secret (host, uuid) != NULL)
    return FALSE;
  secret = g_new0 (SimSecret, 1);
  secret->uuid = g_strdup (uuid);
  secret->usage = g_strdup (usage);
  secret->usage_type = g_strdup (_sim_xml_attribute (elements, G_MAXUINT, "secret/usage", "type"));
  secret->document = g_strdup (document);
  /* A copy: who gave it wipes his own. */
  secret->value
    = value != NULL ? g_bytes_new (g_bytes_get_data (value, NULL), g_bytes_get_size (value)) : NULL;
  g_ptr_array_add (host->secrets, secret);
  return TRUE;
}

void
sim_world_add_secret (SimWorld *self, const char *host, const char *uuid, const char *document,
                      const char *value)
{
  g_autoptr (GBytes) bytes = value != NULL ? g_bytes_new (value, strlen (value)) : NULL;

  _sim_lock (self);
  if (!put_secret (_sim_need_host (self, host), uuid, document, bytes))
    g_error ("sim: host %s has that secret", host);
  _sim_unlock (self);
}

char *
sim_world_dup_secret (SimWorld *self, const char *host, const char *uuid)
{
  char *value = NULL;
  SimSecret *secret;

  _sim_lock (self);
  secret = find_secret (_sim_need_host (self, host), uuid);
  if (secret != NULL)
    value = secret->value != NULL
              ? g_strndup (g_bytes_get_data (secret->value, NULL), g_bytes_get_size (secret->value))
              : g_strdup ("");
  _sim_unlock (self);
  return value;
}

gboolean
_sim_do_secret_read (SimRequest *self)
{
  const SimSecret *secret = find_secret (self->host, self->call->text_in);
  gboolean hidden;

  if (secret == NULL)
    return _sim_refuse_as (self, MIGRATE_ERROR_NOT_FOUND, ERR_NO_SECRET,
                           "Secret not found: no secret with matching uuid");
  hidden = strstr (secret->document, "private='yes'") != NULL;
  self->call->text_out = g_strdup (secret->document);
  if (!hidden && secret->value != NULL)
    self->call->storage.bytes
      = g_bytes_new (g_bytes_get_data (secret->value, NULL), g_bytes_get_size (secret->value));
  return TRUE;
}

gboolean
_sim_do_secret_define (SimRequest *self)
{
  return put_secret (self->host, self->call->storage.name, self->call->text_in,
                     self->call->storage.bytes)
         || _sim_refuse_as (self, MIGRATE_ERROR_BUSY, ERR_INTERNAL,
                            "internal error: a secret with that UUID or use is already defined");
}

gboolean
_sim_do_secret_remove (SimRequest *self)
{
  SimSecret *secret = find_secret (self->host, self->call->text_in);

  if (secret == NULL)
    return TRUE;
  g_ptr_array_remove (self->host->secrets, secret);
  g_free (secret->uuid);
  g_free (secret->usage);
  g_free (secret->usage_type);
  g_free (secret->document);
  g_clear_pointer (&secret->value, g_bytes_unref);
  g_free (secret);
  return TRUE;
}
