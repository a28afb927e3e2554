/* What the fuzz targets share. */
#pragma once

#include "model/model-private.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* An assertion that stays in whatever the build. */
void fuzz_must (gboolean holds);
/* A reader gives something or an error, which is INVALID with a remedy and a message that can be
 * shown. Clears the error. */
void fuzz_check_answer (const void *answer, GError **error);
