/* Calls that fail because a test wants it, and those at which something happens. */
#include "sim-private.h"

#include <errno.h>
#include <string.h>

#define VIR_ERR_SYSTEM 38

static gboolean
which_matches (const char *which, const char *kind, const char *host)
{
  const char *colon = strchr (which, ':');
  gsize length = colon != NULL ? (gsize) (colon - which) : strlen (which);

  if (!(length == 1 && *which == '*')
      && !(strlen (kind) == length && strncmp (which, kind, length) == 0))
    return FALSE;
  return colon == NULL || g_str_equal (colon + 1, host);
}

static guint
count_matching (SimWorld *self, const char *which)
{
  GHashTableIter iter;
  gpointer key, value;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->counts);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      g_auto (GStrv) parts = g_strsplit (key, ":", 2);

      if (which_matches (which, parts[0], parts[1]))
        n += GPOINTER_TO_UINT (value);
    }
  return n;
}

guint
sim_world_count_calls (SimWorld *self, const char *which)
{
  guint n;

  _sim_lock (self);
  n = count_matching (self, which);
  _sim_unlock (self);
  return n;
}

static void
add_fault (SimWorld *self, SimFaultKind kind, const char *which, guint n, int vir_code)
{
  SimFault *fault = g_new0 (SimFault, 1);

  fault->kind = kind;
  fault->which = g_strdup (which);
  fault->n = n;
  fault->vir_code = vir_code;
  _sim_lock (self);
  g_ptr_array_add (self->faults, fault);
  _sim_unlock (self);
}

void
sim_world_fail_call (SimWorld *self, const char *which, guint n, int vir_code)
{
  add_fault (self, SIM_FAULT_FAIL, which, n, vir_code);
}

void
sim_world_lose_answer (SimWorld *self, const char *which, guint n)
{
  add_fault (self, SIM_FAULT_LOSE, which, n, VIR_ERR_SYSTEM);
}

void
sim_world_hang_call (SimWorld *self, const char *which, guint n)
{
  add_fault (self, SIM_FAULT_HANG, which, n, VIR_ERR_SYSTEM);
}

void
_sim_disarm_calls (SimWorld *self)
{
  /* Not freed: a call under way may have met one. */
  for (guint i = 0; i < self->faults->len; i++)
    ((SimFault *) g_ptr_array_index (self->faults, i))->n = 0;
}

const SimFault *
_sim_begin_call (SimActor *actor, const char *kind, const char *host)
{
  SimWorld *self = actor->world;
  char *key = g_strdup_printf ("%s:%s", kind, host);
  const SimFault *found = NULL;

  _sim_yield (actor);
  _sim_trace (actor, kind, host);
  self->n_calls++;
  g_hash_table_replace (
    self->counts, key,
    GUINT_TO_POINTER (GPOINTER_TO_UINT (g_hash_table_lookup (self->counts, key)) + 1));
  if (self->n_calls == self->stop_at_call && !self->tearing)
    {
      _sim_stop (self);
      _sim_hang (actor);
    }
  if (!self->tearing)
    _sim_trigger_nth (self, SIM_AT_CALL, self->n_calls);
  for (guint i = 0; found == NULL && i < self->faults->len; i++)
    {
      SimFault *fault = g_ptr_array_index (self->faults, i);

      if (fault->n > 0 && which_matches (fault->which, kind, host)
          && count_matching (self, fault->which) == fault->n)
        found = fault;
    }
  if (found != NULL && found->kind == SIM_FAULT_HANG)
    _sim_hang (actor);
  return found;
}

void
_sim_fault_set_error (const SimFault *fault, const char *kind, const char *host, GError **error)
{
  g_autofree char *doing = g_strdup_printf ("Cannot do “%s” on “%s”", kind, host);
  gboolean rpc = fault->vir_code == VIR_ERR_SYSTEM || fault->vir_code == 39;

  _sim_set_error (error, FALSE, rpc ? VIR_FROM_RPC : VIR_FROM_QEMU, fault->vir_code,
                  rpc ? ECONNRESET : 0, doing, "failed by the test");
}
