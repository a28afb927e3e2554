/* What a host keeps of a guest beside its definition, and for it: snapshots and checkpoints, as far
 * as they are written down; secrets; our mark. */
#include "virt/libvirt-private.h"

#include <string.h>

/* ---- snapshots ---- */

/* A driver that has no such thing has none of it. */
static gboolean
is_unsupported (void)
{
  return virGetLastErrorCode () == VIR_ERR_NO_SUPPORT;
}

/* Takes xml, which a libvirt from malloc has given. */
static gboolean
add_document (GVariantBuilder *documents, char *xml)
{
  if (xml == NULL)
    return FALSE;
  g_variant_builder_add_value (documents, g_variant_new_take_string (xml));
  return TRUE;
}

static gboolean
add_snapshots (virDomainPtr domain, GVariantBuilder *documents)
{
  virDomainSnapshotPtr *list = NULL;
  int n = virDomainListAllSnapshots (domain, &list, VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL);
  gboolean ok = n >= 0 || is_unsupported ();

  for (int i = 0; i < n; i++)
    {
      ok = ok
           && add_document (documents,
                            virDomainSnapshotGetXMLDesc (list[i], VIR_DOMAIN_SNAPSHOT_XML_SECURE));
      virDomainSnapshotFree (list[i]);
    }
  free (list);
  return ok;
}

static gboolean
add_checkpoints (virDomainPtr domain, GVariantBuilder *documents)
{
  virDomainCheckpointPtr *list = NULL;
  int n = virDomainListAllCheckpoints (domain, &list, VIR_DOMAIN_CHECKPOINT_LIST_TOPOLOGICAL);
  gboolean ok = n >= 0 || is_unsupported ();

  for (int i = 0; i < n; i++)
    {
      ok = ok
           && add_document (
             documents, virDomainCheckpointGetXMLDesc (list[i], VIR_DOMAIN_CHECKPOINT_XML_SECURE));
      virDomainCheckpointFree (list[i]);
    }
  free (list);
  return ok;
}

static gboolean
add_current (virDomainPtr domain, GVariantDict *answer)
{
  virDomainSnapshotPtr current = virDomainSnapshotCurrent (domain, 0 /* flags */);

  if (current == NULL)
    return virGetLastErrorCode () == VIR_ERR_NO_DOMAIN_SNAPSHOT || is_unsupported ();
  g_variant_dict_insert (answer, "current", "s", virDomainSnapshotGetName (current));
  virDomainSnapshotFree (current);
  return TRUE;
}

gboolean
_migrate_vir_snapshots (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  GVariantBuilder snapshots, checkpoints;
  GVariantDict answer;
  gboolean ok;

  g_variant_builder_init (&snapshots, G_VARIANT_TYPE_STRING_ARRAY);
  g_variant_builder_init (&checkpoints, G_VARIANT_TYPE_STRING_ARRAY);
  g_variant_dict_init (&answer, NULL /* from */);
  ok = add_snapshots (domain, &snapshots) && add_current (domain, &answer)
       && add_checkpoints (domain, &checkpoints);
  g_variant_dict_insert_value (&answer, "snapshots", g_variant_builder_end (&snapshots));
  g_variant_dict_insert_value (&answer, "checkpoints", g_variant_builder_end (&checkpoints));
  g_clear_pointer (&call->answer, g_variant_unref); /* of a connection that broke */
  call->answer = g_variant_ref_sink (g_variant_dict_end (&answer));
  return ok;
}

static gboolean
define_checkpoint (virDomainPtr domain, const char *xml)
{
  virDomainCheckpointPtr checkpoint
    = virDomainCheckpointCreateXML (domain, xml, VIR_DOMAIN_CHECKPOINT_CREATE_REDEFINE);

  if (checkpoint == NULL)
    return FALSE;
  virDomainCheckpointFree (checkpoint);
  return TRUE;
}

/* Writes it down; nothing happens to the guest or to its images. */
gboolean
_migrate_vir_snapshot_define (MigrateConn *conn, virDomainPtr domain, MigrateCall *call,
                              GError **error)
{
  guint flags = VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE;
  virDomainSnapshotPtr snapshot;

  if (call->value == 1)
    return define_checkpoint (domain, call->text_in);
  if (call->value == 2)
    flags |= VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT;
  snapshot = virDomainSnapshotCreateXML (domain, call->text_in, flags);
  if (snapshot == NULL)
    return FALSE;
  virDomainSnapshotFree (snapshot);
  return TRUE;
}

/* ---- secrets ---- */

static gboolean
fail_secret (MigrateConn *conn, const char *doing, const char *uuid, GError **error)
{
  return _migrate_vir_storage_fail (conn, doing, uuid, error);
}

