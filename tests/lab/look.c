#include "look.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

struct _LabLook
{
  char *guest;
  char *uris[2];
  virConnectPtr conns[2];
  gint samples, twice; /* atomic */
};

/* libvirt's own lines, about hosts that tests take away. */
static void
ignore_error (void *data, virErrorPtr said)
{
}

LabLook *
lab_look_new (const char *guest, const char *uri_1, const char *uri_2)
{
  LabLook *self = g_new0 (LabLook, 1);

  virSetErrorFunc (NULL, ignore_error);
  self->guest = g_strdup (guest);
  self->uris[0] = g_strdup (uri_1);
  self->uris[1] = g_strdup (uri_2);
  return self;
}

void
lab_look_free (LabLook *self)
{
  for (int i = 0; i < 2; i++)
    {
      if (self->conns[i] != NULL)
        virConnectClose (self->conns[i]);
      g_free (self->uris[i]);
    }
  g_free (self->guest);
  g_free (self);
}

/* TRUE: the host answered. A host that was away is tried again. */
static gboolean
sees (LabLook *self, int i, gboolean *runs)
{
  virDomainPtr domain;
  int state = VIR_DOMAIN_NOSTATE;

  *runs = FALSE;
  if (self->conns[i] == NULL)
    self->conns[i] = virConnectOpen (self->uris[i]);
  if (self->conns[i] == NULL)
    return FALSE;
  domain = virDomainLookupByName (self->conns[i], self->guest);
  if (domain != NULL)
    {
      virDomainGetState (domain, &state, NULL, 0);
      virDomainFree (domain);
    }
  if (virConnectIsAlive (self->conns[i]) != 1)
    {
      virConnectClose (self->conns[i]);
      self->conns[i] = NULL;
      return FALSE;
    }
  *runs = state == VIR_DOMAIN_RUNNING || state == VIR_DOMAIN_BLOCKED;
  return TRUE;
}

/* One host cannot be asked at the same time as the other: it runs on both when the one ran before
 * and after the other did. */
void
lab_look_once (LabLook *self)
{
  gboolean before, other, after;

  if (!sees (self, 0, &before) || !sees (self, 1, &other) || !sees (self, 0, &after))
    return;
  if (before && other && after)
    g_atomic_int_inc (&self->twice);
  g_atomic_int_inc (&self->samples);
}

guint
lab_look_get_samples (LabLook *self)
{
  return (guint) g_atomic_int_get (&self->samples);
}

guint
lab_look_get_twice (LabLook *self)
{
  return (guint) g_atomic_int_get (&self->twice);
}
