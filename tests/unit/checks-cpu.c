/* Processor, machine, hypervisor. */
#include "checktest.h"

#define CUSTOM "<cpu mode='custom'><model>Cascadelake-Server</model></cpu>"
#define PASSTHROUGH "<cpu mode='host-passthrough'/>"
#define ALL_OF_IT "<cpu mode='host-passthrough' check='none' migratable='off'/>"
#define HOST_CPU(model, features)                                                                  \
  "<cpu><arch>x86_64</arch><model>" model "</model><vendor>Intel</vendor>" features "</cpu>"
#define TSC(frequency, scaling)                                                                    \
  "<cpu><arch>x86_64</arch><model>a</model><vendor>Intel</vendor><counter name='tsc' "             \
  "frequency='" frequency "' scaling='" scaling "'/></cpu>"
#define CUSTOM_MODE(models) "<cpu><mode name='custom' supported='yes'>" models "</mode></cpu>"

static void
hypervisor (CheckGiven *g)
{
  check_put (&g->facts->destination.hypervisor, "Xen");
}
static void
older (CheckGiven *g)
{
  g->facts->destination.libvirt_version = 8000000;
}
static void
older_qemu (CheckGiven *g)
{
  g->facts->destination.hypervisor_version = 6000000;
}
static void
newer (CheckGiven *g)
{
  g->facts->destination.libvirt_version = 10000000;
  g->facts->destination.hypervisor_version = 8000000;
}
static void
no_machine (CheckGiven *g)
{
  g->facts->on_destination.domain_error = g_strdup ("the machine 'pc-q35-7.2' is not supported");
}
static void
incompatible (CheckGiven *g)
{
  g->facts->on_destination.cpu = MIGRATE_CPU_INCOMPATIBLE;
  g->facts->on_destination.cpu_why = g_strdup ("missing features: avx512f, pku");
}
static void
compatible (CheckGiven *g)
{
  g->facts->on_destination.cpu = MIGRATE_CPU_COMPATIBLE;
}
static void
usable_model (CheckGiven *g)
{
  check_domain_capabilities (&g->facts->on_destination,
                             CUSTOM_MODE ("<model usable='yes'>Cascadelake-Server</model>"));
}
static void
unusable_model (CheckGiven *g)
{
  check_domain_capabilities (&g->facts->on_destination,
                             CUSTOM_MODE ("<model usable='no'>Cascadelake-Server</model>"));
}
static void
unusable_model_compared (CheckGiven *g)
{
  unusable_model (g);
  compatible (g);
}
static void
other_models (CheckGiven *g)
{
  check_domain_capabilities (&g->facts->on_destination,
                             CUSTOM_MODE ("<model usable='yes'>qemu64</model>"));
}
static void
hosts (CheckGiven *g, const char *here, const char *there)
{
  check_capabilities (&g->facts->on_source, here);
  check_capabilities (&g->facts->on_destination, there);
}
static void
equal_hosts (CheckGiven *g)
{
  hosts (g, HOST_CPU ("a", "<feature name='x'/>"), HOST_CPU ("a", "<feature name='x'/>"));
}
static void
other_host_model (CheckGiven *g)
{
  hosts (g, HOST_CPU ("a", ""), HOST_CPU ("b", ""));
}
static void
host_lacks_feature (CheckGiven *g)
{
  hosts (g, HOST_CPU ("a", "<feature name='x'/><feature name='y'/>"),
         HOST_CPU ("a", "<feature name='x'/>"));
}
static void
host_has_more (CheckGiven *g)
{
  hosts (g, HOST_CPU ("a", ""), HOST_CPU ("a", "<feature name='z'/>"));
}
static void
tsc_apart (CheckGiven *g)
{
  hosts (g, TSC ("2400000000", "no"), TSC ("2500000000", "no"));
}
static void
tsc_scaled (CheckGiven *g)
{
  hosts (g, TSC ("2400000000", "no"), TSC ("2500000000", "yes"));
}
static void
tsc_near (CheckGiven *g)
{
  hosts (g, TSC ("2400000000", "no"), TSC ("2400500000", "no"));
}
static void
other_firmware (CheckGiven *g)
{
  check_domain_capabilities (&g->facts->on_destination,
                             "<os><loader supported='yes'><value>/other.fd</value></loader></os>");
}
static void
same_firmware (CheckGiven *g)
{
  check_domain_capabilities (&g->facts->on_destination,
                             "<os><loader supported='yes'><value>/code.fd</value></loader></os>");
}

static void
without_invtsc (CheckGiven *g)
{
  check_capabilities (&g->facts->on_source, HOST_CPU ("a", "<feature name='x'/>"));
}
static void
with_invtsc (CheckGiven *g)
{
  check_capabilities (&g->facts->on_source,
                      HOST_CPU ("a", "<feature name='x'/><feature name='invtsc'/>"));
}
static void
with_invtsc_emulated (CheckGiven *g)
{
  with_invtsc (g);
  check_there (g, "<cpu mode='maximum' migratable='off'/>");
  check_put (&((MigrateGuest *) g->request.there)->type, "qemu");
}

#define TIMER "<clock><timer name='tsc' frequency='2400000000'/></clock>"
#define INVTSC "<cpu mode='custom'><model>m</model><feature policy='require' name='invtsc'/></cpu>"
#define SEV "<launchSecurity type='sev'><cbitpos>47</cbitpos></launchSecurity>"

