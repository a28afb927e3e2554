/* One call under way, and what those that serve calls have in common. */
#pragma once

#include "sim-private.h"

enum
{
  ERR_INTERNAL = 1,
  ERR_NO_SUPPORT = 3,
  ERR_INVALID_ARG = 8,
  ERR_FAILED = 9,
  ERR_SYSTEM = 38,
  ERR_NO_DOMAIN = 42,
  ERR_INVALID = 55,
  ERR_NO_SECRET = 66,
  ERR_TIMEOUT = 68,
  ERR_UNSUPPORTED = 74,
  ERR_CPU_INCOMPATIBLE = 91
};

typedef struct
{
  SimWorld *world;
  SimActor *actor;
  MigrateConn *conn;
  MigrateCall *call;
  SimHost *host;
  GError **error;
} SimRequest;

/* All return FALSE. */
gboolean _sim_refuse (SimRequest *self, int code, const char *words);
/* As a libvirt backend would say it that knows what this code means here. */
gboolean _sim_refuse_as (SimRequest *self, MigrateError error, int code, const char *words);
gboolean _sim_refuse_storage (SimRequest *self, int code, const char *words);
gboolean _sim_refuse_connection (SimRequest *self);
/* NULL: an error is set. */
SimDomain *_sim_request_domain (SimRequest *self);
/* Its job lock is free for us. */
SimDomain *_sim_request_job (SimRequest *self, gboolean active);
/* Its QEMU answered. */
SimDomain *_sim_request_monitor (SimRequest *self);
/* For something to change about the guest; FALSE: the connection broke, and an error is set. */
gboolean _sim_request_wait (SimRequest *self, SimDomain *domain);

/* ---- sim-calls-disks.c ---- */

gboolean _sim_do_storage (SimRequest *self);
gboolean _sim_do_block_jobs (SimRequest *self);
gboolean _sim_do_snapshots (SimRequest *self);
gboolean _sim_do_snapshot_define (SimRequest *self);
gboolean _sim_do_secret_read (SimRequest *self);
gboolean _sim_do_secret_define (SimRequest *self);
gboolean _sim_do_secret_remove (SimRequest *self);

/* ---- sim-calls-life.c ---- */

gboolean _sim_do_create_paused (SimRequest *self);
gboolean _sim_do_shut_down (SimRequest *self);
gboolean _sim_do_touch_disks (SimRequest *self);
gboolean _sim_do_saved_xml (SimRequest *self);
gboolean _sim_do_save (SimRequest *self);
gboolean _sim_do_restore (SimRequest *self);
gboolean _sim_do_start (SimRequest *self);
gboolean _sim_do_set_mark (SimRequest *self);
