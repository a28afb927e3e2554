/* The parts of labtest.h about post-copy: bringing it about, and breaking it on both hosts. */
#include "labtest.h"

#include <string.h>

/* The first pass is quick, what post-copy has left for itself is not. */
const char *const lab_postcopy_policy[]
  = { "allow=postcopy", "postcopy-start=first-pass", "bandwidth=25", "postcopy-bandwidth=2", NULL };

void
lab_set_impatient (gboolean impatient)
{
  for (int host = 1; host <= 2; host++)
    g_free (lab_run ("run %d sh -c 'echo %d >/proc/sys/net/ipv4/tcp_retries2'", host,
                     impatient ? 3 : 15));
}

typedef struct
{
  const char *guest;
  int from, to;
  const char *here, *there; /* how the states begin */
} Wanted;

static gboolean
is_at (const char *guest, int host, const char *state)
{
  g_autofree char *seen = NULL;

  return lab_try (&seen, "virsh %d domstate --reason %s", host, guest)
         && g_str_has_prefix (seen, state);
}

static gboolean
is_wanted (gpointer data)
{
  const Wanted *wanted = data;

  return is_at (wanted->guest, wanted->from, wanted->here)
         && is_at (wanted->guest, wanted->to, wanted->there);
}

/* And for so long that it has counted on there. By then QEMU has what the guest's interrupts touch,
 * which it would wait for with its lock held: its monitor, and with it every try to mend a broken
 * post-copy, would hang (seen with QEMU 7.2's software emulation). */
gboolean
lab_await_postcopy (const char *guest, int from, int to)
{
  Wanted wanted = { guest, from, to, "paused (post-copy)", "running (post-copy)" };

  return lab_wait_until (60, is_wanted, &wanted) && lab_try (NULL, "wait-counter %s +1", guest)
         && is_wanted (&wanted);
}

/* A guest whose one CPU waits for a page that was asked for before the cut leaves the destination
 * with nothing to send, so that its TCP never notices; its connection is reset then, as an operator
 * would do it. */
static gboolean
is_broken (gpointer data)
{
  const Wanted *wanted = data;

  if (!is_at (wanted->guest, wanted->from, wanted->here))
    return FALSE;
  if (is_at (wanted->guest, wanted->to, wanted->there))
    return TRUE;
  lab_try (NULL, "run %d ss -K state established sport ge 49152", wanted->to);
  return FALSE;
}

gboolean
lab_await_broken (const char *guest, int from, int to)
{
  Wanted wanted = { guest, from, to, "paused (post-copy failed)", "running (post-copy failed)" };

  return lab_wait_until (90, is_broken, &wanted);
}

static gboolean
reaches (gpointer data)
{
  const int *hosts = data;
  g_autofree char *here = lab_env_host ("PEER_URI", hosts[0]);
  g_autofree char *there = lab_env_host ("PEER_URI", hosts[1]);

  return lab_try (NULL, "run %d virsh -q -c %s uri", hosts[0], there)
         && lab_try (NULL, "run %d virsh -q -c %s uri", hosts[1], here);
}

gboolean
lab_await_link (int a, int b)
{
  int hosts[] = { a, b };

  return lab_wait_until (60, reaches, hosts);
}

char *
lab_break_postcopy (const char *guest, int from, int to)
{
  LabController *controller;
  gboolean broken, linked;

  lab_set_impatient (TRUE);
  controller = lab_controller_start (guest, from, to, lab_postcopy_policy);
  lab_controller_await_phase (controller, "postcopy");
  cr_assert (lab_await_postcopy (guest, from, to), "both hosts are to show post-copy");
  g_free (lab_run ("link cut %d", to));
  lab_controller_kill (controller);
  broken = lab_await_broken (guest, from, to);
  g_free (lab_run ("link restore"));
  linked = lab_await_link (from, to);
  lab_set_impatient (FALSE);
  cr_assert (broken, "the post-copy is to be broken on both hosts");
  cr_assert (linked, "the hosts are to reach each other again");
  return controller->id;
}
