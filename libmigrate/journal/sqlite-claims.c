/* Claims: one row for each guest that ever had one. The generation grows with each claim and never
 * goes back; a write that names an old one is refused inside its own transaction. So a controller
 * that slept through a takeover cannot record another intent, and without one it does nothing. */
#include "journal/holder-private.h"
#include "journal/sqlite-private.h"

gboolean
_migrate_store_holder_is_alive (MigrateStore *self, const char *own, const char *holder,
                                gboolean *alive, GError **error)
{
  if (g_strcmp0 (own, holder) == 0 || self->file == NULL)
    {
      *alive = TRUE;
      return TRUE;
    }
  return _migrate_holder_probe (self->file, holder, alive, error);
}

gboolean
_migrate_store_check_claim (MigrateStore *self, const char *id, guint64 generation, GError **error)
{
  g_autoptr (sqlite3_stmt) query
    = _migrate_store_query (self, error, "SELECT generation FROM claim WHERE job_id = ?1", "s", id);
  int found = query != NULL ? _migrate_store_step (self, query, error) : -1;
  guint64 current;

  if (found < 0)
    return FALSE;
  current = found == 1 ? _migrate_store_number (query, 0) : 0;
  if (current == generation)
    return TRUE;
  if (generation == 0)
    _migrate_set_error (error, MIGRATE_ERROR_LOST_CLAIM, "Follow the job from the journal",
                        "Job “%s” cannot be written without its claim: it is held with "
                        "generation %" G_GUINT64_FORMAT,
                        id, current);
  else if (current == 0)
    _migrate_set_error (error, MIGRATE_ERROR_LOST_CLAIM, "Follow the guest's newest job",
                        "Job “%s” was taken over or released: its claim with generation "
                        "%" G_GUINT64_FORMAT " is gone",
                        id, generation);
  else
    _migrate_set_error (error, MIGRATE_ERROR_LOST_CLAIM, "Follow the job from the journal",
                        "Job “%s” was taken over by another controller: its claim has generation "
                        "%" G_GUINT64_FORMAT ", ours had %" G_GUINT64_FORMAT,
                        id, current, generation);
  return FALSE;
}

static gboolean
claim_refuse (const char *guest_uuid, const char *id, const char *other, GError **error)
{
  g_autofree char *remedy
    = g_strdup_printf ("Wait for job “%s”: see it with follow, or end it with cancel", other);
  GError *busy;

  if (g_str_equal (id, other))
    busy
      = _migrate_error_new (MIGRATE_ERROR_BUSY, remedy,
                            "Job “%s” of guest “%s” is run by another controller", id, guest_uuid);
  else
    busy = _migrate_error_new (MIGRATE_ERROR_BUSY, remedy, "Guest “%s” is held by job “%s”",
                               guest_uuid, other);
  _migrate_error_private (busy)->other_job = g_strdup (other);
  g_propagate_error (error, busy);
  return FALSE;
}

/* What the row of the guest says: generation stays 0 unless the claim is ours already. */
static gboolean
claim_examine (MigrateStore *self, const char *own, const char *guest_uuid, const char *id,
               guint64 *generation, char **dead, GError **error)
{
  g_autoptr (sqlite3_stmt) query = _migrate_store_query (
    self, error,
    "SELECT job_id, generation, holder FROM claim WHERE guest_uuid = ?1 AND job_id IS NOT NULL",
    "s", guest_uuid);
  int found = query != NULL ? _migrate_store_step (self, query, error) : -1;
  const char *other, *holder;
  gboolean alive;

  if (found != 1)
    return found == 0;
  other = _migrate_store_text (query, 0);
  holder = _migrate_store_text (query, 2);
  if (g_strcmp0 (own, holder) == 0 && g_str_equal (id, other))
    {
      *generation = _migrate_store_number (query, 1);
      return TRUE;
    }
  if (!_migrate_store_holder_is_alive (self, own, holder, &alive, error))
    return FALSE;
  if (alive)
    return claim_refuse (guest_uuid, id, other, error);
  *dead = g_strdup (holder);
  return TRUE;
}

guint64
_migrate_store_claim (MigrateStore *self, const char *own, const char *guest_uuid, const char *id,
                      char **buried, GError **error)
{
  g_autofree char *dead = NULL;
  g_autoptr (sqlite3_stmt) query = NULL;
  guint64 generation = 0;

  if (!_migrate_store_require_job (self, id, error)
      || !claim_examine (self, own, guest_uuid, id, &generation, &dead, error))
    return 0;
  if (generation != 0)
    return generation;
  query = _migrate_store_query (
    self, error,
    "INSERT INTO claim (guest_uuid, job_id, generation, holder, taken) VALUES (?1, ?2, 1, ?3, ?4)"
    "  ON CONFLICT (guest_uuid) DO UPDATE SET job_id = excluded.job_id,"
    "    generation = generation + 1, holder = excluded.holder, taken = excluded.taken"
    "  RETURNING generation",
    "sssu", guest_uuid, id, own, (guint64) g_get_real_time ());
  if (query == NULL || _migrate_store_step (self, query, error) != 1)
    return 0;
  generation = _migrate_store_number (query, 0);
  if (_migrate_store_step (self, query, error) != 0)
    return 0;
  *buried = g_steal_pointer (&dead);
  return generation;
}

gboolean
_migrate_store_release (MigrateStore *self, const char *guest_uuid, const char *id,
                        guint64 generation, GError **error)
{
  if (!_migrate_store_run (self, error,
                           "UPDATE claim SET job_id = NULL, holder = NULL"
                           "  WHERE guest_uuid = ?1 AND job_id = ?2 AND generation = ?3",
                           "ssu", guest_uuid, id, generation))
    return FALSE;
  if (sqlite3_changes (self->db) == 1)
    return TRUE;
  _migrate_set_error (error, MIGRATE_ERROR_LOST_CLAIM, NULL,
                      "Job “%s” cannot release guest “%s”: its claim with generation "
                      "%" G_GUINT64_FORMAT " was taken over or released",
                      id, guest_uuid, generation);
  return FALSE;
}
