/* Sets of processors or nodes as libvirt writes them: "0-3,^2,8". */
#pragma once

#include "model/model-private.h"

/* Of guint, sorted by this; NULL when it is empty. */
char *_migrate_cpu_set_format (GArray *ids);
