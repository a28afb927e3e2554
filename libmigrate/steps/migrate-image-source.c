/* The interface of the embedding program's images. */
#include "model/model-private.h"

/**
 * MigrateImageSource:
 *
 * Where backing files come from that the destination lacks: an image service of the platform's, a
 * folder of images. An interface, because only the embedding program knows where that is;
 * [class@Migrate.DirectoryImageSource] is one for a folder. Without any the source host itself
 * serves the file.
 *
 * No byte of an image passes through the program's code: it names a file, and the library reads it,
 * writes it to a new volume at the destination, reads that back, and looks at size and checksum,
 * before anything uses it.
 *
 * Its method runs in the main context that was thread-default when the job was made, and its
 * answer is awaited for `fetch-timeout` of the policy.
 *
 * Since: 1.0
 */

G_DEFINE_INTERFACE (MigrateImageSource, migrate_image_source, G_TYPE_OBJECT)

static gboolean
image_source_fetch_default (MigrateImageSource *self, MigrateRequest *request)
{
  return migrate_request_refuse (request, "not-found", "The image source has no images");
}

static void
migrate_image_source_default_init (MigrateImageSourceInterface *iface)
{
  iface->fetch = image_source_fetch_default;
}

/**
 * migrate_image_source_fetch:
 * @self: the image source
 * @request: what is asked
 *
 * Asks for a backing file. The details have, beside what every request has: `name`, its file name,
 * and `path`, at the source; `size` of the file and `capacity` of the disk that is inside, `t`,
 * bytes; `format`, as declared; `target`, the disk that it is below; and where it is wanted at the
 * destination: `path-there`, `pool-there`, `name-there`. What is not known is left out.
 *
 * The implementation answers, now or later, from any thread, with one of
 *
 * - `path`, a string, or `ay` where it is not UTF-8: a regular file of this machine's. It must be
 * there, and stay as it is, until the edge of the job that asked is over;
 * - `pool` and `name`, strings: a volume of the `side`, a string, `destination` when it is left
 *   out, or `source`;
 *
 * and with `size`, a number, and `checksum`, a string: SHA-256 of the whole file, hexadecimal. The
 * file must be the source's, byte by byte: a part of it is compared; all of it when there is no
 * checksum, or when `verify` of the policy is `always`. What is shorter, longer, or other than the
 * answer says ends the move with %MIGRATE_ERROR_INVALID, and nothing of it stays.
 *
 * It refuses with `not-found` when it has no such image: the source host serves it then.
 *
 * Returns: true when the request was answered or will be; false fails it at once
 *
 * Since: 1.0
 */
gboolean
migrate_image_source_fetch (MigrateImageSource *self, MigrateRequest *request)
{
  g_return_val_if_fail (MIGRATE_IS_IMAGE_SOURCE (self), FALSE);
  g_return_val_if_fail (MIGRATE_IS_REQUEST (request), FALSE);
  return MIGRATE_IMAGE_SOURCE_GET_IFACE (self)->fetch (self, request);
}
