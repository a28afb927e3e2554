/* Decide: whether the destination runs this guest's machine on this guest's CPU. What counts is its
 * hypervisor, not its processor: the one can do less and more than the other. */
#include "check/features-private.h"

#include <string.h>

static const char *
known (const char *text)
{
  return text != NULL ? text : "unknown";
}

static gboolean
is_known_model (char *const *models, const char *model)
{
  return g_strv_contains ((const char *const *) models, model);
}

/* ---- hypervisors ---- */

static void
look_hypervisor (MigrateLook *look)
{
  const MigrateFacts *f = look->facts;

  if (g_strcmp0 (f->source.hypervisor, f->destination.hypervisor) != 0)
    _migrate_look_find (look, f->destination.hostname, known (f->source.hypervisor),
                        known (f->destination.hypervisor), NULL);
}

static void
look_older_program (MigrateLook *look, const char *program, guint64 here, guint64 there)
{
  g_autofree char *mine = _migrate_version_to_string (here);
  g_autofree char *other = _migrate_version_to_string (there);

  if (there != 0 && there < here)
    _migrate_look_find (look, look->facts->destination.hostname, program, other, mine, NULL);
}

static void
look_older (MigrateLook *look)
{
  const MigrateFacts *f = look->facts;

  look_older_program (look, "libvirt", f->source.libvirt_version, f->destination.libvirt_version);
  if (g_strcmp0 (f->source.hypervisor, f->destination.hypervisor) == 0)
    look_older_program (look, known (f->destination.hypervisor), f->source.hypervisor_version,
                        f->destination.hypervisor_version);
}

/* ---- the machine ---- */

static void
look_machine (MigrateLook *look)
{
  const MigrateGuest *there = _migrate_look_there (look);
  const char *why = look->facts->on_destination.domain_error;

  if (why != NULL)
    _migrate_look_find (look, look->facts->destination.hostname, known (there->machine),
                        known (there->emulator), why, NULL);
}

static void
look_firmware (MigrateLook *look)
{
  const MigrateGuest *there = _migrate_look_there (look);
  const MigrateDomainCapabilities *domain = look->facts->on_destination.domain;

  if (there->loader != NULL && domain != NULL && domain->loaders[0] != NULL
      && !is_known_model (domain->loaders, there->loader))
    _migrate_look_find (look, there->loader, NULL);
}

static void
look_launch_security (MigrateLook *look)
{
  const char *type = _migrate_look_there (look)->launch_security;

  if (type != NULL)
    _migrate_look_find (look, look->facts->guest.name, type, NULL);
}

/* ---- the CPU ---- */

static gboolean
is_accelerated (const MigrateGuest *guest)
{
  return g_str_equal (guest->type, "kvm");
}

/* With KVM the most that QEMU can give is what the host has. */
static gboolean
is_host_cpu (const MigrateGuest *guest)
{
  return g_strcmp0 (guest->cpu_mode, "host-passthrough") == 0
         || (g_strcmp0 (guest->cpu_mode, "maximum") == 0 && is_accelerated (guest));
}

static void
look_cpu (MigrateLook *look)
{
  const MigrateHostFacts *there = &look->facts->on_destination;

  if (there->cpu == MIGRATE_CPU_INCOMPATIBLE && !is_host_cpu (_migrate_look_there (look)))
    _migrate_look_find (look, look->facts->guest.name,
                        there->cpu_why != NULL ? there->cpu_why : "libvirt does not say why", NULL);
}

/* Only where no whole CPU was compared. */
static const char *
model_to_judge (const MigrateLook *look)
{
  const MigrateGuest *there = _migrate_look_there (look);
  const MigrateHostFacts *host = &look->facts->on_destination;

  if (host->cpu != MIGRATE_CPU_UNKNOWN || host->domain == NULL
      || host->domain->known_models[0] == NULL || g_strcmp0 (there->cpu_mode, "custom") != 0)
    return NULL;
  return there->cpu_model;
}

static void
look_model_unknown (MigrateLook *look)
{
  const char *model = model_to_judge (look);

  if (model != NULL && !is_known_model (look->facts->on_destination.domain->known_models, model))
    _migrate_look_find (look, model, NULL);
}

/* A guest may have it without the features that the destination lacks. */
static void
look_model_unusable (MigrateLook *look)
{
  const char *model = model_to_judge (look);
  const MigrateDomainCapabilities *domain = look->facts->on_destination.domain;

  if (model != NULL && is_known_model (domain->known_models, model)
      && !is_known_model (domain->usable_models, model))
    _migrate_look_find (look, model, NULL);
}

/* Those of one that the other lacks; NULL: none. */
static char *
missing_features (const MigrateCapabilities *one, const MigrateCapabilities *other)
{
  g_autoptr (GPtrArray) missing = g_ptr_array_new ();

  for (gsize i = 0; one->cpu_features[i] != NULL; i++)
    if (!is_known_model (other->cpu_features, one->cpu_features[i]))
      g_ptr_array_add (missing, one->cpu_features[i]);
  if (missing->len == 0)
    return NULL;
  g_ptr_array_add (missing, NULL);
  return g_strjoinv (", ", (char **) missing->pdata);
}

