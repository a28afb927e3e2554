/* What libvirt 9.0 and QEMU 7.2 refuse of a transfer's wishes, as the lab has shown it: with their
 * codes and words. The simulated hosts have no certificates, as hosts have until somebody makes
 * some. */
#include "sim-private.h"

enum
{
  ERR_INTERNAL = 1,
  ERR_INVALID_ARG = 8,
  ERR_INVALID = 55
};

static gboolean
compresses (const MigrateTransfer *request, const char *method)
{
  return request->compression != NULL
         && g_strv_contains ((const char *const *) request->compression, method);
}

/* Sets words when it refuses. */
static int
refuse_flags (const MigrateTransfer *request, const char **words)
{
  if (request->transport == MIGRATE_TRANSPORT_TUNNELLED && request->connections > 0)
    {
      *words = "Flags 'VIR_MIGRATE_TUNNELLED' and 'VIR_MIGRATE_PARALLEL' are mutually exclusive";
      return ERR_INVALID_ARG;
    }
  if (request->zero_copy && request->connections == 0)
    {
      *words = "Requested operation is not valid: zero-copy is only available for parallel "
               "migration";
      return ERR_INVALID;
    }
  if (compresses (request, "zlib") || compresses (request, "zstd"))
    {
      *words = "invalid argument: Unsupported compression method";
      return ERR_INVALID_ARG;
    }
  return 0;
}

static int
refuse_capabilities (const MigrateTransfer *request, const char **words)
{
  if (request->tls)
    *words = "internal error: unable to execute QEMU command 'object-add': Unable to access "
             "credentials /etc/pki/qemu/ca-cert.pem: No such file or directory";
  else if (request->connections > 0 && compresses (request, "mt"))
    *words = "internal error: unable to execute QEMU command 'migrate-set-capabilities': Multifd "
             "is not compatible with compress";
  else if (request->zero_copy && request->compression != NULL && request->compression[0] != NULL)
    *words = "internal error: unable to execute QEMU command 'migrate-set-capabilities': Zero copy "
             "only available for non-compressed non-TLS multifd migration";
  else if (compresses (request, "mt") && request->compression_level > 9)
    *words = "internal error: unable to execute QEMU command 'migrate-set-parameters': Parameter "
             "'compress_level' expects a value between 0 and 9";
  else if (compresses (request, "xbzrle")
           && (request->xbzrle_cache & (request->xbzrle_cache - 1)) != 0)
    *words = "internal error: unable to execute QEMU command 'migrate-set-parameters': Parameter "
             "'xbzrle_cache_size' expects a power of two no less than the target page size";
  return *words != NULL ? ERR_INTERNAL : 0;
}

int
_sim_refuse_transfer (const MigrateTransfer *request, const char **words)
{
  int code;

  *words = NULL;
  code = refuse_flags (request, words);
  return code != 0 ? code : refuse_capabilities (request, words);
}
