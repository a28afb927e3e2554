/* A guest's document with other numbers of CPUs and bytes of memory. Pure. */
#pragma once

#include "model/resize-private.h"

/* The document as it is to be; all else in it survives. What else of it would contradict the new
 * numbers is not guessed: it is named. resize: nullable. Errors: INVALID: no document; UNSUPPORTED:
 * something contradicts. */
char *_migrate_xml_reshape (const char *xml, GVariant *resize, GError **error);
