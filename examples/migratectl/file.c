/* Files that the tool writes and reads for its user. */
#include "ctl.h"

#include <glib/gstdio.h>
#include <sys/stat.h>

#define PRIVATE 0600 /* as the journal is, whose words are in them */

/* Beside it and renamed, which would put a file in the place of a device. */
gboolean
ctl_file_write (const char *path, const char *what, const char *text, gsize length, GError **error)
{
  GStatBuf present;

  if (g_stat (path, &present) == 0 && !S_ISREG (present.st_mode))
    {
      g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_EXIST,
                   "The %s “%s” cannot be written: it is there and no regular file", what, path);
      return FALSE;
    }
  if (g_file_set_contents_full (path, text, (gssize) length, G_FILE_SET_CONTENTS_CONSISTENT,
                                PRIVATE, error))
    return TRUE;
  g_prefix_error (error, "The %s “%s” cannot be written: ", what, path);
  return FALSE;
}

/* Up to a byte more than the most, so that who reads it sees that it is too long; a device may have
 * no end. */
GBytes *
ctl_file_read (const char *path, const char *what, gsize most, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileInputStream) stream = g_file_read (file, NULL /* cancellable */, error);
  g_autofree char *text = NULL;
  gsize length = 0;

  if (stream != NULL)
    text = g_malloc (most + 1);
  if (stream == NULL
      || !g_input_stream_read_all (G_INPUT_STREAM (stream), text, most + 1, &length,
                                   NULL /* cancellable */, error))
    {
      g_prefix_error (error, "The %s “%s” cannot be read: ", what, path);
      return NULL;
    }
  return g_bytes_new (text, length);
}
