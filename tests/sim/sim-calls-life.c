/* The calls by which a guest starts and ends: off and on, saved to a file and back. What lasts goes
 * on in the host's own time, whether or not anybody still waits for it. */
#include "sim-calls.h"
#include "sim-storage.h"

#include <string.h>

#define SAVE_RATE 400 /* bytes in a µs */
#define SAVED_MAGIC "LibvirtQemudSave\n"
#define SIM_HUNG_LOOK (1000 * SIM_MS)
#define HEADER 65536
#define SAVES "/var/lib/libvirt/qemu/save"

enum
{
  SHUTOFF_SAVED = 5,
  RUNNING_RESTORED = 3
};

/* ---- saved memory ---- */

static GKeyFile *
read_saved (const SimFile *file)
{
  g_autoptr (GKeyFile) header = g_key_file_new ();
  g_autofree char *text = g_malloc0 (HEADER + 1);

  _sim_extents_read (file->data, 0, HEADER, (guint8 *) text);
  if (!g_str_has_prefix (text, SAVED_MAGIC)
      || !g_key_file_load_from_data (header, text + strlen (SAVED_MAGIC), (gsize) -1,
                                     G_KEY_FILE_NONE, NULL))
    return NULL;
  return g_steal_pointer (&header);
}

/* All of it: what was cut off or spoiled on its way does not come to life. */
static gboolean
is_whole (const SimFile *file, GKeyFile *header)
{
  g_autofree char *wanted = g_key_file_get_string (header, "saved", "sum", NULL);
  g_autoptr (SimExtents) memory = _sim_extents_new ();
  g_autofree char *sum = NULL;

  _sim_extents_copy_range (file->data, HEADER, G_MAXUINT64 - HEADER, memory, 0);
  sum = _sim_extents_fingerprint (memory);
  return g_strcmp0 (sum, wanted) == 0;
}

static gboolean
write_saved (SimDomain *domain, const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  g_autoptr (GKeyFile) header = g_key_file_new ();
  g_autoptr (SimExtents) memory = _sim_extents_new ();
  g_autofree guint8 *bytes = g_malloc0 (HEADER);
  g_autofree char *text = NULL;
  g_autofree char *sum = NULL;
  SimStorage *storage = _sim_folder_find (domain->host, folder);
  SimFile *file = _sim_file_new (domain->host->world);
  gboolean done;

  _sim_extents_write_pattern (memory, 0, domain->guest->memory,
                              1 + (g_str_hash (domain->guest->uuid) ^ domain->counter) % 0x7fffffff,
                              0);
  sum = _sim_extents_fingerprint (memory);
  g_key_file_set_string (header, "saved", "guest", domain->guest->uuid);
  g_key_file_set_uint64 (header, "saved", "counter", domain->counter);
  g_key_file_set_uint64 (header, "saved", "boots", domain->boots);
  g_key_file_set_boolean (header, "saved", "paused", domain->save_paused);
  g_key_file_set_string (header, "saved", "sum", sum);
  g_key_file_set_string (header, "saved", "xml", domain->xml);
  text = g_key_file_to_data (header, NULL, NULL);
  g_strlcpy ((char *) bytes, SAVED_MAGIC, HEADER);
  g_strlcat ((char *) bytes, text, HEADER);
  _sim_storage_put (storage, name, file);
  done = _sim_file_write (storage, file, 0, bytes, HEADER)
         && _sim_file_copy (storage, file, HEADER, memory, 0, domain->guest->memory);
  if (!done)
    g_hash_table_remove (storage->files, name); /* as libvirt does */
  return done;
}

/* ---- saving ---- */

static void
schedule_end (SimDomain *domain, SimWhat what, gint64 delay)
{
  SimAction end = {
    .what = what, .host = domain->host->name, .guest = domain->guest->uuid, .text = domain->lasting
  };

  _sim_schedule_action (domain->host->world, delay, &end);
}

static void
take_back (SimDomain *domain)
{
  gboolean was_paused = domain->save_paused;

  g_clear_pointer (&domain->lasting, g_free);
  domain->save_failed = TRUE;
  _sim_domain_set_state (domain, was_paused ? MIGRATE_DOMAIN_PAUSED : MIGRATE_DOMAIN_RUNNING,
                         was_paused ? MIGRATE_PAUSED_USER : MIGRATE_RUNNING_UNPAUSED);
  _sim_domain_set_cpus (domain, !was_paused);
  _sim_notify (domain->host->world, domain);
}

