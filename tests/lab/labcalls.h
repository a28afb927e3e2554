/* Calls of virt/ to the lab's hosts, one by one: what libvirt itself makes of them. */
#pragma once

#include "labtest.h"
#include "virt/link-private.h"

/* For a suite's .init and .fini: links to both hosts, and an empty folder of each host's own, which
 * its libvirtd may write to. */
void lab_calls_set_up (void);
void lab_calls_tear_down (void);

MigrateLink *lab_link (int host);
/* “FOLDER/NAME” of that host. */
char *lab_path (int host, const char *name);

/* The kind's record, with what most calls are given; all nullable. */
MigrateCall *lab_call (MigrateCallKind kind, const char *guest, const char *pool, const char *name,
                       const char *text);
/* It must succeed. Takes call, and gives it back with its answer. */
MigrateCall *lab_ask (int host, MigrateCall *call);
/* The same where nobody wants the answer. */
void lab_do (int host, MigrateCall *call);
/* The error, which has that code and those words in its message. Takes call. */
void lab_refused (int host, MigrateCall *call, MigrateError code, const char *words);

/* A call that lasts, on a thread of its own. */
typedef struct _LabLasting LabLasting;
LabLasting *lab_begin (int host, MigrateCall *call);
/* NULL: it succeeded. */
GError *lab_end (LabLasting *self);
