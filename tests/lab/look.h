/* Looking at one guest on two hosts, through libvirt itself and nothing of ours: the logic that
 * tells that it ran on both. */
#pragma once

#include <glib.h>

typedef struct _LabLook LabLook;

LabLook *lab_look_new (const char *guest, const char *uri_1, const char *uri_2);
void lab_look_free (LabLook *self);

/* Asks both hosts once. A host that does not answer makes no sample, and is tried again in the next
 * look. */
void lab_look_once (LabLook *self);

/* From any thread: how often both hosts were asked, and how often it ran on both. */
guint lab_look_get_samples (LabLook *self);
guint lab_look_get_twice (LabLook *self);