/* FALSE: nobody is there to end it now. */
static gboolean
may_end (SimDomain *domain, SimWhat what)
{
  SimHost *host = domain->host;

  if (domain->lasting == NULL || !domain->active)
    return FALSE;
  if (host->daemon == SIM_DAEMON_HUNG)
    schedule_end (domain, what, SIM_HUNG_LOOK);
  return host->daemon == SIM_DAEMON_UP;
}

/* By the host, when it has had the time for it. */
void
_sim_life_end_save (SimDomain *domain, const char *path)
{
  if (!may_end (domain, SIM_END_SAVE))
    return;
  if (!write_saved (domain, path))
    {
      take_back (domain);
      return;
    }
  g_clear_pointer (&domain->lasting, g_free);
  _sim_domain_stop (domain, SHUTOFF_SAVED);
}

void
_sim_life_daemon_started (SimDomain *domain)
{
  if (domain->lasting == NULL)
    return;
  if (domain->reason == MIGRATE_PAUSED_SAVE)
    take_back (domain);
  else
    _sim_domain_stop (domain, MIGRATE_SHUTOFF_FAILED); /* it never came to life */
}

static void
begin (SimDomain *domain, SimWhat what, const char *text)
{
  domain->lasting = g_strdup (text);
  schedule_end (domain, what, (gint64) (domain->guest->memory / SAVE_RATE));
}

/* FALSE: the connection broke. */
static gboolean
wait_for_end (SimRequest *self, SimDomain *domain)
{
  while (domain->lasting != NULL)
    if (!_sim_request_wait (self, domain))
      return FALSE;
  return TRUE;
}

gboolean
_sim_do_save (SimRequest *self)
{
  g_autofree char *folder = g_path_get_dirname (self->call->text_in);
  SimDomain *domain = _sim_request_monitor (self);

  if (domain == NULL)
    return FALSE;
  if (_sim_folder_find (self->host, folder) == NULL)
    return _sim_refuse_storage (self, SIM_ERR_NO_FOLDER,
                                "Failed to create file: No such file or directory");
  domain->save_paused = domain->state == MIGRATE_DOMAIN_PAUSED;
  domain->save_failed = FALSE;
  _sim_domain_set_cpus (domain, FALSE);
  _sim_domain_set_state (domain, MIGRATE_DOMAIN_PAUSED, MIGRATE_PAUSED_SAVE);
  begin (domain, SIM_END_SAVE, self->call->text_in);
  if (!wait_for_end (self, domain))
    return FALSE;
  return !domain->save_failed
         || _sim_refuse_storage (self, SIM_ERR_NO_ROOM,
                                 "operation failed: cannot write domain save image: No space left "
                                 "on device");
}

/* ---- and back ---- */

static void
give_xml (SimDomain *domain, const char *xml)
{
  if (domain->persistent && domain->definition == NULL)
    domain->definition = g_steal_pointer (&domain->xml);
  g_free (domain->xml);
  domain->xml = g_strdup (xml);
}

void
_sim_life_end_restore (SimDomain *domain, gboolean paused)
{
  if (!may_end (domain, SIM_END_RESTORE))
    return;
  g_clear_pointer (&domain->lasting, g_free);
  _sim_domain_set_state (domain, paused ? MIGRATE_DOMAIN_PAUSED : MIGRATE_DOMAIN_RUNNING,
                         paused ? MIGRATE_PAUSED_USER : RUNNING_RESTORED);
  _sim_domain_set_cpus (domain, !paused);
  _sim_notify (domain->host->world, domain);
}

/* NULL: an error is set. */
static SimDomain *
come_back (SimRequest *self, GKeyFile *saved, const char *xml, gboolean paused)
{
  g_autofree char *uuid = g_key_file_get_string (saved, "saved", "guest", NULL);
  SimGuest *guest = _sim_find_guest (self->world, uuid);
  SimDomain *domain = guest != NULL ? _sim_find_domain (self->host, uuid) : NULL;
  SimDomain try = { .host = self->host, .guest = guest };
  g_autofree char *refusal = NULL;
  int code = ERR_INVALID;

  if (guest == NULL || (domain != NULL && domain->active))
    {
      _sim_refuse (self, ERR_INVALID, "Requested operation is not valid: domain is already active");
      return NULL;
    }
  refusal
    = _sim_disks_refusal (domain != NULL ? domain : &try, xml, FALSE, NULL /* mirrored */, &code);
  if (refusal != NULL)
    {
      _sim_refuse_storage (self, code, refusal);
      return NULL;
    }
  if (domain == NULL)
    domain = _sim_domain_new (self->host, guest);
  give_xml (domain, xml);
  domain->active = TRUE;
  domain->boots = (guint) g_key_file_get_uint64 (saved, "saved", "boots", NULL);
  domain->counter = g_key_file_get_uint64 (saved, "saved", "counter", NULL);
  _sim_domain_set_state (domain, MIGRATE_DOMAIN_PAUSED, MIGRATE_PAUSED_STARTING_UP);
  begin (domain, SIM_END_RESTORE, paused ? "paused" : "running");
  return domain;
}

