/* Decide: what stands against a move, from facts alone. Each family of checks has a file; here is
 * what they share, and what the caller takes on himself. */
#include "check/checks-private.h"

#include <string.h>

/* ---- what is said ---- */

static char *
expand (const char *text, const GPtrArray *words)
{
  GString *out = g_string_new (NULL);

  for (const char *p = text; *p != '\0'; p++)
    if (p[0] == '$' && p[1] >= '1' && (guint) (p[1] - '1') < words->len)
      g_string_append (out, words->pdata[*++p - '1']);
    else
      g_string_append_c (out, *p);
  return g_string_free (out, FALSE);
}

static void
add (MigrateLook *look, MigrateSeverity severity, const char *subject, const char *message,
     const char *remedy)
{
  MigrateFinding *finding
    = _migrate_finding_new (severity, look->check->code, subject, message, remedy);

  if (severity == MIGRATE_SEVERITY_BLOCKER && look->check->acceptable
      && _migrate_policy_accepts (look->policy, look->check->code))
    _migrate_finding_accept (finding);
  _migrate_report_add (look->report, finding);
}

static void
add_worded (MigrateLook *look, MigrateSeverity severity, const char *remedy, const char *subject,
            va_list args)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  g_autofree char *message = NULL;

  for (const char *word = subject; word != NULL; word = va_arg (args, const char *))
    g_ptr_array_add (words, (char *) word);
  message = expand (look->check->message, words);
  add (look, severity, subject, message, remedy);
}

void
_migrate_look_find (MigrateLook *look, const char *subject, ...)
{
  va_list args;

  va_start (args, subject);
  add_worded (look, look->check->severity, look->check->remedy, subject, args);
  va_end (args);
}

void
_migrate_look_find_as (MigrateLook *look, MigrateSeverity severity, const char *subject, ...)
{
  va_list args;

  va_start (args, subject);
  add_worded (look, severity, look->check->remedy, subject, args);
  va_end (args);
}

void
_migrate_look_find_with (MigrateLook *look, MigrateSeverity severity, const char *remedy,
                         const char *subject, ...)
{
  va_list args;

  va_start (args, subject);
  add_worded (look, severity, remedy, subject, args);
  va_end (args);
}

void
_migrate_look_found (MigrateLook *look, MigrateSeverity severity, const char *subject,
                     const char *remedy, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  add (look, severity, subject, message, remedy);
}

char *
_migrate_look_size (guint64 bytes)
{
  static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  double size = (double) bytes;
  gsize unit = 0;

  for (; size >= 1024 && unit + 1 < G_N_ELEMENTS (units); unit++)
    size /= 1024;
  g_ascii_formatd (number, sizeof number, unit > 0 ? "%.1f" : "%.0f", size);
  return g_strdup_printf ("%s %s", number, units[unit]);
}

/* ---- what is looked at ---- */

const MigrateGuest *
_migrate_look_there (const MigrateLook *look)
{
  return look->request->there != NULL ? look->request->there : look->facts->shape;
}

const MigrateFileFacts *
_migrate_look_file (const MigrateLook *look, const char *path)
{
  const GPtrArray *files = look->facts->on_destination.files;

  for (guint i = 0; path != NULL && files != NULL && i < files->len; i++)
    {
      const MigrateFileFacts *file = files->pdata[i];

      if (g_strcmp0 (file->path, path) == 0)
        return file;
    }
  return NULL;
}

/* A file that no pool has the directory of was not looked for. */
gboolean
_migrate_look_lacks (const MigrateLook *look, const char *path)
{
  const MigrateFileFacts *file = _migrate_look_file (look, path);

  return file != NULL && !file->found && file->pool != NULL;
}

gboolean
_migrate_path_is_below (const char *path, const char *folder)
{
  gsize length = strlen (folder);

  while (length > 0 && folder[length - 1] == '/')
    length--;
  return strncmp (path, folder, length) == 0 && path[length] == '/';
}

gboolean
_migrate_look_is_in_shared_folder (const MigrateLook *look, const char *path)
{
  for (guint i = 0; i < look->facts->probed->len; i++)
    {
      const MigrateProbed *probed = look->facts->probed->pdata[i];
      g_autofree char *folder = g_path_get_dirname (probed->path);

      if (probed->sharing == MIGRATE_SHARING_SHARED && _migrate_path_is_below (path, folder))
        return TRUE;
    }
  return FALSE;
}

