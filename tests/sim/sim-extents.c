/* See sim-extents.h. A pattern's bytes are words of sixteen: a mark with its id, and the place in
 * the pattern. */
#include "sim-extents.h"

#include <string.h>

#define WORD 16
#define MARK G_GUINT64_CONSTANT (0x53494d0000000000) /* "SIM" */
#define MARK_MASK G_GUINT64_CONSTANT (0xffffffff00000000)

static void
extent_clear (gpointer data)
{
  g_clear_pointer (&((SimExtent *) data)->bytes, g_bytes_unref);
}

SimExtents *
_sim_extents_new (void)
{
  SimExtents *self = g_new0 (SimExtents, 1);

  self->list = g_array_new (FALSE, FALSE, sizeof (SimExtent));
  g_array_set_clear_func (self->list, extent_clear);
  return self;
}

void
_sim_extents_free (SimExtents *self)
{
  g_array_unref (self->list);
  g_free (self);
}

static SimExtent *
nth (const SimExtents *self, guint i)
{
  return &g_array_index (self->list, SimExtent, i);
}

SimExtents *
_sim_extents_copy (const SimExtents *self)
{
  SimExtents *copy = _sim_extents_new ();

  for (guint i = 0; i < self->list->len; i++)
    {
      SimExtent extent = *nth (self, i);

      if (extent.bytes != NULL)
        g_bytes_ref (extent.bytes);
      g_array_append_val (copy->list, extent);
    }
  return copy;
}