static const CheckRow rows[] = {
  { "other hypervisor", NULL, hypervisor, "hypervisor-differs", MIGRATE_SEVERITY_BLOCKER, "Xen" },
  { "same hypervisor", NULL, NULL, "hypervisor-differs", CHECK_ABSENT },
  { "older libvirt", NULL, older, "destination-older", MIGRATE_SEVERITY_WARNING, "libvirt 8.0.0" },
  { "older QEMU", NULL, older_qemu, "destination-older", MIGRATE_SEVERITY_WARNING, "QEMU 6.0.0" },
  { "newer", NULL, newer, "destination-older", CHECK_ABSENT },
  { "machine not there", NULL, no_machine, "machine-unknown", MIGRATE_SEVERITY_BLOCKER,
    "not supported" },
  { "machine there", NULL, NULL, "machine-unknown", CHECK_ABSENT },
  { "SEV", SEV, NULL, "launch-security", MIGRATE_SEVERITY_BLOCKER, "sev" },
  { "no SEV", NULL, NULL, "launch-security", CHECK_ABSENT },
  { "CPU lacks features", CUSTOM, incompatible, "cpu-incompatible", MIGRATE_SEVERITY_BLOCKER,
    "avx512f, pku" },
  { "CPU fits", CUSTOM, compatible, "cpu-incompatible", CHECK_ABSENT },
  { "CPU unknown", CUSTOM, NULL, "cpu-incompatible", CHECK_ABSENT },
  { "model unknown", CUSTOM, other_models, "cpu-model-unknown", MIGRATE_SEVERITY_BLOCKER,
    "Cascadelake-Server" },
  { "model known", CUSTOM, usable_model, "cpu-model-unknown", CHECK_ABSENT },
  { "model not usable", CUSTOM, unusable_model, "cpu-model-unusable", MIGRATE_SEVERITY_WARNING },
  { "model usable", CUSTOM, usable_model, "cpu-model-unusable", CHECK_ABSENT },
  { "model not usable, but the CPU fits", CUSTOM, unusable_model_compared, "cpu-model-unusable",
    CHECK_ABSENT },
  { "passthrough, other model", PASSTHROUGH, other_host_model, "host-passthrough-differs",
    MIGRATE_SEVERITY_BLOCKER, "Intel b" },
  { "passthrough, feature gone", PASSTHROUGH, host_lacks_feature, "host-passthrough-differs",
    MIGRATE_SEVERITY_BLOCKER, "lacks y" },
  { "passthrough, feature more", PASSTHROUGH, host_has_more, "host-passthrough-differs",
    MIGRATE_SEVERITY_BLOCKER, "has z" },
  { "maximum, other model", "<cpu mode='maximum'/>", other_host_model, "host-passthrough-differs",
    MIGRATE_SEVERITY_BLOCKER },
  { "passthrough, equal", PASSTHROUGH, equal_hosts, "host-passthrough-differs", CHECK_ABSENT },
  { "custom, other model", CUSTOM, other_host_model, "host-passthrough-differs", CHECK_ABSENT },
  { "passthrough, equal, told", PASSTHROUGH, equal_hosts, "host-passthrough",
    MIGRATE_SEVERITY_WARNING, "equal" },
  { "passthrough, unknown", PASSTHROUGH, NULL, "host-passthrough", MIGRATE_SEVERITY_WARNING,
    "could not" },
  { "no passthrough", CUSTOM, equal_hosts, "host-passthrough", CHECK_ABSENT },
  { "passthrough that differs", PASSTHROUGH, other_host_model, "host-passthrough", CHECK_ABSENT },
  { "invtsc", INVTSC, NULL, "invtsc", MIGRATE_SEVERITY_BLOCKER },
  { "invtsc, fixed", INVTSC TIMER, NULL, "invtsc", CHECK_ABSENT },
  { "all of the host's CPU", ALL_OF_IT, NULL, "cpu-not-migratable", MIGRATE_SEVERITY_BLOCKER },
  { "all of it, with invtsc", ALL_OF_IT, with_invtsc, "cpu-not-migratable",
    MIGRATE_SEVERITY_BLOCKER },
  { "all of it, without invtsc", ALL_OF_IT, without_invtsc, "cpu-not-migratable",
    MIGRATE_SEVERITY_WARNING },
  { "all of it, fixed TSC", ALL_OF_IT TIMER, with_invtsc, "cpu-not-migratable", CHECK_ABSENT },
  { "all of it, emulated", NULL, with_invtsc_emulated, "cpu-not-migratable", CHECK_ABSENT },
  { "the most that KVM gives", "<cpu mode='maximum' migratable='off'/>", with_invtsc,
    "cpu-not-migratable", MIGRATE_SEVERITY_BLOCKER },
  { "what migrates of it", "<cpu mode='host-passthrough' migratable='on'/>", with_invtsc,
    "cpu-not-migratable", CHECK_ABSENT },
  { "fixed TSC, apart", TIMER, tsc_apart, "tsc-frequency", MIGRATE_SEVERITY_BLOCKER, "2500 MHz" },
  { "fixed TSC, scaled", TIMER, tsc_scaled, "tsc-frequency", CHECK_ABSENT },
  { "fixed TSC, near", TIMER, tsc_near, "tsc-frequency", CHECK_ABSENT },
  { "fixed TSC, unknown", TIMER, NULL, "tsc-frequency", CHECK_ABSENT },
  { "TSC apart", NULL, tsc_apart, "tsc-differs", MIGRATE_SEVERITY_WARNING, "2400 MHz" },
  { "TSC near", NULL, tsc_near, "tsc-differs", CHECK_ABSENT },
  { "firmware not listed", "<os><loader>/code.fd</loader></os>", other_firmware, "firmware-unknown",
    MIGRATE_SEVERITY_WARNING, "/code.fd" },
  { "firmware listed", "<os><loader>/code.fd</loader></os>", same_firmware, "firmware-unknown",
    CHECK_ABSENT },
};

const CheckRows check_cpu_rows = { rows, G_N_ELEMENTS (rows) };
