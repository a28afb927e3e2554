/* What a move gives the guest another shape by, as its caller says it: a{sv}, nullable: none.
 *   "vcpus"  u      how many it can have
 *   "memory" t      bytes
 *   "disks"  a{st}  by target: capacity, bytes */
#pragma once

#include "model/model-private.h"

/* Whether it can be read; what it says of a guest is another question. Errors: INVALID. */
gboolean _migrate_resize_check (GVariant *self, GError **error);
/* 0: it says nothing of it. */
guint _migrate_resize_get_vcpus (GVariant *self);
guint64 _migrate_resize_get_memory (GVariant *self);
guint64 _migrate_resize_get_disk (GVariant *self, const char *target);
/* Targets; the caller's. */
char **_migrate_resize_list_disks (GVariant *self);
