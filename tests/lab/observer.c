/* Looks at a guest on two hosts all the time, as an outsider would, and tells at the end how often
 * it was seen running on both.
 *
 * lab-observer GUEST URI1 URI2, until its standard input is closed; prints “samples N twice M” */
#include "look.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define LOOK_EVERY_US 3000

static gpointer
look_main (gpointer data)
{
  for (;;)
    {
      lab_look_once (data);
      g_usleep (LOOK_EVERY_US);
    }
  return NULL;
}

int
main (int argc, char **argv)
{
  LabLook *look;
  char byte;

  if (argc != 4)
    {
      fprintf (stderr, "Usage: lab-observer GUEST URI1 URI2\n");
      return 64;
    }
  signal (SIGPIPE, SIG_IGN); /* libvirt writes to hosts that are gone */
  look = lab_look_new (argv[1], argv[2], argv[3]);
  g_thread_unref (g_thread_new ("look", look_main, look));
  while (read (STDIN_FILENO, &byte, 1) > 0)
    continue;
  printf ("samples %u twice %u\n", lab_look_get_samples (look), lab_look_get_twice (look));
  fflush (stdout);
  _exit (0); /* the other thread may hang in a libvirtd that does */
}
