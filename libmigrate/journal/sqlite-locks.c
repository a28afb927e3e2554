/* Who keeps a journal locked, as far as the kernel tells: /proc/locks names the process of each
 * lock. Asking with fcntl (F_GETLK) would need a descriptor of our own, and closing that would drop
 * the locks that SQLite holds for this process. */
#include "journal/sqlite-private.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Where SQLite's format puts the lock of a writer: a byte of the -shm file in WAL mode, else one of
 * the database itself. */
#define WAL_WRITE_BYTE G_GUINT64_CONSTANT (120)
#define RESERVED_BYTE G_GUINT64_CONSTANT (0x40000001)

static gboolean
is_lock_of (const char *line, const struct stat *st, guint64 byte, guint *pid)
{
  guint64 inode, first, last = G_MAXUINT64;
  guint major, minor;
  char end[24];

  /* "1: POSIX  ADVISORY  WRITE 1234 fd:01:131085 120 120"; the end may be "EOF". */
  if (sscanf (line,
              "%*u: POSIX %*s WRITE %u %x:%x:%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %23s", pid,
              &major, &minor, &inode, &first, end)
      != 6)
    return FALSE;
  if (!g_str_equal (end, "EOF"))
    last = g_ascii_strtoull (end, NULL, 10);
  return inode == st->st_ino && major == major (st->st_dev) && minor == minor (st->st_dev)
         && first <= byte && byte <= last && *pid != 0;
}

static guint
find_lock (const char *locks, const char *file, guint64 byte)
{
  g_auto (GStrv) lines = g_strsplit (locks, "\n", -1);
  struct stat st;
  guint pid;

  if (stat (file, &st) != 0)
    return 0;
  for (guint i = 0; lines[i] != NULL; i++)
    if (is_lock_of (lines[i], &st, byte, &pid))
      return pid;
  return 0;
}

guint
_migrate_store_find_writer (MigrateStore *self)
{
  g_autofree char *shm = self->file != NULL ? g_strconcat (self->file, "-shm", NULL) : NULL;
  g_autofree char *locks = NULL;
  guint pid;

  if (shm == NULL || !g_file_get_contents ("/proc/locks", &locks, NULL, NULL))
    return 0;
  pid = find_lock (locks, shm, WAL_WRITE_BYTE);
  return pid != 0 ? pid : find_lock (locks, self->file, RESERVED_BYTE);
}
