/* What the parts of the guest's one program share. */
#pragma once

#include <stdint.h>

/* A line on the serial console. */
void say (const char *format, ...) __attribute__ ((format (printf, 1, 2)));
/* After what must not be: the count stands still from here on. */
void stop_counting (void) __attribute__ ((noreturn));

/* ---- pattern.c ---- */

/* Opens the guest's disks, looks at all that earlier boots wrote there, and says what was found.
 * mib: how much of each disk holds the pattern. */
void pattern_open (double mib);
/* Checks one block against what was written there last, and writes it anew. */
void pattern_step (void);
/* What was done so far. */
void pattern_say (void);
/* Blocks in a MiB. */
#define PATTERN_PER_MIB 16