/* TRUE: it answered, if only that there is no value, or that nobody gets it (a private secret). */
static gboolean
get_value (virSecretPtr secret, GBytes **bytes)
{
  size_t size = 0;
  unsigned char *value = virSecretGetValue (secret, &size, 0 /* flags */);

  g_clear_pointer (bytes, g_bytes_unref); /* of a connection that broke */
  if (value == NULL)
    return virGetLastErrorCode () == VIR_ERR_NO_SECRET
           || virGetLastErrorCode () == VIR_ERR_INVALID_SECRET
           || virGetLastErrorCode () == VIR_ERR_OPERATION_DENIED;
  *bytes = _migrate_secret_bytes_new (value, size);
  explicit_bzero (value, size);
  free (value);
  return TRUE;
}

gboolean
_migrate_vir_secret_read (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  g_autoptr (virSecret) secret = virSecretLookupByUUIDString (conn->vir, call->text_in);

  if (secret == NULL)
    return fail_secret (conn, "find secret", call->text_in, error);
  call->text_out = virSecretGetXMLDesc (secret, 0 /* flags */);
  return (call->text_out != NULL && get_value (secret, &call->storage.bytes))
         || fail_secret (conn, "read secret", call->text_in, error);
}

static gboolean
set_value (virSecretPtr secret, GBytes *bytes)
{
  gsize size;
  const unsigned char *value;

  if (bytes == NULL)
    return TRUE;
  value = g_bytes_get_data (bytes, &size);
  return virSecretSetValue (secret, value, size, 0 /* flags */) == 0;
}

/* libvirt would replace one of the same UUID and use without a word. */
static gboolean
is_free (MigrateConn *conn, const char *uuid, GError **error)
{
  g_autoptr (virSecret) other = virSecretLookupByUUIDString (conn->vir, uuid);

  if (other == NULL)
    return virGetLastErrorCode () == VIR_ERR_NO_SECRET
           || fail_secret (conn, "look for secret", uuid, error);
  _migrate_set_error (error, MIGRATE_ERROR_BUSY, NULL /* remedy */,
                      "There is a secret “%s” on “%s” already", uuid, conn->uri);
  return FALSE;
}

gboolean
_migrate_vir_secret_define (MigrateConn *conn, virDomainPtr domain, MigrateCall *call,
                            GError **error)
{
  const char *uuid = call->storage.name;
  g_autoptr (virSecret) secret = NULL;

  if (!is_free (conn, uuid, error))
    return FALSE;
  secret = virSecretDefineXML (conn->vir, call->text_in, 0 /* flags */);
  if (secret == NULL)
    return fail_secret (conn, "define secret", uuid, error);
  if (set_value (secret, call->storage.bytes))
    return TRUE;
  fail_secret (conn, "set the value of secret", uuid, error);
  virSecretUndefine (secret);
  return FALSE;
}

gboolean
_migrate_vir_secret_remove (MigrateConn *conn, virDomainPtr domain, MigrateCall *call,
                            GError **error)
{
  g_autoptr (virSecret) secret = virSecretLookupByUUIDString (conn->vir, call->text_in);

  return (secret != NULL && virSecretUndefine (secret) == 0)
         || virGetLastErrorCode () == VIR_ERR_NO_SECRET
         || fail_secret (conn, "remove secret", call->text_in, error);
}

/* ---- the mark ---- */

/* Of definitions alone: what marks a guest that only runs is in its document. */
gboolean
_migrate_vir_set_mark (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  g_autofree char *xml = NULL;

  if (call->text_in != NULL)
    xml = g_markup_printf_escaped ("<" MIGRATE_MARK_ELEMENT ">%s</" MIGRATE_MARK_ELEMENT ">",
                                   call->text_in);
  return virDomainSetMetadata (domain, VIR_DOMAIN_METADATA_ELEMENT, xml, MIGRATE_MARK_PREFIX,
                               MIGRATE_MARK_NAMESPACE, VIR_DOMAIN_AFFECT_CONFIG)
         == 0;
}

static void
read_text (GMarkupParseContext *context, const char *text, gsize length, gpointer data,
           GError **error)
{
  g_string_append_len (data, text, (gssize) length);
}

/* An element that is none of ours, though of our namespace, is a mark all the same: what it says is
 * nothing that anybody knows. */
static char *
read_mark (const char *xml)
{
  static const GMarkupParser parser = { .text = read_text };
  GString *text = g_string_new (NULL);
  GMarkupParseContext *context
    = g_markup_parse_context_new (&parser, G_MARKUP_TREAT_CDATA_AS_TEXT, text, NULL /* notify */);

  g_markup_parse_context_parse (context, xml, -1 /* to its end */, NULL /* error */);
  g_markup_parse_context_free (context);
  return g_strstrip (g_string_free (text, FALSE));
}

gboolean
_migrate_vir_get_mark (virDomainPtr domain, char **mark)
{
  g_autofree char *xml = virDomainGetMetadata (domain, VIR_DOMAIN_METADATA_ELEMENT,
                                               MIGRATE_MARK_NAMESPACE, VIR_DOMAIN_AFFECT_CONFIG);

  if (xml == NULL)
    return virGetLastErrorCode () == VIR_ERR_NO_DOMAIN_METADATA || is_unsupported ();
  *mark = read_mark (xml);
  return TRUE;
}