static gboolean
restore (SimRequest *self, const char *path, const char *other_xml, gboolean paused)
{
  SimFile *file = _sim_file_find (self->host, path);
  g_autoptr (GKeyFile) saved = file != NULL ? read_saved (file) : NULL;
  g_autofree char *xml = NULL;
  SimDomain *domain;

  if (file == NULL)
    return _sim_refuse_storage (self, SIM_ERR_NO_FOLDER,
                                "Failed to open file: No such file or directory");
  if (saved == NULL || !is_whole (file, saved))
    return _sim_refuse (self, ERR_FAILED,
                        saved == NULL ? "operation failed: image magic is incorrect"
                                      : "operation failed: job 'migration in' failed: load of "
                                        "migration failed: Input/output error");
  paused |= g_key_file_get_boolean (saved, "saved", "paused", NULL);
  xml = other_xml != NULL ? g_strdup (other_xml)
                          : g_key_file_get_string (saved, "saved", "xml", NULL);
  domain = come_back (self, saved, xml, paused);
  return domain != NULL && wait_for_end (self, domain);
}

gboolean
_sim_do_restore (SimRequest *self)
{
  return restore (self, self->call->text_in, self->call->transfer.dest_xml, self->call->value == 1);
}

static char *
managed_path (const SimDomain *domain)
{
  return g_strdup_printf (SAVES "/%s.save", domain->guest->name);
}

gboolean
_sim_do_saved_xml (SimRequest *self)
{
  SimDomain *domain = self->call->guest != NULL ? _sim_request_domain (self) : NULL;
  g_autofree char *path = domain != NULL ? managed_path (domain) : g_strdup (self->call->text_in);
  SimFile *file = path != NULL ? _sim_file_find (self->host, path) : NULL;
  g_autoptr (GKeyFile) saved = file != NULL ? read_saved (file) : NULL;

  if (self->call->guest != NULL && domain == NULL)
    return FALSE;
  if (file == NULL)
    return _sim_refuse_as (self, MIGRATE_ERROR_NOT_FOUND, ERR_INVALID,
                           "Requested operation is not valid: there is no saved image");
  if (saved == NULL)
    return _sim_refuse (self, ERR_FAILED, "operation failed: image magic is incorrect");
  self->call->text_out = g_key_file_get_string (saved, "saved", "xml", NULL);
  return TRUE;
}

/* ---- managed save ---- */

void
_sim_domain_drop_managed_save (SimDomain *self)
{
  g_autofree char *path = managed_path (self);
  g_autofree char *name = g_path_get_basename (path);
  SimStorage *storage = _sim_folder_find (self->host, SAVES);

  self->managed_save = FALSE;
  if (storage != NULL)
    g_hash_table_remove (storage->files, name);
}

void
_sim_domain_drop_nvram (SimDomain *self)
{
  g_autoptr (GPtrArray) elements = _sim_xml_read (self->xml);
  const char *path = _sim_xml_text (elements, "domain/os/nvram");
  g_autofree char *folder = path != NULL ? g_path_get_dirname (path) : NULL;
  g_autofree char *name = path != NULL ? g_path_get_basename (path) : NULL;
  SimStorage *storage = folder != NULL ? _sim_folder_find (self->host, folder) : NULL;

  if (storage != NULL)
    g_hash_table_remove (storage->files, name);
}

/* As if it had been asked for a moment ago. */
void
sim_world_managed_save (SimWorld *self, const char *host, const char *guest)
{
  g_autofree char *path = NULL;
  SimDomain *domain;

  _sim_lock (self);
  domain = _sim_find_domain (_sim_need_host (self, host), guest);
  _sim_folder_need (domain->host, SAVES);
  path = managed_path (domain);
  _sim_domain_set_cpus (domain, FALSE);
  if (!write_saved (domain, path))
    g_error ("sim: there is no room for the saved image");
  domain->managed_save = TRUE;
  _sim_domain_stop (domain, SHUTOFF_SAVED);
  _sim_unlock (self);
}

/* ---- definitions ---- */

void
_sim_domain_define (SimDomain *self, const char *xml)
{
  char **place = self->active ? &self->definition : &self->xml;

  g_free (*place);
  *place = g_strdup (xml);
  if (!self->active)
    g_clear_pointer (&self->definition, g_free);
}

