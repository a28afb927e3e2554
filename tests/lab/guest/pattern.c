/* A pattern on all virtio disks of the guest, written over and over: block after block of one disk,
 * then of the next.  Every word of a block follows from its disk, its place and how often it was
 * written, so that each block proves itself.  Before a block is written it is checked against what
 * this boot wrote there last; a boot begins with a look at all that the ones before it left, which
 * must end at one place of one pass.  A disk that was copied wrongly, too early or not at all stops
 * the count with a CORRUPT line. */
#define _GNU_SOURCE
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BLOCK_BYTES (1048576 / PATTERN_PER_MIB)
#define BLOCK_WORDS (BLOCK_BYTES / sizeof (uint64_t))

/* Spread over the disk: most of it is what the guest never writes.  The same in a disk that was
 * made larger. */
#define STRIDE (8 * BLOCK_BYTES)
#define MAGIC 0x6c6962202d206d69ULL
#define MAX_DISKS 8

typedef struct
{
  int fd;
  char letter;
  size_t n_blocks;
  uint64_t *generations; /* what was last written to each block */
} Disk;

static Disk disks[MAX_DISKS];
static size_t n_disks, at_disk, at_block;
static uint64_t *buffer;
static uint64_t passes;

static uint64_t
word_of (const Disk *disk, size_t block, uint64_t generation, size_t word)
{
  uint64_t seed = (generation << 32) + ((uint64_t) disk->letter << 24) + block + 1;

  switch (word)
    {
    case 0:
      return MAGIC;
    case 1:
      return generation;
    default:
      return (seed * 0x9e3779b97f4a7c15ULL) ^ (word * 0xff51afd7ed558ccdULL);
    }
}

static void __attribute__ ((noreturn))
corrupt (const Disk *disk, size_t block, size_t word, uint64_t found, uint64_t wanted)
{
  say ("CORRUPT disk=%c block=%zu word=%zu found=%llx wanted=%llx\n", disk->letter, block, word,
       (unsigned long long) found, (unsigned long long) wanted);
  stop_counting ();
}

static void
fail (const Disk *disk, const char *what)
{
  say ("FAILED disk=%c cannot be %s: %s\n", disk->letter, what, strerror (errno));
  stop_counting ();
}

static void
read_block (const Disk *disk, size_t block)
{
  if (pread (disk->fd, buffer, BLOCK_BYTES, (off_t) block * STRIDE) != BLOCK_BYTES)
    fail (disk, "read");
}

/* What is in the buffer; generation 0 is a block that was never written, and may hold anything. */
static void
check_block (const Disk *disk, size_t block, uint64_t generation)
{
  for (size_t word = 0; generation > 0 && word < BLOCK_WORDS; word++)
    if (buffer[word] != word_of (disk, block, generation, word))
      corrupt (disk, block, word, buffer[word], word_of (disk, block, generation, word));
}

static void
find_block (const Disk *disk, size_t block)
{
  read_block (disk, block);
  disk->generations[block] = buffer[0] == MAGIC ? buffer[1] : 0;
  check_block (disk, block, disk->generations[block]);
}

/* Up to one place all blocks were written once more than after it; a disk that is older than the
 * others, or was written by two guests, does not look so. */
static void
find_end_of_pass (void)
{
  uint64_t first = n_disks > 0 ? disks[0].generations[0] : 0, before = first;

  for (size_t i = 0; i < n_disks; i++)
    for (size_t block = 0; block < disks[i].n_blocks; block++)
      {
        uint64_t generation = disks[i].generations[block];

        if (generation > before || generation + 1 < first)
          corrupt (disks + i, block, 1, generation, before);
        if (generation < before)
          {
            at_disk = i;
            at_block = block;
          }
        before = generation;
      }
}

static void
open_disk (char letter, double mib)
{
  Disk *disk = disks + n_disks;
  char path[16];
  uint64_t bytes = 0;

  snprintf (path, sizeof path, "/dev/vd%c", letter);
  disk->letter = letter;
  disk->fd = open (path, O_RDWR | O_DIRECT | O_CLOEXEC);
  if (disk->fd < 0)
    return;
  n_disks++;
  if (ioctl (disk->fd, BLKGETSIZE64, &bytes) != 0)
    fail (disk, "measured");
  disk->n_blocks = mib * PATTERN_PER_MIB;
  if (disk->n_blocks == 0 || (disk->n_blocks - 1) * STRIDE + BLOCK_BYTES > bytes)
    fail (disk, "filled with so large a pattern");
  disk->generations = calloc (disk->n_blocks, sizeof *disk->generations);
  if (disk->generations == NULL)
    fail (disk, "remembered");
  for (size_t block = 0; block < disk->n_blocks; block++)
    find_block (disk, block);
}

void
pattern_open (double mib)
{
  if (posix_memalign ((void **) &buffer, 4096, BLOCK_BYTES) != 0)
    return;
  for (char letter = 'a'; letter < 'a' + MAX_DISKS; letter++)
    open_disk (letter, mib);
  find_end_of_pass ();
  say ("pattern found disks=%zu generation=%llu\n", n_disks,
       n_disks > 0 ? (unsigned long long) disks[0].generations[0] : 0);
}

void
pattern_step (void)
{
  Disk *disk = disks + at_disk;
  uint64_t *generation;

  if (n_disks == 0)
    return;
  generation = disk->generations + at_block;
  read_block (disk, at_block);
  check_block (disk, at_block, *generation);
  (*generation)++;
  for (size_t word = 0; word < BLOCK_WORDS; word++)
    buffer[word] = word_of (disk, at_block, *generation, word);
  if (pwrite (disk->fd, buffer, BLOCK_BYTES, (off_t) at_block * STRIDE) != BLOCK_BYTES)
    fail (disk, "written");
  if (++at_block < disk->n_blocks)
    return;
  at_block = 0;
  at_disk = (at_disk + 1) % n_disks;
  if (at_disk == 0)
    passes++;
}

void
pattern_say (void)
{
  if (n_disks > 0)
    say ("pattern disks=%zu passes=%llu generation=%llu\n", n_disks, (unsigned long long) passes,
         (unsigned long long) disks[0].generations[0]);
}
