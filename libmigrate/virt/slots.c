/* How many transfers a host takes at once. At 20 transfers a daemon answers neither abort nor
 * statistics, so a host has slots; who finds none waits here without a thread, first come first
 * served, but one whose hosts are free does not wait for one whose hosts are not. */
#include "virt/link-private.h"

typedef struct
{
  guint outgoing, incoming;
} HostSlots;

typedef struct
{
  char *source, *destination;
  guint max_outgoing, max_incoming;
  MigrateSlotGranted granted;
  gpointer data;
} Waiter;

static GMutex lock;
static GHashTable *hosts; /* URI -> HostSlots */
static GQueue waiters = G_QUEUE_INIT;

static HostSlots *
host_slots (const char *uri)
{
  HostSlots *slots;

  if (hosts == NULL)
    hosts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  slots = g_hash_table_lookup (hosts, uri);
  if (slots == NULL)
    {
      slots = g_new0 (HostSlots, 1);
      g_hash_table_insert (hosts, g_strdup (uri), slots);
    }
  return slots;
}

static void
forget_if_idle (const char *uri)
{
  HostSlots *slots = host_slots (uri);

  if (slots->outgoing == 0 && slots->incoming == 0)
    g_hash_table_remove (hosts, uri);
}

static gboolean
take (const Waiter *waiter)
{
  HostSlots *from = host_slots (waiter->source);
  HostSlots *to = host_slots (waiter->destination);

  if (from->outgoing >= waiter->max_outgoing || to->incoming >= waiter->max_incoming)
    return FALSE;
  from->outgoing++;
  to->incoming++;
  return TRUE;
}

static void
waiter_free (Waiter *waiter)
{
  g_free (waiter->source);
  g_free (waiter->destination);
  g_free (waiter);
}

gboolean
_migrate_slots_acquire (MigrateLink *source, guint max_outgoing, MigrateLink *destination,
                        guint max_incoming, MigrateSlotGranted granted, gpointer data)
{
  Waiter *waiter = g_new0 (Waiter, 1);
  gboolean taken;

  waiter->source = g_strdup (_migrate_link_get_uri (source));
  waiter->destination = g_strdup (_migrate_link_get_uri (destination));
  waiter->max_outgoing = max_outgoing;
  waiter->max_incoming = max_incoming;
  waiter->granted = granted;
  waiter->data = data;
  g_mutex_lock (&lock);
  taken = take (waiter);
  if (!taken && granted != NULL)
    g_queue_push_tail (&waiters, waiter);
  g_mutex_unlock (&lock);
  if (taken || granted == NULL)
    waiter_free (waiter);
  return taken;
}

gboolean
_migrate_slots_give_up (gpointer data)
{
  Waiter *found = NULL;

  g_mutex_lock (&lock);
  for (GList *l = waiters.head; l != NULL && found == NULL; l = l->next)
    if (((Waiter *) l->data)->data == data)
      {
        found = l->data;
        g_queue_delete_link (&waiters, l);
      }
  g_mutex_unlock (&lock);
  if (found == NULL)
    return FALSE;
  waiter_free (found);
  return TRUE;
}

void
_migrate_slots_release (MigrateLink *source, MigrateLink *destination)
{
  g_autoptr (GPtrArray) granted = g_ptr_array_new_with_free_func ((GDestroyNotify) waiter_free);
  GList *next;

  g_mutex_lock (&lock);
  host_slots (_migrate_link_get_uri (source))->outgoing--;
  host_slots (_migrate_link_get_uri (destination))->incoming--;
  for (GList *l = waiters.head; l != NULL; l = next)
    {
      next = l->next;
      if (take (l->data))
        {
          g_ptr_array_add (granted, l->data);
          g_queue_delete_link (&waiters, l);
        }
    }
  forget_if_idle (_migrate_link_get_uri (source));
  forget_if_idle (_migrate_link_get_uri (destination));
  g_mutex_unlock (&lock);
  for (guint i = 0; i < granted->len; i++)
    {
      Waiter *waiter = granted->pdata[i];

      waiter->granted (waiter->data);
    }
}