/* An element of our namespace is a mark, whatever it says. */
char *
_sim_domain_dup_mark (const SimDomain *self)
{
  const char *xml = self->definition != NULL ? self->definition : self->xml;
  g_autoptr (GPtrArray) elements = NULL;

  if (!self->persistent || strstr (xml, MIGRATE_MARK_NAMESPACE) == NULL)
    return NULL;
  elements = _sim_xml_read (xml);
  for (guint i = 0; i < elements->len; i++)
    {
      const SimElement *element = elements->pdata[i];

      for (guint n = 0;
           g_str_has_prefix (element->path, "domain/metadata/") && element->names[n] != NULL; n++)
        if (g_str_has_prefix (element->names[n], "xmlns")
            && g_str_equal (element->values[n], MIGRATE_MARK_NAMESPACE))
          return g_strstrip (g_strdup (element->text->str));
    }
  return NULL;
}

static char *
without_mark (const char *xml)
{
  g_autoptr (GRegex) mark
    = g_regex_new ("\\s*<(\\w+):(\\w+)\\s+xmlns:\\1=['\"]" MIGRATE_MARK_NAMESPACE
                   "['\"][^>]*(/>|>[^<]*</\\1:\\2>)",
                   0, 0, NULL);
  g_autoptr (GRegex) empty
    = g_regex_new ("\\s*(<metadata>\\s*</metadata>|<metadata/>)", 0, 0, NULL);
  g_autofree char *text = g_regex_replace_literal (mark, xml, -1, 0, "", 0, NULL);

  return g_regex_replace_literal (empty, text, -1, 0, "", 0, NULL);
}

static char *
with_mark (const char *xml, const char *mark)
{
  g_autofree char *element = g_markup_printf_escaped (
    "\n    <" MIGRATE_MARK_PREFIX ":" MIGRATE_MARK_ELEMENT " xmlns:" MIGRATE_MARK_PREFIX
    "='" MIGRATE_MARK_NAMESPACE "'>%s</" MIGRATE_MARK_PREFIX ":" MIGRATE_MARK_ELEMENT ">",
    mark);
  GString *text = g_string_new (xml);

  if (strstr (xml, "<metadata>") == NULL)
    g_string_replace (text, "</uuid>", "</uuid>\n  <metadata>\n  </metadata>", 1);
  g_string_insert (
    text, strstr (text->str, "<metadata>") - text->str + (gssize) strlen ("<metadata>"), element);
  return g_string_free (text, FALSE);
}

gboolean
_sim_do_set_mark (SimRequest *self)
{
  SimDomain *domain = _sim_request_job (self, FALSE);
  g_autofree char *plain = NULL;
  g_autofree char *xml = NULL;

  if (domain == NULL)
    return FALSE;
  if (!domain->persistent)
    return _sim_refuse (self, ERR_INVALID,
                        "Requested operation is not valid: transient domains do not have any "
                        "persistent config");
  plain = without_mark (domain->definition != NULL ? domain->definition : domain->xml);
  xml = self->call->text_in != NULL ? with_mark (plain, self->call->text_in) : g_strdup (plain);
  _sim_domain_define (domain, xml);
  return TRUE;
}

/* ---- on and off ---- */

/* libvirt's unit of memory, where none is given, is KiB. */
static guint64
memory_of (GPtrArray *elements)
{
  const char *unit = _sim_xml_attribute (elements, G_MAXUINT, "domain/memory", "unit");

  return _sim_xml_bytes (elements, "domain/memory", 0) << (unit == NULL ? 10 : 0);
}

/* A guest that was resized has the memory that its definition says when it starts. */
static void
take_shape (SimDomain *domain)
{
  g_autoptr (GPtrArray) elements = _sim_xml_read (domain->xml);
  guint64 memory = memory_of (elements);

  if (!domain->guest->opens_files || memory == 0)
    return;
  domain->guest->memory = memory;
  domain->guest->working_set = MIN (domain->guest->working_set, memory);
}

gboolean
_sim_do_start (SimRequest *self)
{
  SimDomain *domain = _sim_request_job (self, FALSE);
  g_autofree char *refusal = NULL;
  int code;

  if (domain == NULL)
    return FALSE;
  if (domain->active)
    return _sim_refuse (self, ERR_INVALID,
                        "Requested operation is not valid: domain is already running");
  if (domain->managed_save)
    {
      g_autofree char *path = managed_path (domain);

      if (!restore (self, path, NULL /* other_xml */, FALSE))
        return FALSE;
      _sim_domain_drop_managed_save (domain);
      return TRUE;
    }
  refusal = _sim_disks_refusal (domain, domain->xml, FALSE, NULL /* mirrored */, &code);
  if (refusal != NULL)
    return _sim_refuse_storage (self, code, refusal);
  take_shape (domain);
  _sim_domain_boot (domain);
  return TRUE;
}

