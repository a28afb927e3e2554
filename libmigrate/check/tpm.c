/* Decide: the guest's TPM: whose it is, whether the destination can give it one, and where its
 * state is, which must neither be left nor be in two hands. */
#include "check/checks-private.h"

#include <string.h>

/* NULL past the last. */
static const MigrateDevice *
nth_tpm (const MigrateLook *look, guint nth)
{
  const GPtrArray *devices = _migrate_look_there (look)->devices;

  for (guint i = 0; i < devices->len; i++)
    {
      const MigrateDevice *device = devices->pdata[i];

      if (g_str_equal (device->element, "tpm") && nth-- == 0)
        return device;
    }
  return NULL;
}

static const char *
name_of (const MigrateDevice *device)
{
  if (device->path != NULL)
    return device->path;
  return device->alias != NULL ? device->alias : device->element;
}

static gboolean
is_emulated (const MigrateDevice *device)
{
  return g_strcmp0 (device->type, "emulator") == 0;
}

static void
look_passthrough (MigrateLook *look)
{
  const MigrateDevice *device;

  for (guint i = 0; (device = nth_tpm (look, i)) != NULL; i++)
    if (g_strcmp0 (device->type, "passthrough") == 0)
      _migrate_look_find (look, name_of (device), NULL);
}

static void
look_state (MigrateLook *look)
{
  const MigrateDevice *device;

  for (guint i = 0; (device = nth_tpm (look, i)) != NULL; i++)
    if (is_emulated (device))
      _migrate_look_find (look, name_of (device), NULL);
}

static void
look_tpm_unknown (MigrateLook *look)
{
  const MigrateDomainCapabilities *domain = look->facts->on_destination.domain;
  const MigrateDevice *device;

  for (guint i = 0; domain != NULL && (device = nth_tpm (look, i)) != NULL; i++)
    {
      if (device->type != NULL && domain->tpm_backends[0] != NULL
          && !g_strv_contains ((const char *const *) domain->tpm_backends, device->type))
        _migrate_look_find (look, name_of (device), device->type, NULL);
      else if (device->model != NULL && domain->tpm_models[0] != NULL
               && !g_strv_contains ((const char *const *) domain->tpm_models, device->model))
        _migrate_look_find (look, name_of (device), device->model, NULL);
    }
}

/* ---- state on storage that both hosts have ---- */

#define SWTPM_FOLDER "/var/lib/libvirt/swtpm/" /* of the system's libvirt, where none is given */
#define LIBVIRT_SHARES_TPM 9000000 /* 9.0: asks swtpm whether it can, and hands it over */

/* NULL: not known. */
static char *
state_of (const MigrateLook *look, const MigrateDevice *tpm)
{
  if (tpm->path != NULL)
    return g_strdup (tpm->path);
  return strstr (look->request->source_uri, "/system") != NULL
           ? g_strconcat (SWTPM_FOLDER, look->facts->shape->uuid, NULL)
           : NULL;
}

static gboolean
is_in_network_pool (const MigrateLook *look, const char *path)
{
  static const char *const types[] = { "netfs", "gluster", "vstorage", NULL };
  const GPtrArray *pools = look->facts->on_destination.pools;

  for (guint i = 0; pools != NULL && i < pools->len; i++)
    {
      const MigratePool *pool = pools->pdata[i];

      if (pool->type != NULL && pool->target != NULL && g_strv_contains (types, pool->type)
          && _migrate_path_is_below (path, pool->target))
        return TRUE;
    }
  return FALSE;
}

static gboolean
hands_tpm_over (const MigrateLook *look)
{
  return look->facts->source.libvirt_version >= LIBVIRT_SHARES_TPM
         && look->facts->destination.libvirt_version >= LIBVIRT_SHARES_TPM;
}

/* libvirt refuses it where swtpm cannot; which swtpm the hosts have, nobody is told. */
static void
look_tpm_shared (MigrateLook *look)
{
  const MigrateDevice *device;

  for (guint i = 0; (device = nth_tpm (look, i)) != NULL; i++)
    {
      g_autofree char *state = is_emulated (device) ? state_of (look, device) : NULL;

      if (state != NULL
          && (_migrate_look_is_in_shared_folder (look, state) || is_in_network_pool (look, state)))
        _migrate_look_find_as (
          look, hands_tpm_over (look) ? MIGRATE_SEVERITY_WARNING : look->check->severity,
          name_of (device), state, NULL);
    }
}

static const MigrateCheck checks[] = {
  { "tpm-passthrough", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "the guest has the host's own TPM: what that holds stays there",
    "The guest has the host's own TPM, “$1”", "Give it an emulated one", look_passthrough },
  { "tpm-state-lost", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "the guest has an emulated TPM, whose state travels with memory only: after a cold move it has "
    "a new one, and what the old one sealed (a disk's key) cannot be opened",
    "The state of the guest's TPM “$1” does not travel with a guest that is off",
    "Move it while it runs, or with the kind “suspend”; or accept that it has a new, empty TPM "
    "there",
    look_state, MIGRATE_CHECK_RUNS | MIGRATE_CHECK_SUSPEND },
  { "tpm-unknown", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "the destination's libvirt does not offer the kind of TPM that the guest has: most often swtpm "
    "is not installed there",
    "The destination does not offer the guest's TPM ($2)", "Install swtpm there",
    look_tpm_unknown },
  { "tpm-state-shared", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "the state of the guest's emulated TPM is on storage that the hosts share, as a pool or the "
    "probe of its folder shows: libvirt before 9.0 does not know how to hand it over; a warning "
    "where both have 9.0, which refuses it unless swtpm can (0.8 or later)",
    "The state of the guest's TPM “$1” is on storage that the hosts share: “$2”",
    "See to it that both hosts have libvirt 9.0 and swtpm 0.8, or later", look_tpm_shared,
    MIGRATE_CHECK_COLD },
  { "tpm-state", MIGRATE_SEVERITY_NOTE, FALSE,
    "the guest has an emulated TPM: its state moves along with memory; QEMU refuses it with an "
    "swtpm "
    "that is too old to tell it",
    "The state of the guest's TPM “$1” moves along with its memory", NULL, look_state,
    MIGRATE_CHECK_COLD },
};

const MigrateCheckFamily _migrate_tpm_checks = { "tpm", checks, G_N_ELEMENTS (checks) };
