/* A digest of a sparse file does not depend on how its data and its holes come in pieces, and does
 * depend on all else. */
#include "storage/digest-private.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite (digest, .timeout = 60);

#define SIZE (40 * 4096 + 777)

/* Data, a hole, zeros that are written, a page that begins with zeros. */
static void
fill (guint8 *file)
{
  memset (file, 0, SIZE);
  for (gsize i = 0; i < 9000; i++)
    file[i] = (guint8) (i * 7 + 1);
  for (gsize i = 15 * 4096 + 100; i < 22 * 4096 + 5; i++)
    file[i] = (guint8) (i / 3 + 1);
  memset (file + SIZE - 700, 0x5a, 700);
}

static void
feed (MigrateDigest *digest, const guint8 *file, gsize from, gsize to)
{
  g_autoptr (GBytes) bytes = g_bytes_new (file + from, to - from);

  _migrate_digest_feed (digest, from, bytes);
}

static char *
digest_whole (const guint8 *file)
{
  g_autoptr (MigrateDigest) digest = _migrate_digest_new ();

  feed (digest, file, 0, SIZE);
  return _migrate_digest_take (digest);
}

Test (digest, pieces_do_not_matter)
{
  static const gsize lengths[] = { 1, 511, 4095, 4096, 4097, 65536, SIZE };
  g_autofree guint8 *file = g_malloc (SIZE);
  g_autofree char *expected = NULL;

  fill (file);
  expected = digest_whole (file);
  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr (MigrateDigest) digest = _migrate_digest_new ();
      g_autofree char *found = NULL;

      for (gsize at = 0; at < SIZE; at += lengths[i])
        feed (digest, file, at, MIN (SIZE, at + lengths[i]));
      found = _migrate_digest_take (digest);
      cr_assert_str_eq (found, expected, "pieces of %zu", lengths[i]);
    }
}

/* Where the hole is told to be: exactly, only whole pages of it, none. */
Test (digest, holes_are_zeros)
{
  static const struct
  {
    gsize from, to;
  } holes[]
    = { { 9000, 15 * 4096 + 100 },    { 3 * 4096, 15 * 4096 },       { 9000, 9001 },
        { 14 * 4096, 14 * 4096 + 1 }, { 22 * 4096 + 5, SIZE - 700 }, { 30 * 4096, 31 * 4096 } };
  g_autofree guint8 *file = g_malloc (SIZE);
  g_autofree char *expected = NULL;

  fill (file);
  expected = digest_whole (file);
  for (gsize i = 0; i < G_N_ELEMENTS (holes); i++)
    {
      g_autoptr (MigrateDigest) digest = _migrate_digest_new ();
      g_autofree char *found = NULL;

      feed (digest, file, 0, holes[i].from);
      feed (digest, file, holes[i].to, SIZE);
      found = _migrate_digest_take (digest);
      cr_assert_str_eq (found, expected, "hole %zu", i);
    }
}

Test (digest, each_byte_and_its_place_matter)
{
  static const gsize places[] = { 0, 8999, 9000, 4096, 15 * 4096 + 99, 30 * 4096, SIZE - 1 };
  g_autofree guint8 *file = g_malloc (SIZE);
  g_autofree guint8 *moved = g_malloc0 (SIZE);
  g_autofree char *expected = NULL;
  g_autofree char *elsewhere = NULL;

  fill (file);
  expected = digest_whole (file);
  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autofree char *found = NULL;

      file[places[i]] ^= 0x80;
      found = digest_whole (file);
      file[places[i]] ^= 0x80;
      cr_assert_str_neq (found, expected, "byte %zu", places[i]);
    }
  memcpy (moved + 4096, file, SIZE - 4096);
  elsewhere = digest_whole (moved);
  cr_assert_str_neq (elsewhere, expected);
}

Test (digest, begins_anew_when_it_is_taken)
{
  g_autoptr (MigrateDigest) digest = _migrate_digest_new ();
  g_autofree guint8 *file = g_malloc (SIZE);
  g_autofree char *nothing = _migrate_digest_take (digest);
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autofree char *zeros = NULL;

  fill (file);
  feed (digest, file, 0, SIZE);
  first = _migrate_digest_take (digest);
  feed (digest, file, 0, SIZE);
  second = _migrate_digest_take (digest);
  cr_assert_str_eq (first, second);
  cr_assert_str_neq (first, nothing);
  memset (file, 0, SIZE);
  feed (digest, file, 0, SIZE);
  zeros = _migrate_digest_take (digest);
  cr_assert_str_eq (zeros, nothing);
}

Test (digest, knows_zeros)
{
  guint8 data[64] = { 0 };

  cr_assert (_migrate_is_zero (data, sizeof data));
  cr_assert (_migrate_is_zero (data, 0));
  for (gsize i = 0; i < sizeof data; i++)
    {
      data[i] = 1;
      cr_assert_not (_migrate_is_zero (data, sizeof data), "byte %zu", i);
      data[i] = 0;
    }
}