/* In words; NULL: they are equal as far as libvirt tells. */
static char *
host_cpus_differ (const MigrateCapabilities *here, const MigrateCapabilities *there)
{
  g_autofree char *lacks = missing_features (here, there);
  g_autofree char *has = missing_features (there, here);

  if (g_strcmp0 (here->cpu_vendor, there->cpu_vendor) != 0
      || g_strcmp0 (here->cpu_model, there->cpu_model) != 0)
    return g_strdup_printf ("one is %s %s, the other %s %s", known (here->cpu_vendor),
                            known (here->cpu_model), known (there->cpu_vendor),
                            known (there->cpu_model));
  if (lacks != NULL)
    return g_strdup_printf ("the destination's lacks %s", lacks);
  return has != NULL ? g_strdup_printf ("the destination's has %s besides", has) : NULL;
}

/* What is told of both hosts' CPUs; FALSE: one of them is not known. */
static gboolean
compare_host_cpus (const MigrateLook *look, char **difference)
{
  const MigrateCapabilities *here = look->facts->on_source.capabilities;
  const MigrateCapabilities *there = look->facts->on_destination.capabilities;

  if (here == NULL || there == NULL || here->cpu_model == NULL || there->cpu_model == NULL)
    return FALSE;
  *difference = host_cpus_differ (here, there);
  return TRUE;
}

static void
look_passthrough_differs (MigrateLook *look)
{
  g_autofree char *difference = NULL;

  if (is_host_cpu (_migrate_look_there (look)) && compare_host_cpus (look, &difference)
      && difference != NULL)
    _migrate_look_find (look, look->facts->guest.name, difference, NULL);
}

static void
look_passthrough (MigrateLook *look)
{
  g_autofree char *difference = NULL;
  gboolean compared;

  if (!is_host_cpu (_migrate_look_there (look)))
    return;
  compared = compare_host_cpus (look, &difference);
  if (difference == NULL)
    _migrate_look_find (look, look->facts->guest.name,
                        compared ? "look equal to libvirt, which does not see all of them"
                                 : "could not be compared",
                        NULL);
}

/* ---- time ---- */

/* KVM takes a frequency that is off by no more than 250 parts in a million for the same. */
static gboolean
is_same_frequency (guint64 a, guint64 b)
{
  guint64 apart = a > b ? a - b : b - a;

  return apart <= MAX (a, b) / 4000;
}

/* Both known, and so far apart that the destination would have to scale, and cannot. */
static gboolean
tsc_differs (const MigrateLook *look, char **here, char **there)
{
  const MigrateCapabilities *a = look->facts->on_source.capabilities;
  const MigrateCapabilities *b = look->facts->on_destination.capabilities;
  guint64 mine, other;

  if (a == NULL || b == NULL || a->tsc_frequency == NULL || b->tsc_frequency == NULL
      || !g_ascii_string_to_unsigned (a->tsc_frequency, 10, 1, G_MAXUINT64, &mine, NULL)
      || !g_ascii_string_to_unsigned (b->tsc_frequency, 10, 1, G_MAXUINT64, &other, NULL)
      || is_same_frequency (mine, other) || b->tsc_scaling)
    return FALSE;
  *here = g_strdup_printf ("%.0f MHz", (double) mine / 1e6);
  *there = g_strdup_printf ("%.0f MHz", (double) other / 1e6);
  return TRUE;
}

static void
look_tsc (MigrateLook *look, gboolean fixed)
{
  const MigrateGuest *guest = _migrate_look_there (look);
  g_autofree char *here = NULL;
  g_autofree char *there = NULL;

  if (is_accelerated (guest) && guest->has_tsc_frequency == fixed
      && tsc_differs (look, &here, &there))
    _migrate_look_find (look, look->facts->guest.name, here, there, NULL);
}

static void
look_tsc_fixed (MigrateLook *look)
{
  look_tsc (look, TRUE);
}

static void
look_tsc_free (MigrateLook *look)
{
  look_tsc (look, FALSE);
}

static void
look_invtsc (MigrateLook *look)
{
  const MigrateGuest *guest = _migrate_look_there (look);

  if (is_known_model (guest->cpu_features, "invtsc") && !guest->has_tsc_frequency)
    _migrate_look_find (look, look->facts->guest.name, NULL);
}

/* As far as libvirt tells of the source's processor; what it does not tell is not known to lack. */
static gboolean
lacks_invtsc (const MigrateLook *look)
{
  const MigrateCapabilities *here = look->facts->on_source.capabilities;

  return here != NULL && here->cpu_features[0] != NULL
         && !is_known_model (here->cpu_features, "invtsc");
}