gboolean
_migrate_look_is_file (const MigrateDisk *disk)
{
  return _migrate_disk_is_file (disk) || (g_str_equal (disk->type, "dir") && disk->path != NULL);
}

MigrateSharing
_migrate_look_sharing (const MigrateLook *look, const MigrateDisk *disk, const char **why)
{
  MigrateSharing sharing = _migrate_probed_of (look->facts->probed, disk->target, why);

  if (*why == NULL)
    *why = "that was not tried";
  return sharing;
}

MigrateFate
_migrate_look_fate (const MigrateLook *look, const MigrateDisk *disk, const char **why)
{
  return _migrate_disk_fate (look->facts, look->request, look->policy, look->kind, disk, why);
}

/* ---- what the caller takes on himself ---- */

static void
look_accept_unknown (MigrateLook *look)
{
  g_auto (GStrv) codes = _migrate_policy_dup_list (look->policy, "accept");

  for (gsize i = 0; codes[i] != NULL; i++)
    if (_migrate_check_by_code (codes[i]) == NULL)
      _migrate_look_find (look, codes[i], NULL);
}

/* What is no blocker needs no accepting: that is no mistake. */
static void
look_accept_refused (MigrateLook *look)
{
  g_auto (GStrv) codes = _migrate_policy_dup_list (look->policy, "accept");

  for (gsize i = 0; codes[i] != NULL; i++)
    {
      const MigrateCheck *check = _migrate_check_by_code (codes[i]);

      if (check != NULL && check->severity == MIGRATE_SEVERITY_BLOCKER && !check->acceptable)
        _migrate_look_find (look, codes[i], NULL);
    }
}

/* ---- another way ---- */

/* Whether a move with saved memory would mind none of the blockers, and one is its reason. */
static void
look_suspend (MigrateLook *look)
{
  guint spared = 0;

  if (_migrate_disk_beside (look->facts) == NULL)
    return;
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (look->report)); i++)
    {
      g_autoptr (MigrateFinding) finding = g_list_model_get_item (G_LIST_MODEL (look->report), i);
      const MigrateCheck *check = _migrate_check_by_code (migrate_finding_get_code (finding));

      if (migrate_finding_get_severity (finding) != MIGRATE_SEVERITY_BLOCKER)
        continue;
      if (check == NULL || (check->spares & MIGRATE_CHECK_SUSPEND) == 0)
        return;
      spared++;
    }
  if (spared > 0)
    _migrate_look_find (look, look->facts->guest.name, NULL);
}

static const MigrateCheck checks[] = {
  { "suspend-possible", MIGRATE_SEVERITY_NOTE, FALSE,
    "what stands against the move does not stand against one of the kind `suspend`: the guest "
    "stops, its memory is saved, travels, and is restored",
    "Guest “$1” could move with its memory saved to a file, and stand still meanwhile",
    "Ask for the kind “suspend” where that may be", look_suspend, MIGRATE_CHECK_STOPS },
  { "accept-unknown", MIGRATE_SEVERITY_WARNING, FALSE,
    "the policy key `accept` names a code that no check has",
    "“$1” is to be accepted, and no check has that code",
    "Name the code of the finding that is to be accepted", look_accept_unknown },
  { "accept-refused", MIGRATE_SEVERITY_WARNING, FALSE,
    "the policy key `accept` names a blocker that cannot be accepted",
    "“$1” is to be accepted, and nobody can take that on himself",
    "Take it out of the policy key “accept”; where it is found it must be put right",
    look_accept_refused },
};
static const MigrateCheckFamily accept_checks = { "accept", checks, G_N_ELEMENTS (checks) };

/* ---- all of them ---- */

const MigrateCheckFamily *
_migrate_check_family (gsize i)
{
  static const MigrateCheckFamily *const families[] = {
    &_migrate_identity_checks, &_migrate_storage_checks,
    &_migrate_image_checks,    &_migrate_copy_checks,
    &_migrate_resize_checks,   &_migrate_chain_checks,
    &_migrate_cpu_checks,      &_migrate_device_checks,
    &_migrate_tpm_checks,      &_migrate_network_checks,
    &_migrate_capacity_checks, &_migrate_transport_checks,
    &_migrate_mapping_checks,  &accept_checks,
  };

  return i < G_N_ELEMENTS (families) ? families[i] : NULL;
}