static SimGuest *
guest_of_document (SimWorld *self, GPtrArray *elements)
{
  const char *uuid = _sim_xml_text (elements, "domain/uuid");
  const char *name = _sim_xml_text (elements, "domain/name");
  SimGuest *guest = uuid != NULL ? _sim_find_guest (self, uuid) : NULL;

  if (guest != NULL || uuid == NULL || name == NULL)
    return guest;
  guest = g_new0 (SimGuest, 1);
  guest->name = g_strdup (name);
  guest->uuid = g_strdup (uuid);
  guest->memory = MAX (SIM_BLOCK, memory_of (elements));
  guest->working_set = guest->memory;
  guest->disks = g_ptr_array_new ();
  guest->opens_files = TRUE;
  g_ptr_array_add (self->guests, guest);
  return guest;
}

gboolean
_sim_do_create_paused (SimRequest *self)
{
  g_autoptr (GPtrArray) elements = _sim_xml_read (self->call->text_in);
  SimGuest *guest = guest_of_document (self->world, elements);
  SimDomain *domain = guest != NULL ? _sim_find_domain (self->host, guest->uuid) : NULL;
  SimDomain try = { .host = self->host, .guest = guest };
  g_autofree char *refusal = NULL;
  int code;

  if (guest == NULL)
    return _sim_refuse (self, SIM_ERR_XML, "XML error: no name or UUID");
  if (domain != NULL)
    return _sim_refuse (self, ERR_FAILED,
                        "operation failed: domain already exists with that name or uuid");
  refusal = _sim_disks_refusal (&try, self->call->text_in, FALSE, NULL /* mirrored */, &code);
  if (refusal != NULL)
    return _sim_refuse_storage (self, code, refusal);
  domain = _sim_domain_new (self->host, guest);
  domain->xml = g_strdup (self->call->text_in);
  _sim_domain_boot (domain);
  _sim_domain_set_cpus (domain, FALSE);
  _sim_domain_set_state (domain, MIGRATE_DOMAIN_PAUSED, MIGRATE_PAUSED_USER);
  return TRUE;
}

static SimFile *
file_of (SimDomain *domain, GPtrArray *elements, const char *target)
{
  for (guint i = 0; i < elements->len; i++)
    {
      guint item = ((const SimElement *) elements->pdata[i])->item;
      const char *name = _sim_xml_attribute (elements, item, "domain/devices/disk/target", "dev");

      if (g_strcmp0 (name, target) == 0)
        return _sim_file_find (
          domain->host, _sim_xml_attribute (elements, item, "domain/devices/disk/source", "file"));
    }
  return NULL;
}

/* It does not wait for the guest's end. */
gboolean
_sim_do_touch_disks (SimRequest *self)
{
  SimDomain *domain = _sim_request_monitor (self);
  g_autoptr (GPtrArray) elements = domain != NULL ? _sim_xml_read (domain->xml) : NULL;
  GVariantIter iter;
  const char *target;
  GVariant *size;

  if (domain == NULL)
    return FALSE;
  g_variant_iter_init (&iter, self->call->question);
  while (g_variant_iter_next (&iter, "{&sv}", &target, &size))
    {
      SimFile *file = file_of (domain, elements, target);
      guint64 bytes = g_variant_get_uint64 (size);

      g_variant_unref (size);
      if (file == NULL || file->size != bytes)
        return _sim_refuse (self, SIM_ERR_INVALID_ARG, "invalid argument: invalid path or size");
      file->unflushed = FALSE;
    }
  return TRUE;
}

/* Whoever presses the button again is not heard while the guest is about it. */
gboolean
_sim_do_shut_down (SimRequest *self)
{
  SimDomain *domain = _sim_request_monitor (self);
  SimAction end = { .what = SIM_END_SHUT_DOWN };

  if (domain == NULL)
    return FALSE;
  if (domain->shut_down_at > 0 || domain->guest->shut_down_ms == SIM_NEVER)
    return TRUE;
  end.host = self->host->name;
  end.guest = domain->guest->uuid;
  domain->shut_down_at = self->world->now + (gint64) MAX (1, domain->guest->shut_down_ms) * SIM_MS;
  _sim_schedule_action (self->world, domain->shut_down_at - self->world->now, &end);
  return TRUE;
}
