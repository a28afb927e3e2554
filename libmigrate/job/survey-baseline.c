/* Gather: which CPU each host can give a guest, one that is in all of them, and who could take a
 * guest with it. */
#include "job/survey-private.h"

#include "virt/facts-private.h"

typedef struct
{
  char *name;        /* for people */
  MigrateLink *link; /* nullable: its URI is none */
  char *cpu;         /* what it can give; nullable */
  GError *error;     /* nullable: why it could not be asked */
  char *why;         /* nullable: why it has no CPU, or is not suited */
  gboolean judged, suited;
} Host;

typedef struct
{
  MigrateSurveyRun *run;
  GVariant *emulator; /* a{sv}: for whom */
  GPtrArray *hosts;   /* Host; the source first */
  const char *cpu;    /* what all have; nullable until it is found */
} Baseline;

static void
host_free (gpointer data)
{
  Host *self = data;

  g_free (self->name);
  g_clear_pointer (&self->link, _migrate_link_unref);
  g_free (self->cpu);
  g_clear_error (&self->error);
  g_free (self->why);
  g_free (self);
}

static Host *
host_new (MigrateHost *host)
{
  Host *self = g_new0 (Host, 1);

  self->name = _migrate_host_dup_platform_name (host);
  /* Before a backend is chosen by it. */
  if (_migrate_uri_check (migrate_host_get_uri (host), MIGRATE_URI_CONNECTION, &self->error))
    self->link = _migrate_link_ref (_migrate_host_get_link (host));
  return self;
}

/* ---- asking ---- */

static gboolean
ask (Baseline *self, MigrateLink *link, MigrateCall *call, GError **error)
{
  GError *local_error = NULL;

  if (_migrate_link_call (link, call, _migrate_work_call_timeout (self->run->work, call->kind),
                          &local_error))
    return TRUE;
  g_propagate_error (error, _migrate_error_adopt (local_error));
  return FALSE;
}

static MigrateCall *
call_new (Baseline *self, MigrateCallKind kind, const char *key, GVariant *value /* nullable */)
{
  MigrateCall *call = _migrate_call_new (kind, NULL /* guest */);
  GVariantDict question;

  g_variant_dict_init (&question, NULL);
  g_variant_dict_insert_value (&question, MIGRATE_FACT_DOMAIN, self->emulator);
  if (value != NULL)
    g_variant_dict_insert_value (&question, key, value);
  call->question = g_variant_ref_sink (g_variant_dict_end (&question));
  return call;
}

/* What the host says of its hypervisor, and of the common CPU once that is known. */
static MigrateCall *
ask_host (Baseline *self, Host *host)
{
  g_autoptr (MigrateCall) call
    = call_new (self, MIGRATE_CALL_FACTS, MIGRATE_FACT_CPU,
                self->cpu != NULL ? g_variant_new_string (self->cpu) : NULL);

  return ask (self, host->link, call, &host->error) ? g_steal_pointer (&call) : NULL;
}

static void
take_words (Host *host, const char *words, const char *otherwise)
{
  host->why = g_strdup (words != NULL ? words : otherwise);
}

static void
ask_for_cpu (gpointer data, guint i)
{
  Baseline *self = data;
  Host *host = self->hosts->pdata[i];
  g_autoptr (MigrateCall) call = NULL;
  g_autoptr (GVariant) domain = NULL;
  g_autoptr (GError) error = NULL;
  const char *xml;

  if (host->link == NULL || _migrate_work_is_cancelled (self->run->work))
    return;
  call = ask_host (self, host);
  if (call == NULL)
    return;
  domain = g_variant_lookup_value (call->answer, MIGRATE_FACT_DOMAIN, G_VARIANT_TYPE_VARDICT);
  xml = _migrate_variant_string (domain, MIGRATE_ANSWER_XML);
  host->cpu = xml != NULL ? _migrate_xml_host_model (xml, &error) : NULL;
  if (error != NULL)
    host->why = g_strdup (error->message);
  else if (host->cpu == NULL)
    take_words (host, _migrate_variant_string (domain, MIGRATE_ANSWER_ERROR),
                "it does not tell which CPU its hypervisor can give a guest");
}

static void
ask_for_fit (gpointer data, guint i)
{
  Baseline *self = data;
  Host *host = self->hosts->pdata[i];
  g_autoptr (MigrateCall) call = NULL;
  g_autoptr (GVariant) fit = NULL;

  if (host->cpu == NULL || _migrate_work_is_cancelled (self->run->work))
    return;
  call = ask_host (self, host);
  if (call == NULL)
    return;
  fit = g_variant_lookup_value (call->answer, MIGRATE_FACT_CPU, G_VARIANT_TYPE_VARDICT);
  host->judged
    = fit != NULL && g_variant_lookup (fit, MIGRATE_CPU_COMPATIBLE_KEY, "b", &host->suited);
  if (!host->judged || !host->suited)
    take_words (host, _migrate_variant_string (fit, MIGRATE_CPU_WHY),
                host->judged ? "its hypervisor cannot give a guest this CPU"
                             : "it does not compare CPUs");
}

