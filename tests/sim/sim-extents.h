/* What is in a file: extents of patterns, of zeros that take room and of real bytes; between them
 * holes. A pattern is as long as one likes and costs nothing, yet its bytes can be had, and tell by
 * themselves what they are: whoever reads and writes them leaves the pattern behind again. */
#pragma once

#include <glib.h>

#define SIM_ZEROS 0 /* the id of zeros that take room */
#define SIM_BLOCK 4096

typedef struct
{
  guint64 offset, length;
  guint64 id;     /* of the pattern, below 2^32; SIM_ZEROS */
  guint64 origin; /* where in the pattern, or in the bytes, it begins */
  GBytes *bytes;  /* nullable: then the id counts */
} SimExtent;

typedef struct
{
  GArray *list; /* of SimExtent, by offset; no two touch the same byte */
} SimExtents;

SimExtents *_sim_extents_new (void);
void _sim_extents_free (SimExtents *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SimExtents, _sim_extents_free)
SimExtents *_sim_extents_copy (const SimExtents *self);

void _sim_extents_punch (SimExtents *self, guint64 offset, guint64 length);
void _sim_extents_write_pattern (SimExtents *self, guint64 offset, guint64 length, guint64 id,
                                 guint64 origin);
/* Patterns among them are taken as such. */
void _sim_extents_write_bytes (SimExtents *self, guint64 offset, const guint8 *bytes, gsize size);
/* length bytes of from, from its offset on, to another one's offset; holes are left out. */
void _sim_extents_copy_range (const SimExtents *from, guint64 offset, guint64 length,
                              SimExtents *to, guint64 offset_to);
void _sim_extents_read (const SimExtents *self, guint64 offset, gsize size, guint8 *bytes);
/* Where data begins at or after the offset, and where it ends. FALSE: there is none. */
gboolean _sim_extents_next (const SimExtents *self, guint64 offset, guint64 *begin, guint64 *end);
guint64 _sim_extents_allocated (const SimExtents *self);
/* Room that a range has not got yet. */
guint64 _sim_extents_missing (const SimExtents *self, guint64 offset, guint64 length);
/* Of all that is not zero, whether there is a hole or not; the caller's. */
char *_sim_extents_fingerprint (const SimExtents *self);