const MigrateCheck *
_migrate_check_by_code (const char *code)
{
  const MigrateCheckFamily *family;

  for (gsize i = 0; (family = _migrate_check_family (i)) != NULL; i++)
    for (gsize j = 0; j < family->n; j++)
      if (g_str_equal (family->checks[j].code, code))
        return &family->checks[j];
  return NULL;
}

MigrateReport *
_migrate_check_evaluate (const MigrateFacts *facts, const MigrateCheckRequest *request,
                         MigratePolicy *policy)
{
  MigrateKind kind = _migrate_kind_choose (facts, request, policy);
  MigrateLook look
    = { facts, request, policy, _migrate_report_new (kind, facts->guest.name, facts->guest.uuid),
        NULL,  kind };
  const MigrateCheckFamily *family;

  for (gsize i = 0; (family = _migrate_check_family (i)) != NULL; i++)
    for (gsize j = 0; j < family->n; j++)
      {
        look.check = &family->checks[j];
        if ((look.check->spares & (1u << kind)) == 0)
          look.check->look (&look);
      }
  return look.report;
}

/* ---- what changed since ---- */

static char *
compare_disks (const MigrateFacts *before, const MigrateFacts *now)
{
  if (before->disks->len != now->disks->len)
    return g_strdup_printf ("the guest had %u disks and has %u now", before->disks->len,
                            now->disks->len);
  for (guint i = 0; i < now->disks->len; i++)
    {
      const MigrateDisk *old = before->disks->pdata[i];
      const MigrateDisk *new = now->disks->pdata[i];

      if (g_strcmp0 (old->target, new->target) != 0 || g_strcmp0 (old->source, new->source) != 0)
        return g_strdup_printf ("disk “%s” is another one now", new->target);
    }
  return NULL;
}

char *
_migrate_facts_compare (const MigrateFacts *before, const MigrateFacts *now)
{
  if (g_strcmp0 (before->guest.uuid, now->guest.uuid) != 0)
    return g_strdup_printf ("guest “%s” has another UUID now", now->guest.name);
  if (g_strcmp0 (before->guest.name, now->guest.name) != 0)
    return g_strdup_printf ("guest “%s” is named “%s” now", before->guest.name, now->guest.name);
  if (before->guest.state != now->guest.state)
    {
      g_autofree char *old = _migrate_domain_describe (before->guest.state, before->guest.reason);
      g_autofree char *new = _migrate_domain_describe (now->guest.state, now->guest.reason);

      return g_strdup_printf ("guest “%s” was %s and is %s now", now->guest.name, old, new);
    }
  if (before->guest.persistent != now->guest.persistent)
    return g_strdup_printf ("guest “%s” is %s now", now->guest.name,
                            now->guest.persistent ? "persistent" : "transient");
  if (g_strcmp0 (before->source.uuid, now->source.uuid) != 0
      || g_strcmp0 (before->destination.uuid, now->destination.uuid) != 0)
    return g_strdup ("a URI leads to another host now");
  return compare_disks (before, now);
}

MigrateCheckRequest
_migrate_check_request (MigrateWork *work)
{
  return (MigrateCheckRequest){
    .kind = work->kind,
    .transport = (MigrateTransport) _migrate_policy_get_enum (work->policy, "transport"),
    .hand_over = (MigrateHandOver) _migrate_policy_get_enum (work->policy, "hand-over"),
    .source_uri = work->source_uri,
    .destination_uri = work->destination_uri,
    .peer_uri = work->peer_uri,
    .migration_uri = work->migration_uri,
    .disks_uri = work->disks_uri,
    .listen_address = work->listen_address,
    .tls_name = work->tls_name,
    .source_name = work->source_name,
    .destination_name = work->destination_name,
    .has_hooks = work->hooks != NULL,
    .has_inventory = work->inventory != NULL,
    .has_connector = work->connector != NULL,
    .has_rewrite = work->has_rewrite,
    .sync_writes = work->sync_writes,
    .mapping = work->mapping,
    .profile = work->profile,
    .resize = work->resize,
  };
}
