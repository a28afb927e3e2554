/* Gather: what both hosts tell of the files that a probe says they share.
 *
 * libvirt opens a volume and looks at it when it is asked to describe it, and on NFS opening asks
 * the server. What else is remembered of a file is remembered for a second (FUSE, SMB, Gluster, as
 * they come): a difference that stands longer is believed. Where more is remembered (NFS mounted
 * with “nocto”), a file that was just written to is not proven. */
#include "check/same-private.h"

#include "check/facts-snapshot-private.h"

#define LOOKS 4
#define PAUSE_MS 400

typedef struct
{
  MigrateWork *work;
  GArray *files;
  GPtrArray *probed;
  MigrateHostFacts looks[LOOKS][2]; /* the source's, the destination's */
  gsize n;
  char *trouble; /* nullable: a host did not answer */
} Looking;

static const MigrateSide sides[] = { MIGRATE_SIDE_SOURCE, MIGRATE_SIDE_DESTINATION };

static const MigrateProbePlace *
place_at (const MigrateProbeFile *file, MigrateSide side)
{
  return side == MIGRATE_SIDE_SOURCE ? &file->here : &file->there;
}

/* A device's name is its own, and a folder that is a disk was itself written to. */
static gboolean
is_looked_at (const MigrateProbeFile *file, const MigrateProbed *probed)
{
  return probed->sharing == MIGRATE_SHARING_SHARED && g_strcmp0 (file->here.type, "block") != 0
         && g_strcmp0 (file->here.type, "dir") != 0;
}

/* As the answer names it. */
static char *
name_of (const MigrateProbePlace *place)
{
  return place->pool != NULL ? g_strdup_printf ("%s:%s", place->pool, place->volume)
                             : g_strdup (place->path);
}

static GVariant *
question_of (const Looking *self, MigrateSide side)
{
  GVariantBuilder paths, volumes;
  GVariantDict question;

  g_variant_builder_init (&paths, G_VARIANT_TYPE ("as"));
  g_variant_builder_init (&volumes, G_VARIANT_TYPE ("a(ss)"));
  for (guint i = 0; i < self->files->len; i++)
    {
      const MigrateProbeFile *file = &g_array_index (self->files, MigrateProbeFile, i);
      const MigrateProbePlace *place = place_at (file, side);

      if (!is_looked_at (file, self->probed->pdata[i]))
        continue;
      if (place->pool != NULL)
        g_variant_builder_add (&volumes, "(ss)", place->pool, place->volume);
      else
        g_variant_builder_add (&paths, "s", place->path);
    }
  g_variant_dict_init (&question, NULL);
  g_variant_dict_insert_value (&question, MIGRATE_FACT_FILES, g_variant_builder_end (&paths));
  g_variant_dict_insert_value (&question, MIGRATE_FACT_VOLUMES, g_variant_builder_end (&volumes));
  return g_variant_ref_sink (g_variant_dict_end (&question));
}

static void
look (Looking *self)
{
  MigrateWorkCall calls[G_N_ELEMENTS (sides)];

  for (gsize i = 0; i < G_N_ELEMENTS (sides); i++)
    {
      calls[i]
        = (MigrateWorkCall){ sides[i], _migrate_call_new (MIGRATE_CALL_FACTS, NULL /* guest */),
                             NULL };
      calls[i].call->question = question_of (self, sides[i]);
    }
  _migrate_work_run_calls (self->work, calls, G_N_ELEMENTS (calls));
  for (gsize i = 0; i < G_N_ELEMENTS (sides); i++)
    {
      if (calls[i].error == NULL)
        _migrate_host_facts_read (calls[i].call->answer, &self->looks[self->n][i], &calls[i].error);
      if (calls[i].error != NULL && self->trouble == NULL)
        self->trouble = g_strdup (calls[i].error->message);
      _migrate_call_unref (calls[i].call);
      g_clear_error (&calls[i].error);
    }
  self->n++;
}

static const MigrateFileFacts *
find (const MigrateHostFacts *facts, const char *name)
{
  for (guint i = 0; facts->files != NULL && i < facts->files->len; i++)
    {
      const MigrateFileFacts *file = facts->files->pdata[i];

      if (g_strcmp0 (file->path, name) == 0)
        return file;
    }
  return NULL;
}

static gboolean
is_same (const Looking *self, const MigrateProbeFile *file, char **why)
{
  const MigrateFileFacts *here[LOOKS], *there[LOOKS];
  g_autofree char *name_here = name_of (&file->here);
  g_autofree char *name_there = name_of (&file->there);

  if (self->trouble != NULL)
    {
      *why = g_strdup (self->trouble);
      return FALSE;
    }
  for (gsize i = 0; i < self->n; i++)
    {
      here[i] = find (&self->looks[i][0], name_here);
      there[i] = find (&self->looks[i][1], name_there);
    }
  return _migrate_same_file (here, there, self->n, why);
}

/* Those that are not the same, and what is said of them from now on, where it is for good. */
static guint
count_others (const Looking *self, gboolean for_good)
{
  guint n = 0;

  for (guint i = 0; i < self->files->len; i++)
    {
      const MigrateProbeFile *file = &g_array_index (self->files, MigrateProbeFile, i);
      MigrateProbed *probed = self->probed->pdata[i];
      g_autofree char *why = NULL;

      if (!is_looked_at (file, probed) || is_same (self, file, &why))
        continue;
      n++;
      if (!for_good)
        continue;
      probed->sharing = MIGRATE_SHARING_UNKNOWN;
      g_free (probed->why);
      probed->why = g_steal_pointer (&why);
    }
  return n;
}

static gboolean
has_any (const Looking *self)
{
  for (guint i = 0; i < self->files->len; i++)
    if (is_looked_at (&g_array_index (self->files, MigrateProbeFile, i), self->probed->pdata[i]))
      return TRUE;
  return FALSE;
}

static void
clear_looks (Looking *self)
{
  for (gsize i = 0; i < self->n; i++)
    for (gsize s = 0; s < G_N_ELEMENTS (sides); s++)
      _migrate_host_facts_clear (&self->looks[i][s]);
  self->n = 0;
}

/* Two hosts that said the same, whenever that was, need not be asked again. What one of them said
 * long before the other says nothing more than that. */
static gboolean
is_told (Looking *self, GVariant *const *told)
{
  gboolean same;

  for (gsize i = 0; i < G_N_ELEMENTS (sides); i++)
    _migrate_host_facts_read (told[i], &self->looks[0][i], NULL /* error */);
  self->n = 1;
  same = count_others (self, FALSE) == 0;
  clear_looks (self);
  return same;
}

gboolean
_migrate_same_look (MigrateWork *work, GArray *files, GPtrArray *probed, GVariant *const *told,
                    GError **error)
{
  Looking self = { .work = work, .files = files, .probed = probed };

  if (!has_any (&self) || is_told (&self, told))
    return TRUE;
  look (&self);
  while (count_others (&self, FALSE) > 0 && self.trouble == NULL && self.n < LOOKS
         && !_migrate_work_is_cancelled (work))
    {
      _migrate_work_sleep (work, PAUSE_MS);
      look (&self);
    }
  count_others (&self, TRUE /* for_good */);
  clear_looks (&self);
  g_free (self.trouble);
  return !_migrate_work_check_cancelled (work, error);
}
