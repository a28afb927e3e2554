/* The lab guest: pid 1 of an initramfs with nothing else in it.
 *
 * It dirties memory at a known rate, so that a migration has something to copy, and counts aloud on
 * the serial console once a second, so that a test can tell a guest that moved and lives from one
 * that libvirt merely calls running.  Each page is checked against what the last pass wrote before
 * the next pass writes it: a page lost on the way stops the count with a CORRUPT line.
 *
 * One program instead of a shell and its tools, because software emulation takes a second or more
 * to unpack and start those.
 *
 * Kernel command line: dirty=MIB rate=MIBPS mode=clock|cpu whole=0|1 idle_after=SECONDS
 * poweroff_after=SECONDS pattern=MIB writes=MIBPS (see pattern.c)
 */
#define _GNU_SOURCE
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <linux/reboot.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PAGE_BYTES 4096
#define PAGE_WORDS (PAGE_BYTES / sizeof (uint64_t))
#define PAGES_PER_MIB (1048576 / PAGE_BYTES)

/* Written anew in each pass; the words between hold a pattern that never changes.  Eight of them
 * spread over the page cost little, and sampling sees them; delta compression makes some 30 bytes
 * of such a page. */
#define HOT_STRIDE (PAGE_WORDS / 8)

/* With whole=1 every byte of a page changes in each pass, which costs more, and of which delta
 * compression makes nothing. */
#define WHOLE_STEP 0x0101010101010101ULL

/* A pass compares the fixed words of one page in so many, another share each time. */
#define BODY_SHARE 16

#define SLICE_NS 5000000

/* A guest that dirties little sleeps longer: so it needs less of a CPU. */
#define SLICE_PAGES 64
#define SLEEP_MAX_NS 50000000
#define SECOND_NS 1000000000LL
#define DISK "/dev/vda"
#define DISK_SLOTS 64

static int console = -1;
static int button = -1;
static int disk = -1;

static uint64_t *memory;
static size_t n_pages;
static size_t cursor;
static uint64_t pass = 1;
static int whole;
static uint64_t step = 1;

/* Written by the spin loop so that the compiler cannot drop it. */
static volatile uint64_t sink;

void
say (const char *format, ...)
{
  char line[256];
  va_list args;
  int length;

  va_start (args, format);
  length = vsnprintf (line, sizeof line, format, args);
  va_end (args);
  /* One write a line: what is cut off by the move is finished by the same write at the other end.
   */
  if (console >= 0 && write (console, line, length) < 0)
    return;
}

static int64_t
now_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * SECOND_NS + now.tv_nsec;
}

static void
nap (int64_t ns)
{
  struct timespec time = { ns / SECOND_NS, ns % SECOND_NS };

  nanosleep (&time, NULL);
}

static void __attribute__ ((noreturn)) power_off (void)
{
  sync ();
  reboot (LINUX_REBOOT_CMD_POWER_OFF);
  for (;;)
    pause ();
}

/* The value of “name=” on the kernel command line, or DEFAULT. */
static const char *
parameter (const char *name, const char *standard)
{
  static char text[4096];
  size_t length = strlen (name);

  if (text[0] == '\0')
    {
      int fd = open ("/proc/cmdline", O_RDONLY | O_CLOEXEC);
      ssize_t got = fd < 0 ? 0 : read (fd, text, sizeof text - 1);

      close (fd);
      for (ssize_t i = 0; i < got; i++)
        if (text[i] == ' ' || text[i] == '\n')
          text[i] = '\0';
      text[sizeof text - 1] = '\0';
    }
  for (char *word = text; word < text + sizeof text && *word != '\0'; word += strlen (word) + 1)
    if (strncmp (word, name, length) == 0 && word[length] == '=')
      return word + length + 1;
  return standard;
}

/* In the order they need; one that does not fit this guest's hardware fails, which is no error. */
static void
load_modules (void)
{
  static const char *const modules[] = { MODULES };

  for (size_t i = 0; i < sizeof modules / sizeof *modules; i++)
    {
      int fd = open (modules[i], O_RDONLY | O_CLOEXEC);

      if (fd < 0)
        continue;
      syscall (SYS_finit_module, fd, "", 0);
      close (fd);
    }
}

/* The input device of the power button, which is what `virsh shutdown` presses.  By name: keyboards
 * have a power key too. */
static int
open_power_button (void)
{
  for (int i = 0; i < 8; i++)
    {
      char path[32], name[64] = "";
      int fd;

      snprintf (path, sizeof path, "/dev/input/event%d", i);
      fd = open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
      if (fd < 0)
        continue;
      if (ioctl (fd, EVIOCGNAME (sizeof name - 1), name) >= 0 && strcmp (name, "Power Button") == 0)
        return fd;
      close (fd);
    }
  return -1;
}

