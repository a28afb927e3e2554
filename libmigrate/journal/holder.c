/* A holder is alive while it holds flock() on a file of its own beside the journal. The kernel
 * drops the lock with the last descriptor, however the process ends, so that nothing is guessed
 * from process ids, which are used again and mean nothing in another container.
 *
 * flock() and not fcntl(): its lock belongs to the open file, so two journals in one process see
 * each other, and a probe that closes the file does not drop the lock of its own process. The
 * price: a child that was forked without exec keeps the lock as long as it lives. */
#include "journal/holder-private.h"
#include "model/model-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#define HOLDER_PREFIX "holder-"
#define HOLDER_RANDOM_BYTES 16

struct _MigrateHolder
{
  char *path;
  char *name; /* what follows the journal's name and a dot */
  int fd;
  pid_t pid;
};

static char *
holder_path (const char *file, const char *name)
{
  return g_strconcat (file, ".", name, NULL);
}

/* Not g_uuid_string_random(): two forked children would draw the same numbers. */
static gboolean
holder_draw_name (char **name, GError **error)
{
  guint8 bytes[HOLDER_RANDOM_BYTES];
  GString *string;

  if (getrandom (bytes, sizeof bytes, 0) != sizeof bytes)
    {
      _migrate_set_error (error, MIGRATE_ERROR_JOURNAL, NULL,
                          "No name for the holder's lock file could be drawn: %s",
                          g_strerror (errno));
      return FALSE;
    }
  string = g_string_new (HOLDER_PREFIX);
  for (guint i = 0; i < sizeof bytes; i++)
    g_string_append_printf (string, "%02x", bytes[i]);
  *name = g_string_free (string, FALSE);
  return TRUE;
}

/* The journal's content must not lead us to a file of another kind. */
static gboolean
holder_name_is_sound (const char *name)
{
  const char *digits = name + strlen (HOLDER_PREFIX);

  return g_str_has_prefix (name, HOLDER_PREFIX) && strlen (digits) == 2 * HOLDER_RANDOM_BYTES
         && strspn (digits, "0123456789abcdef") == 2 * HOLDER_RANDOM_BYTES;
}

/* Locked first and named after, so that nobody ever sees a lock file of the living unlocked. */
static gboolean
holder_lock (MigrateHolder *self, const char *temporary)
{
  self->fd = open (temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (self->fd < 0)
    return FALSE;
  if (flock (self->fd, LOCK_EX | LOCK_NB) == 0 && g_rename (temporary, self->path) == 0)
    return TRUE;

  int saved = errno;
  g_unlink (temporary);
  errno = saved;
  return FALSE;
}

MigrateHolder *
_migrate_holder_new (const char *file, GError **error)
{
  g_autoptr (MigrateHolder) self = g_new0 (MigrateHolder, 1);
  g_autofree char *temporary = NULL;

  self->fd = -1;
  self->pid = getpid ();
  if (!holder_draw_name (&self->name, error))
    return NULL;
  self->path = holder_path (file, self->name);
  temporary = g_strconcat (self->path, ".new", NULL);
  if (!holder_lock (self, temporary))
    {
      _migrate_set_error (error, MIGRATE_ERROR_JOURNAL,
                          "Make the folder of the journal writable, on a file system that knows "
                          "file locks, or name another journal",
                          "The lock file “%s” cannot be made: %s", self->path, g_strerror (errno));
      return NULL;
    }
  return g_steal_pointer (&self);
}

/* In a forked child only our copy of the descriptor is closed: unlocking or removing the file
 * would take the parent's life. */
void
_migrate_holder_free (MigrateHolder *self)
{
  if (self->fd >= 0)
    {
      if (self->pid == getpid ())
        g_unlink (self->path);
      close (self->fd);
    }
  g_free (self->path);
  g_free (self->name);
  g_free (self);
}

const char *
_migrate_holder_get_name (MigrateHolder *self)
{
  return self->name;
}

gboolean
_migrate_holder_probe (const char *file, const char *name, gboolean *alive, GError **error)
{
  g_autofree char *path = holder_path (file, name);
  int fd, rc, saved;

  if (!holder_name_is_sound (name))
    {
      _migrate_set_error (error, MIGRATE_ERROR_JOURNAL, "Move the journal away",
                          "Journal “%s” names a holder that cannot be: “%s”", file, name);
      return FALSE;
    }
  fd = open (path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT)
    {
      *alive = FALSE;
      return TRUE;
    }
  if (fd >= 0)
    {
      rc = flock (fd, LOCK_SH | LOCK_NB);
      saved = errno;
      close (fd);
      if (rc == 0 || saved == EWOULDBLOCK)
        {
          *alive = rc != 0;
          return TRUE;
        }
      errno = saved;
    }
  /* Unknown is not dead: nothing is taken over on it. */
  _migrate_set_error (error, MIGRATE_ERROR_JOURNAL, NULL,
                      "Whether the holder with the lock file “%s” is alive cannot be told: %s",
                      path, g_strerror (errno));
  return FALSE;
}

void
_migrate_holder_bury (const char *file, const char *name)
{
  g_autofree char *path = holder_path (file, name);

  /* Names are never used twice: what was dead stays dead. */
  g_unlink (path);
}

void
_migrate_holder_sweep (const char *file)
{
  g_autofree char *folder = g_path_get_dirname (file);
  g_autofree char *base = g_path_get_basename (file);
  g_autofree char *prefix = g_strconcat (base, ".", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *entry;

  while (dir != NULL && (entry = g_dir_read_name (dir)) != NULL)
    {
      const char *name = entry + strlen (prefix);
      gboolean alive = TRUE;

      if (g_str_has_prefix (entry, prefix) && holder_name_is_sound (name)
          && _migrate_holder_probe (file, name, &alive, NULL) && !alive)
        _migrate_holder_bury (file, name);
    }
}
