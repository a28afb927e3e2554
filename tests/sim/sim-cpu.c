/* CPUs of hosts: a model and features beyond it, of which a hypervisor gives a guest what it asks
 * for, and finds what several have in common. Models are comparable only when they are the same. */
#include "sim-private.h"

#include "virt/facts-private.h"
#include "xml/xml-private.h"

void
sim_world_set_cpu (SimWorld *self, const char *name, const char *model, const char *features)
{
  SimHost *host;

  _sim_lock (self);
  host = _sim_need_host (self, name);
  g_free (host->cpu_model);
  g_free (host->cpu_features);
  host->cpu_model = g_strdup (model);
  host->cpu_features = g_strdup (features);
  _sim_unlock (self);
}

static char *
cpu_elements (const char *model, const char *const *features)
{
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "<model fallback='forbid'>%s</model>", model);
  for (; *features != NULL; features++)
    g_string_append_printf (text, "<feature policy='require' name='%s'/>", *features);
  return g_string_free (text, FALSE);
}

char *
_sim_cpu_describe (const SimHost *host)
{
  g_auto (GStrv) features = g_strsplit (host->cpu_features, " ", -1);
  g_autofree char *cpu = cpu_elements (host->cpu_model, (const char *const *) features);

  return g_strdup_printf ("<domainCapabilities><path>/usr/bin/qemu-system-x86_64</path>"
                          "<domain>qemu</domain><machine>pc</machine><arch>x86_64</arch><cpu>"
                          "<mode name='host-passthrough' supported='yes'/>"
                          "<mode name='host-model' supported='yes'>%s</mode>"
                          "<mode name='custom' supported='yes'>"
                          "<model usable='yes'>%s</model></mode></cpu></domainCapabilities>",
                          cpu, host->cpu_model);
}

gboolean
_sim_cpu_compare (const SimHost *host, const char *cpu)
{
  g_auto (GStrv) has = g_strsplit (host->cpu_features, " ", -1);
  g_auto (GStrv) wants = NULL;
  g_autofree char *model = NULL;

  if (!_migrate_xml_read_cpu (cpu, &model, &wants, NULL /* error */)
      || !g_str_equal (model, host->cpu_model))
    return FALSE;
  for (char **feature = wants; *feature != NULL; feature++)
    if (**feature == '+' && !g_strv_contains ((const char *const *) has, *feature + 1))
      return FALSE;
  return TRUE;
}

char *
_sim_cpu_baseline (GVariant *question)
{
  g_autoptr (GVariant) cpus
    = g_variant_lookup_value (question, MIGRATE_BASELINE_CPUS, G_VARIANT_TYPE_STRING_ARRAY);
  g_autofree const char **texts = g_variant_get_strv (cpus, NULL);
  g_autoptr (GStrvBuilder) common = g_strv_builder_new ();
  g_autofree char *model = NULL;
  g_autofree char *elements = NULL;
  g_auto (GStrv) first = NULL;
  g_auto (GStrv) all = NULL;

  if (!_migrate_xml_read_cpu (texts[0], &model, &first, NULL /* error */))
    return NULL;
  for (char **feature = first; *feature != NULL; feature++)
    {
      gboolean in_all = TRUE;

      for (gsize i = 1; texts[i] != NULL; i++)
        {
          g_autofree char *other = NULL;
          g_auto (GStrv) features = NULL;

          if (!_migrate_xml_read_cpu (texts[i], &other, &features, NULL /* error */)
              || !g_str_equal (model, other))
            return NULL;
          in_all &= g_strv_contains ((const char *const *) features, *feature);
        }
      if (in_all)
        g_strv_builder_add (common, *feature + 1);
    }
  all = g_strv_builder_end (common);
  elements = cpu_elements (model, (const char *const *) all);
  return g_strdup_printf ("<cpu mode='custom' match='exact'>%s</cpu>", elements);
}