static void
heed_power_button (void)
{
  struct input_event event;

  while (button >= 0 && read (button, &event, sizeof event) == sizeof event)
    if (event.type == EV_KEY && event.code == KEY_POWER && event.value == 1)
      power_off ();
}

void
stop_counting (void)
{
  for (;;)
    {
      heed_power_button ();
      nap (SECOND_NS / 10);
    }
}

static void __attribute__ ((noreturn))
corrupt_page (size_t page, size_t word, uint64_t found, uint64_t wanted)
{
  say ("CORRUPT page=%zu word=%zu pass=%llu found=%llx wanted=%llx\n", page, word,
       (unsigned long long) pass, (unsigned long long) found, (unsigned long long) wanted);
  stop_counting ();
}

static inline uint64_t
body_word (size_t page, size_t word)
{
  return (page * PAGE_WORDS + word + 1) * 0x9e3779b97f4a7c15ULL;
}

static inline uint64_t
hot_word (size_t page, size_t word, uint64_t at_pass)
{
  return body_word (page, word) + at_pass * step;
}

static void
fill_memory (void)
{
  for (size_t page = 0; page < n_pages; page++)
    for (size_t word = 0; word < PAGE_WORDS; word++)
      memory[page * PAGE_WORDS + word] = body_word (page, word);
}

/* Check one page against the last pass, then write this one's. */
static inline void
dirty_page (void)
{
  uint64_t *words = memory + cursor * PAGE_WORDS;

  if ((cursor + pass) % BODY_SHARE == 0)
    for (size_t word = 0; word < PAGE_WORDS; word++)
      {
        uint64_t wanted = whole ? hot_word (cursor, word, pass - 1) : body_word (cursor, word);

        if (word % HOT_STRIDE != 0 && words[word] != wanted)
          corrupt_page (cursor, word, words[word], wanted);
      }
  for (size_t word = 0; word < PAGE_WORDS; word += HOT_STRIDE)
    {
      uint64_t wanted = hot_word (cursor, word, pass - 1);

      if (words[word] != wanted)
        corrupt_page (cursor, word, words[word], wanted);
      words[word] = wanted + step;
      for (size_t next = word + 1; whole && next < word + HOT_STRIDE; next++)
        words[next] += step;
    }
  if (++cursor == n_pages)
    {
      cursor = 0;
      pass++;
    }
}

static void
spin (uint64_t turns)
{
  for (uint64_t i = 0; i < turns; i++)
    sink = i;
}

static int64_t
sleep_for (double rate)
{
  double ns = rate > 0 ? SLICE_PAGES * SECOND_NS / (rate * PAGES_PER_MIB) : SLEEP_MAX_NS;

  return ns < SLICE_NS ? SLICE_NS : ns > SLEEP_MAX_NS ? SLEEP_MAX_NS : (int64_t) ns;
}

/* Turns of the spin loop to put after each page for RATE, measured on an idle vCPU; the best of a
 * few tries, as the host may be busy.  From here on it is work that counts, not time: a throttled
 * guest gets slower and does not catch up. */
static uint64_t
calibrate (double rate)
{
  const uint64_t turns = 2000000;
  const int pages = 512;
  double turn_ns = 0, page_ns = 0, wanted_ns = SECOND_NS / (rate * PAGES_PER_MIB);

  for (int i = 0; i < 5; i++)
    {
      int64_t start = now_ns (), middle, end;

      spin (turns);
      middle = now_ns ();
      for (int page = 0; page < pages; page++)
        dirty_page ();
      end = now_ns ();
      if (i == 0 || (double) (middle - start) / turns < turn_ns)
        turn_ns = (double) (middle - start) / turns;
      if (i == 0 || (double) (end - middle) / pages < page_ns)
        page_ns = (double) (end - middle) / pages;
    }
  return wanted_ns > page_ns && turn_ns > 0 ? (wanted_ns - page_ns) / turn_ns : 0;
}

/* A disk, where there is one, gets the count written in turn to 64 sectors, each checked against
 * what was written there last: storage that was copied or shared wrongly shows as CORRUPT too. */
static void
use_disk (uint64_t count)
{
  static uint64_t *sector;
  static uint64_t last[DISK_SLOTS];
  size_t slot = count % DISK_SLOTS;

  if (disk < 0)
    return;
  if (sector == NULL && posix_memalign ((void **) &sector, PAGE_BYTES, PAGE_BYTES) != 0)
    return;
  if (last[slot] != 0)
    {
      if (pread (disk, sector, PAGE_BYTES, slot * PAGE_BYTES) != PAGE_BYTES
          || sector[0] != last[slot] || sector[PAGE_WORDS - 1] != last[slot])
        {
          say ("CORRUPT disk slot=%zu found=%llu wanted=%llu\n", slot,
               (unsigned long long) sector[0], (unsigned long long) last[slot]);
          stop_counting ();
        }
    }
  for (size_t word = 0; word < PAGE_WORDS; word++)
    sector[word] = count;
  if (pwrite (disk, sector, PAGE_BYTES, slot * PAGE_BYTES) != PAGE_BYTES)
    {
      say ("CORRUPT disk slot=%zu not written: %s\n", slot, strerror (errno));
      stop_counting ();
    }
  last[slot] = count;
}