/* ---- the common one ---- */

/* Of what decides which CPUs there are: hosts may have it under other paths, and other machines. */
static GVariant *
find_emulator (MigrateSurveyRun *run, GError **error)
{
  g_autoptr (MigrateCall) call
    = _migrate_work_call (run->work, MIGRATE_SIDE_SOURCE, MIGRATE_CALL_DOMAIN_XML, run->work->guest,
                          0 /* flags */, error);
  g_autoptr (MigrateGuest) guest
    = call != NULL ? _migrate_guest_parse (call->text_out, error) : NULL;
  GVariantDict values;

  if (guest == NULL)
    return NULL;
  g_variant_dict_init (&values, NULL);
  if (guest->arch != NULL)
    g_variant_dict_insert_value (&values, MIGRATE_EMULATOR_ARCH, _migrate_fact_text (guest->arch));
  g_variant_dict_insert_value (&values, MIGRATE_EMULATOR_TYPE, _migrate_fact_text (guest->type));
  return g_variant_ref_sink (g_variant_dict_end (&values));
}

/* Of the source's hypervisor, for the guest is there. */
static char *
find_common (Baseline *self, GError **error)
{
  const Host *source = self->hosts->pdata[0];
  g_autoptr (MigrateCall) call = NULL;
  GVariantBuilder cpus;

  if (source->error != NULL)
    {
      g_propagate_error (error, g_error_copy (source->error));
      return NULL;
    }
  if (source->cpu == NULL)
    {
      _migrate_set_error (error, MIGRATE_ERROR_UNSUPPORTED,
                          "Ask on hosts of a driver that tells domain capabilities, such as QEMU's",
                          "Cannot find a common CPU: “%s”: %s", source->name, source->why);
      return NULL;
    }
  g_variant_builder_init (&cpus, G_VARIANT_TYPE_STRING_ARRAY);
  for (guint i = 0; i < self->hosts->len; i++)
    {
      const Host *host = self->hosts->pdata[i];

      if (host->cpu != NULL)
        g_variant_builder_add (&cpus, "s", host->cpu);
    }
  call = call_new (self, MIGRATE_CALL_BASELINE_CPU, MIGRATE_BASELINE_CPUS,
                   g_variant_builder_end (&cpus));
  return ask (self, source->link, call, error) ? g_strdup (call->text_out) : NULL;
}

static GVariant *
list_hosts (const Baseline *self)
{
  GVariantBuilder rows;

  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < self->hosts->len; i++)
    {
      const Host *host = self->hosts->pdata[i];
      const char *why = host->error != NULL ? host->error->message : host->why;
      GVariantDict row;

      g_variant_dict_init (&row, NULL);
      g_variant_dict_insert_value (&row, MIGRATE_BASELINE_HOST, _migrate_fact_text (host->name));
      if (host->judged)
        g_variant_dict_insert (&row, MIGRATE_BASELINE_SUITED, "b", host->suited);
      if (why != NULL)
        g_variant_dict_insert_value (&row, MIGRATE_BASELINE_WHY, _migrate_fact_text (why));
      g_variant_builder_add_value (&rows, g_variant_dict_end (&row));
    }
  return g_variant_builder_end (&rows);
}

static MigrateBaseline *
find (Baseline *self, GError **error)
{
  MigrateSurveyRun *run = self->run;
  g_autofree char *cpu = NULL;
  g_autofree char *model = NULL;
  g_auto (GStrv) features = NULL;

  _migrate_backend_each (run->work->backend, "migrate-survey", MIGRATE_SURVEY_AT_ONCE,
                         self->hosts->len, ask_for_cpu, self);
  if (_migrate_survey_check_cancelled (run, error))
    return NULL;
  cpu = find_common (self, error);
  if (cpu == NULL || _migrate_survey_check_cancelled (run, error)
      || !_migrate_xml_read_cpu (cpu, &model, &features, error))
    return NULL;
  self->cpu = cpu;
  _migrate_backend_each (run->work->backend, "migrate-survey", MIGRATE_SURVEY_AT_ONCE,
                         self->hosts->len, ask_for_fit, self);
  if (_migrate_survey_check_cancelled (run, error))
    return NULL;
  return _migrate_baseline_new (cpu, model, (const char *const *) features, list_hosts (self));
}

MigrateBaseline *
_migrate_survey_find_baseline (MigrateSurveyRun *run, GError **error)
{
  g_autoptr (GVariant) emulator = NULL;
  g_autoptr (GPtrArray) hosts = g_ptr_array_new_with_free_func (host_free);
  Baseline baseline = { .run = run, .hosts = hosts };

  if (_migrate_survey_check_cancelled (run, error))
    return NULL;
  emulator = find_emulator (run, error);
  if (emulator == NULL || _migrate_survey_check_cancelled (run, error))
    return NULL;
  baseline.emulator = emulator;
  g_ptr_array_add (hosts, host_new (run->source));
  for (guint i = 0; i < run->destinations->len; i++)
    g_ptr_array_add (hosts, host_new (run->destinations->pdata[i]));
  return find (&baseline, error);
}
