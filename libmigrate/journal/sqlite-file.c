/* The journal's folder and file. The journal decides what recover does, so nobody else may be able
 * to change it; and it names hosts and disks, so nobody else needs to read it. */
#include "journal/sqlite-private.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define REMEDY_OTHER_PATH "Name another path for the journal"

static gboolean
file_refuse (GError **error, const char *remedy, const char *path, const char *why)
{
  _migrate_set_error (error, MIGRATE_ERROR_JOURNAL, remedy, "Journal “%s” cannot be opened: %s",
                      path, why);
  return FALSE;
}

static gboolean
file_check (const char *path, const struct stat *st, GError **error)
{
  g_autofree char *owner = NULL;

  if (!S_ISREG (st->st_mode))
    return file_refuse (error, REMEDY_OTHER_PATH, path, "it is not a regular file");
  if (st->st_uid != geteuid ())
    {
      owner = g_strdup_printf ("it belongs to user %u, this program runs as user %u",
                               (guint) st->st_uid, (guint) geteuid ());
      return file_refuse (error, "Run as the owner of the journal, or name another path", path,
                          owner);
    }
  if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return file_refuse (error,
                        "See that nobody has changed it, then take the right away: chmod 0600",
                        path, "others may write to it");
  if (st->st_size == 1) /* SQLite would take it for an empty one */
    return file_refuse (error, REMEDY_OTHER_PATH, path, "it is not a database");
  return TRUE;
}

/* mknod(), because SQLite would use the umask, and because a descriptor of our own, closed while
 * another journal of this process is open, would drop the POSIX locks of that one. SQLite gives
 * -wal and -shm the mode of the file. */
static gboolean
file_make (const char *path, GError **error)
{
  if (mknod (path, S_IFREG | 0600, 0) == 0 || errno == EEXIST)
    return TRUE;
  return file_refuse (error,
                      "Make its folder writable for this user, name another path, or choose the "
                      "journal “none”",
                      path, g_strerror (errno));
}

static char *
folder_prepare (const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  char *resolved;
  struct stat st;

  if (g_mkdir_with_parents (folder, 0700) != 0 || (resolved = realpath (folder, NULL)) == NULL
      || stat (resolved, &st) != 0)
    {
      g_autofree char *why
        = g_strdup_printf ("folder “%s” cannot be made or entered: %s", folder, g_strerror (errno));

      file_refuse (error, "Make the folder, name another path, or choose the journal “none”", path,
                   why);
      return NULL;
    }
  if ((st.st_mode & S_IWOTH) != 0 && (st.st_mode & S_ISVTX) == 0)
    {
      free (resolved);
      file_refuse (error, "Take the right to write to its folder away from others", path,
                   "others may replace files in its folder");
      return NULL;
    }
  return resolved;
}

char *
_migrate_store_prepare_file (const char *path, GError **error)
{
  g_autofree char *folder = NULL;
  g_autofree char *base = g_path_get_basename (path);
  g_autofree char *file = NULL;
  struct stat st;

  folder = folder_prepare (path, error);
  if (folder == NULL)
    return NULL;
  file = g_build_filename (folder, base, NULL);
  if (lstat (file, &st) != 0 && errno == ENOENT)
    {
      if (!file_make (file, error))
        return NULL;
    }
  if (lstat (file, &st) != 0)
    {
      file_refuse (error, REMEDY_OTHER_PATH, path, g_strerror (errno));
      return NULL;
    }
  return file_check (path, &st, error) ? g_steal_pointer (&file) : NULL;
}

/* SQLite's write-ahead log needs memory shared between all users of the file, so it breaks between
 * machines. Numbers as in statfs(2); some have no name in the headers. */
gboolean
_migrate_store_file_is_remote (const char *file)
{
  static const guint32 remote[] = {
    0x6969,     /* NFS */
    0x517b,     /* SMB */
    0xff534d42, /* CIFS */
    0xfe534d42, /* SMB2 */
    0x00c36400, /* Ceph */
    0x01161970, /* GFS2 */
    0x7461636f, /* OCFS2 */
    0x0bd00bd0, /* Lustre */
    0x5346414f, /* AFS */
    0x01021997, /* 9P */
    0x65735546, /* FUSE: GlusterFS, sshfs, virtiofs */
  };
  struct statfs fs;

  if (statfs (file, &fs) != 0)
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (remote); i++)
    if ((guint32) fs.f_type == remote[i])
      return TRUE;
  return FALSE;
}