/* As much of the pattern as is due, but not for longer than until the next line. */
static void
write_pattern (double rate, int64_t since, int64_t next_line)
{
  static double done;
  double per_second = rate * PATTERN_PER_MIB;
  double due = (now_ns () - since) * per_second / SECOND_NS;

  /* One that was held up does not catch up with more than a second's worth. */
  if (due - done > per_second)
    done = due - per_second;
  for (; done < due && now_ns () < next_line; done++)
    pattern_step ();
}

int
main (void)
{
  char boot_id[40] = "unknown";
  double rate, mib, writes, pattern;
  uint64_t count = 0, turns = 0, written = 0, written_at_line = 0;
  int64_t start, next_line, last_line, clock_start, idle_at, power_off_at;
  int by_cpu, fd;

  mount ("none", "/proc", "proc", 0, "");
  mount ("none", "/dev", "devtmpfs", 0, "");
  console = open ("/dev/ttyS0", O_WRONLY | O_NOCTTY | O_CLOEXEC);
  fd = open ("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  if (fd >= 0 && read (fd, boot_id, 36) == 36)
    boot_id[36] = '\0';
  close (fd);

  mib = atof (parameter ("dirty", "16"));
  rate = atof (parameter ("rate", "10"));
  by_cpu = strcmp (parameter ("mode", "clock"), "cpu") == 0;
  whole = atoi (parameter ("whole", "0"));
  step = whole ? WHOLE_STEP : 1;
  load_modules ();
  button = open_power_button ();
  pattern = atof (parameter ("pattern", "0"));
  writes = pattern > 0 ? atof (parameter ("writes", "4")) : 0;
  if (pattern > 0)
    pattern_open (pattern);
  else
    disk = open (DISK, O_RDWR | O_DIRECT | O_CLOEXEC);

  n_pages = mib * PAGES_PER_MIB;
  if (n_pages > 0)
    {
      memory = mmap (NULL, n_pages * PAGE_BYTES, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (memory == MAP_FAILED)
        {
          say ("FAILED dirty=%.0f does not fit into this guest's memory\n", mib);
          stop_counting ();
        }
      fill_memory ();
    }
  if (n_pages == 0 || rate <= 0)
    rate = 0;
  else if (by_cpu)
    turns = calibrate (rate);

  start = last_line = clock_start = now_ns ();
  next_line = start;
  idle_at = start + atoll (parameter ("idle_after", "0")) * SECOND_NS;
  power_off_at = start + atoll (parameter ("poweroff_after", "0")) * SECOND_NS;

  for (;;)
    {
      int64_t now = now_ns ();

      if (now >= next_line)
        {
          double seconds = (double) (now - last_line) / SECOND_NS;

          use_disk (++count);
          say ("boot=%s count=%llu dirty=%.0f rate=%.1f\n", boot_id, (unsigned long long) count,
               mib, seconds > 0 ? (written - written_at_line) / seconds / PAGES_PER_MIB : 0.0);
          pattern_say ();
          last_line = now;
          written_at_line = written;
          /* A guest that was held up says one line, not all those it missed. */
          next_line = next_line + SECOND_NS > now ? next_line + SECOND_NS : now + SECOND_NS;
          if (power_off_at > start && now >= power_off_at)
            power_off ();
        }
      heed_power_button ();
      if (idle_at > start && now >= idle_at)
        rate = 0;
      if (writes > 0)
        write_pattern (writes, clock_start, next_line);

      if (rate > 0 && by_cpu)
        {
          uint64_t batch = rate * PAGES_PER_MIB * SLICE_NS / SECOND_NS + 1;

          for (uint64_t i = 0; i < batch; i++)
            {
              dirty_page ();
              spin (turns);
            }
          written += batch;
          continue;
        }
      if (rate > 0)
        {
          static uint64_t done;
          double due = (now - clock_start) * (rate * PAGES_PER_MIB) / SECOND_NS;

          /* Catch up, but never with more than a second's worth. */
          if (due - done > rate * PAGES_PER_MIB)
            done = due - rate * PAGES_PER_MIB;
          while (done < due)
            {
              size_t batch = due - done > 2 * PAGES_PER_MIB ? 2 * PAGES_PER_MIB : due - done + 1;

              for (size_t i = 0; i < batch; i++)
                dirty_page ();
              done += batch;
              written += batch;
              if (now_ns () >= next_line)
                break;
            }
        }
      nap (sleep_for (rate));
    }
}