/* The first that ends after the offset. */
static guint
find (const SimExtents *self, guint64 offset)
{
  guint low = 0, high = self->list->len;

  while (low < high)
    {
      guint middle = (low + high) / 2;
      const SimExtent *extent = nth (self, middle);

      if (extent->offset + extent->length <= offset)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

static SimExtent
part_of (const SimExtent *whole, guint64 begin, guint64 end)
{
  SimExtent part = *whole;

  part.offset = begin;
  part.length = end - begin;
  part.origin += begin - whole->offset;
  if (part.bytes != NULL)
    g_bytes_ref (part.bytes);
  return part;
}

void
_sim_extents_punch (SimExtents *self, guint64 offset, guint64 length)
{
  guint64 end = offset + length;
  guint i = find (self, offset);

  while (i < self->list->len && nth (self, i)->offset < end)
    {
      SimExtent old = *nth (self, i);
      SimExtent after;

      if (old.offset < offset && old.offset + old.length > end)
        {
          after = part_of (&old, end, old.offset + old.length);
          nth (self, i)->length = offset - old.offset;
          g_array_insert_val (self->list, i + 1, after);
          return;
        }
      if (old.offset < offset)
        {
          nth (self, i++)->length = offset - old.offset;
        }
      else if (old.offset + old.length > end)
        {
          nth (self, i)->offset = end;
          nth (self, i)->origin += end - old.offset;
          nth (self, i)->length = old.offset + old.length - end;
          return;
        }
      else
        {
          g_array_remove_index (self->list, i);
        }
    }
}

static gboolean
goes_on (const SimExtent *a, const SimExtent *b)
{
  return a->offset + a->length == b->offset && a->id == b->id && a->bytes == b->bytes
         && ((a->bytes == NULL && a->id == SIM_ZEROS) || a->origin + a->length == b->origin);
}

static void
join (SimExtents *self, guint i)
{
  if (i + 1 >= self->list->len || !goes_on (nth (self, i), nth (self, i + 1)))
    return;
  nth (self, i)->length += nth (self, i + 1)->length;
  g_array_remove_index (self->list, i + 1);
}

/* Takes the extent. */
static void
put (SimExtents *self, SimExtent extent)
{
  guint i;

  if (extent.length == 0)
    {
      extent_clear (&extent);
      return;
    }
  _sim_extents_punch (self, extent.offset, extent.length);
  i = find (self, extent.offset);
  g_array_insert_val (self->list, i, extent);
  join (self, i);
  if (i > 0)
    join (self, i - 1);
}

void
_sim_extents_write_pattern (SimExtents *self, guint64 offset, guint64 length, guint64 id,
                            guint64 origin)
{
  put (self, (SimExtent){ .offset = offset, .length = length, .id = id, .origin = origin });
}

/* ---- bytes ---- */

static void
pattern_word (guint64 id, guint64 place, guint64 word[2])
{
  word[0] = GUINT64_TO_LE (MARK | id);
  word[1] = GUINT64_TO_LE (place);
}

/* What the word is of; G_MAXUINT64: just bytes. */
static guint64
word_is (const guint8 *bytes, guint64 *origin)
{
  guint64 word[2];

  memcpy (word, bytes, sizeof word);
  word[0] = GUINT64_FROM_LE (word[0]);
  *origin = GUINT64_FROM_LE (word[1]);
  if (word[0] == 0 && *origin == 0)
    return SIM_ZEROS;
  if ((word[0] & MARK_MASK) == MARK && word[0] != MARK && *origin % WORD == 0)
    return word[0] & ~MARK_MASK;
  return G_MAXUINT64;
}

/* How many bytes from here on are of one kind. */
static gsize
run_length (const guint8 *bytes, gsize size, guint64 *id, guint64 *origin)
{
  gsize n = WORD;
  guint64 next_id, next;

  if (size < WORD)
    {
      *id = G_MAXUINT64;
      return size;
    }
  *id = word_is (bytes, origin);
  while (n + WORD <= size)
    {
      next_id = word_is (bytes + n, &next);
      if (next_id != *id || (*id != SIM_ZEROS && *id != G_MAXUINT64 && next != *origin + n))
        return n;
      n += WORD;
    }
  return *id == G_MAXUINT64 ? size : n;
}

void
_sim_extents_write_bytes (SimExtents *self, guint64 offset, const guint8 *bytes, gsize size)
{
  while (size > 0)
    {
      SimExtent extent = { .offset = offset };

      extent.length = run_length (bytes, size, &extent.id, &extent.origin);
      if (extent.id == G_MAXUINT64)
        {
          extent.id = extent.origin = 0;
          extent.bytes = g_bytes_new (bytes, extent.length);
        }
      else if (extent.id == SIM_ZEROS)
        {
          extent.origin = 0;
        }
      bytes += extent.length;
      offset += extent.length;
      size -= extent.length;
      put (self, extent);
    }
}

static void
extent_read (const SimExtent *self, guint64 from, gsize size, guint8 *bytes)
{
  guint64 place = self->origin + (from - self->offset);

  if (self->bytes != NULL)
    {
      memcpy (bytes, (const guint8 *) g_bytes_get_data (self->bytes, NULL) + place, size);
      return;
    }
  if (self->id == SIM_ZEROS)
    return; /* they are zero already */
  while (size > 0)
    {
      guint64 word[2];
      gsize skip = place % WORD, n = MIN (size, WORD - skip);

      pattern_word (self->id, place - skip, word);
      memcpy (bytes, (const guint8 *) word + skip, n);
      bytes += n;
      place += n;
      size -= n;
    }
}

void
_sim_extents_read (const SimExtents *self, guint64 offset, gsize size, guint8 *bytes)
{
  guint64 end = offset + size;

  memset (bytes, 0, size);
  for (guint i = find (self, offset); i < self->list->len && nth (self, i)->offset < end; i++)
    {
      const SimExtent *extent = nth (self, i);
      guint64 from = MAX (offset, extent->offset), to = MIN (end, extent->offset + extent->length);

      extent_read (extent, from, (gsize) (to - from), bytes + (from - offset));
    }
}

void
_sim_extents_copy_range (const SimExtents *from, guint64 offset, guint64 length, SimExtents *to,
                         guint64 offset_to)
{
  guint64 end = offset + length;

  for (guint i = find (from, offset); i < from->list->len && nth (from, i)->offset < end; i++)
    {
      const SimExtent *extent = nth (from, i);
      SimExtent part = part_of (extent, MAX (offset, extent->offset),
                                MIN (end, extent->offset + extent->length));

      part.offset += offset_to - offset;
      put (to, part);
    }
}

/* ---- what there is ---- */

gboolean
_sim_extents_next (const SimExtents *self, guint64 offset, guint64 *begin, guint64 *end)
{
  guint i = find (self, offset);

  if (i >= self->list->len)
    return FALSE;
  *begin = MAX (offset, nth (self, i)->offset);
  *end = nth (self, i)->offset + nth (self, i)->length;
  while (++i < self->list->len && nth (self, i)->offset == *end)
    *end += nth (self, i)->length;
  return TRUE;
}

guint64
_sim_extents_allocated (const SimExtents *self)
{
  guint64 sum = 0;

  for (guint i = 0; i < self->list->len; i++)
    sum += nth (self, i)->length;
  return sum;
}

guint64
_sim_extents_missing (const SimExtents *self, guint64 offset, guint64 length)
{
  guint64 end = offset + length, there = 0;

  for (guint i = find (self, offset); i < self->list->len && nth (self, i)->offset < end; i++)
    {
      const SimExtent *extent = nth (self, i);

      there += MIN (end, extent->offset + extent->length) - MAX (offset, extent->offset);
    }
  return length - there;
}

/* A block that is wholly of one pattern is not looked at byte by byte. */
static void
add_block (const SimExtents *self, guint64 offset, GChecksum *sum)
{
  const SimExtent *extent = nth (self, find (self, offset));
  guint64 word[4] = { offset, 0, 0, 0 };
  guint8 block[SIM_BLOCK];

  if (extent->bytes == NULL && extent->offset <= offset
      && extent->offset + extent->length >= offset + SIM_BLOCK
      && (extent->id == SIM_ZEROS || (extent->origin + (offset - extent->offset)) % WORD == 0))
    {
      word[1] = extent->id;
      word[2] = extent->origin + (offset - extent->offset);
    }
  else
    {
      _sim_extents_read (self, offset, SIM_BLOCK, block);
      if (run_length (block, SIM_BLOCK, &word[1], &word[2]) < SIM_BLOCK)
        word[1] = G_MAXUINT64;
    }
  if (word[1] == SIM_ZEROS)
    return;
  if (word[1] != G_MAXUINT64)
    {
      g_checksum_update (sum, (const guchar *) word, sizeof word);
      return;
    }
  word[2] = 0;
  word[3] = 1;
  g_checksum_update (sum, (const guchar *) word, sizeof word);
  g_checksum_update (sum, block, SIM_BLOCK);
}

char *
_sim_extents_fingerprint (const SimExtents *self)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  guint64 done = 0;

  for (guint i = 0; i < self->list->len; i++)
    {
      const SimExtent *extent = nth (self, i);
      guint64 end = extent->offset + extent->length;

      done = MAX (done, extent->offset / SIM_BLOCK * SIM_BLOCK);
      for (; extent->id != SIM_ZEROS || extent->bytes != NULL ? done < end : FALSE;
           done += SIM_BLOCK)
        add_block (self, done, sum);
    }
  return g_strdup (g_checksum_get_string (sum));
}