/* The flag in it that QEMU cannot move is invtsc, unless the frequency is fixed. */
static void
look_unmigratable (MigrateLook *look)
{
  const MigrateGuest *guest = _migrate_look_there (look);

  if (guest->cpu_unmigratable && is_host_cpu (guest) && is_accelerated (guest)
      && !guest->has_tsc_frequency)
    _migrate_look_find_as (look,
                           lacks_invtsc (look) ? MIGRATE_SEVERITY_WARNING : look->check->severity,
                           look->facts->guest.name, NULL);
}

static const MigrateCheck checks[] = {
  { "hypervisor-differs", MIGRATE_SEVERITY_BLOCKER, FALSE, "the hosts run different hypervisors",
    "The source runs $2, the destination “$1” runs $3", "Name another destination",
    look_hypervisor },
  { "machine-unknown", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "the destination does not run guests of this machine type with this emulator",
    "“$1” does not run the machine “$2” with the emulator “$3”: $4",
    "Install a QEMU there that has this machine type, or map the emulator's path", look_machine },
  { "launch-security", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "the guest's memory is encrypted by its host's processor (SEV, SEV-SNP, TDX, s390 protected "
    "virtualization): it cannot move",
    "Guest “$1” is under launch security ($2): its memory cannot leave this host",
    "Shut it down, and start it there", look_launch_security },
  { "cpu-incompatible", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "the destination's hypervisor cannot give the guest the CPU that it has; libvirt's answer "
    "names the features",
    "The destination cannot give guest “$1” its CPU: $2",
    "Choose a destination that can, or give the guest a CPU model that both hosts have and start "
    "it again",
    look_cpu },
  { "cpu-model-unknown", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "the destination's hypervisor does not know the guest's CPU model",
    "The destination does not know the CPU model “$1”",
    "Choose a destination with a newer QEMU and libvirt, or give the guest another CPU model and "
    "start it again",
    look_model_unknown },
  { "host-passthrough-differs", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "the guest has the source's own CPU (`host-passthrough`, `maximum`), and the destination has "
    "another one",
    "Guest “$1” has the CPU of its host, and the hosts' CPUs differ: $2",
    "Choose a destination with the same CPU, or give the guest a CPU model that both have and "
    "start it again",
    look_passthrough_differs },
  { "invtsc", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "the guest has the CPU feature invtsc and no fixed TSC frequency: libvirt refuses to move it",
    "Guest “$1” has the CPU feature “invtsc” and no TSC frequency",
    "Set the frequency (<timer name='tsc' frequency='…'/>) or disable the feature, and start the "
    "guest again",
    look_invtsc },
  { "cpu-not-migratable", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "the guest has its host's own CPU with what does not migrate in it (`migratable='off'`), and "
    "no "
    "fixed TSC frequency: QEMU refuses to move it where the processor has invtsc; a warning where "
    "the source's is known not to",
    "Guest “$1” has the CPU of its host with what does not migrate in it (migratable='off')",
    "Take migratable='off' out of the guest's <cpu>, or set a TSC frequency (<timer name='tsc' "
    "frequency='…'/>), and start the guest again",
    look_unmigratable },
  { "tsc-frequency", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "the guest is given a fixed TSC frequency, and the destination's differs and cannot be scaled",
    "Guest “$1” has a fixed TSC frequency; the source has $2, the destination $3, and cannot scale "
    "it",
    "Choose a destination with the same TSC frequency, or one that can scale it", look_tsc_fixed },
  { "destination-older", MIGRATE_SEVERITY_WARNING, FALSE,
    "the destination has an older libvirt or hypervisor: moves to older ones may be refused, or "
    "fail",
    "“$1” has $2 $3, which is older than $4 at the source",
    "Upgrade the destination if the move is refused", look_older },
  { "cpu-model-unusable", MIGRATE_SEVERITY_WARNING, FALSE,
    "the destination could not compare the guest's whole CPU, and lacks something of its CPU model",
    "The destination lacks something of the CPU model “$1”; the guest may have it without that",
    "Ask for it there: virsh hypervisor-cpu-compare", look_model_unusable },
  { "host-passthrough", MIGRATE_SEVERITY_WARNING, FALSE,
    "the guest has its host's own CPU (`host-passthrough`, `maximum`), and the hosts' CPUs look "
    "equal, or could not be compared",
    "Guest “$1” has the CPU of its host; the hosts' CPUs $2",
    "See to it that processor, microcode and kernel are the same on both", look_passthrough },
  { "tsc-differs", MIGRATE_SEVERITY_WARNING, FALSE,
    "the destination's TSC has another frequency and cannot be scaled: the guest's clock may run "
    "wrong until it measures again",
    "Guest “$1” counts time by a TSC of $2 here; the destination has $3, and cannot scale it",
    "Let the guest use another clock source (kvm-clock)", look_tsc_free },
  { "firmware-unknown", MIGRATE_SEVERITY_WARNING, FALSE,
    "the destination's libvirt does not list the guest's firmware file",
    "The destination does not list the firmware “$1”",
    "Install the same firmware there, or map its path", look_firmware },
};

const MigrateCheckFamily _migrate_cpu_checks = { "cpu", checks, G_N_ELEMENTS (checks) };
