/* The public values, the error domain, URIs and the policy table. */
#include "model/model-private.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <gio/gio.h>
#include <glib/gstdio.h>

TestSuite (uri, .timeout = 20);
TestSuite (policy, .timeout = 20);
TestSuite (error, .timeout = 20);
TestSuite (values, .timeout = 20);

/* ---- URIs ---- */

static const struct
{
  const char *uri;
  MigrateUriUse use;
  gboolean good;
} uris[] = {
  { "qemu:///system", MIGRATE_URI_CONNECTION, TRUE },
  { "qemu+ssh://root@host.example/system", MIGRATE_URI_CONNECTION, TRUE },
  { "qemu+ssh://host:2222/system?socket=/run/x", MIGRATE_URI_CONNECTION, TRUE },
  { "qemu+tls://[fe80::1]/system", MIGRATE_URI_CONNECTION, TRUE },
  { "qemu+unix:///session?socket=/tmp/a/b-sock", MIGRATE_URI_CONNECTION, TRUE },
  { "test:///default", MIGRATE_URI_CONNECTION, TRUE },
  { "tcp://10.0.0.1:49152", MIGRATE_URI_DATA, TRUE },
  { "unix:///run/m.sock", MIGRATE_URI_DATA, TRUE },
  { "rdma://host", MIGRATE_URI_DATA, TRUE },
  { "", MIGRATE_URI_CONNECTION, FALSE },
  { "host", MIGRATE_URI_CONNECTION, FALSE },
  { "qemu+ssh://-oProxyCommand=x/system", MIGRATE_URI_CONNECTION, FALSE },
  { "qemu+ssh://-l@host/system", MIGRATE_URI_CONNECTION, FALSE },
  { "qemu+ssh://ho st/system", MIGRATE_URI_CONNECTION, FALSE },
  { "qemu+ssh://host\n/system", MIGRATE_URI_CONNECTION, FALSE },
  { "qemu+ssh://host;rm/system", MIGRATE_URI_CONNECTION, FALSE },
  { "qemu+ssh://$(id)/system", MIGRATE_URI_CONNECTION, FALSE },
  { "qemu+ssh://`id`/system", MIGRATE_URI_CONNECTION, FALSE },
  { "qemu+ssh://host%20a/system", MIGRATE_URI_CONNECTION, FALSE },
  { "qemu+ssh://host%2f..%2f/system", MIGRATE_URI_CONNECTION, FALSE },
  { "qemu+ssh://host'/system", MIGRATE_URI_CONNECTION, FALSE },
  { "qemu+ssh://user:secret@host/system", MIGRATE_URI_CONNECTION, FALSE },
  { "qemu+ssh://host/system?command=/tmp/x", MIGRATE_URI_CONNECTION, FALSE },
  { "qemu+ssh://host/system?a=1&Command=/tmp/x", MIGRATE_URI_CONNECTION, FALSE },
  { "qemu+ssh://host/system?netcat=/tmp/x", MIGRATE_URI_CONNECTION, FALSE },
  { "qemu+ssh://host/system?a=1;netcat=/tmp/x", MIGRATE_URI_CONNECTION, FALSE },
  { "qemu+ssh://host/system?keyfile=/tmp/x", MIGRATE_URI_CONNECTION, FALSE },
  { "qemu+ext://host/system?x=1", MIGRATE_URI_CONNECTION, FALSE },
  { "qemu+ssh://host/system#part", MIGRATE_URI_CONNECTION, FALSE },
  { "exec:rm", MIGRATE_URI_DATA, FALSE },
  { "exec://rm", MIGRATE_URI_DATA, FALSE },
  { "fd://3", MIGRATE_URI_DATA, FALSE },
  { "tcp://host;id", MIGRATE_URI_DATA, FALSE },
};

ParameterizedTestParameters (uri, is_judged)
{
  static size_t indexes[G_N_ELEMENTS (uris)];

  for (size_t i = 0; i < G_N_ELEMENTS (uris); i++)
    indexes[i] = i;
  return cr_make_param_array (size_t, indexes, G_N_ELEMENTS (uris));
}

ParameterizedTest (size_t *index, uri, is_judged)
{
  g_autoptr (GError) error = NULL;
  gboolean good = _migrate_uri_check (uris[*index].uri, uris[*index].use, &error);

  cr_assert_eq (good, uris[*index].good, "%s: %s", uris[*index].uri,
                error != NULL ? error->message : "accepted");
  cr_assert_eq (good, error == NULL);
  if (!good)
    {
      cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID));
      cr_assert_not_null (_migrate_error_private (error)->remedy);
    }
}

Test (uri, is_shown_without_its_password)
{
  static const char *const pairs[][2] = {
    { "qemu+ssh://user:secret@host/system", "qemu+ssh://user:…@host/system" },
    { "qemu+ssh://user:se@cret@host/system", "qemu+ssh://user:…@host/system" },
    { "qemu+ssh://user@host/system", "qemu+ssh://user@host/system" },
    { "qemu:///system", "qemu:///system" },
    { "nonsense", "nonsense" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autofree char *shown = _migrate_uri_redact (pairs[i][0]);

      cr_assert_str_eq (shown, pairs[i][1]);
    }
}

Test (uri, refusal_does_not_tell_the_password)
{
  g_autoptr (GError) error = NULL;

  cr_assert_not (_migrate_uri_check ("qemu+ssh://u:secret@host/", MIGRATE_URI_CONNECTION, &error));
  cr_assert_null (strstr (error->message, "secret"));
}

/* ---- the policy ---- */

Test (policy, has_the_documented_defaults)
{
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  static const char *const defaults[][2] = {
    { "transport", "p2p" },
    { "hand-over", "fast" },
    { "confirm", "auto" },
    { "bandwidth", "0" },
    { "link-speed", "0" },
    { "target-downtime", "150" },
    { "max-downtime", "500" },
    { "throttle-initial", "60" },
    { "throttle-increment", "20" },
    { "connections", "0" },
    { "compression", "" },
    { "xbzrle-cache", "0" },
    { "tls", "false" },
    { "zero-copy", "false" },
    { "at-deadline", "give-up" },
    { "at-stall", "give-up" },
    { "memory-timeout", "0" },
    { "shadow", "false" },
    { "deadline", "0" },
    { "call-timeout", "10000" },
    { "accept", "" },
    { "allow", "" },
    { "postcopy-start", "needed" },
    { "postcopy-bandwidth", "0" },
    { "resume-timeout", "300" },
    { "chores", "" },
    { "fetch-timeout", "600" },
    { "fence-timeout", "180" },
    { "chore-timeout", "60" },
    { "space-margin", "20" },
    { "space-reserve", "1024" },
    { "disks", "" },
    { "disk-copy", "chain" },
    { "sync-writes", "needed" },
    { "road", "auto" },
    { "verify", "auto" },
    { "keep-source", "false" },
    { "shut-down", "false" },
    { "shutdown-timeout", "120" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (defaults); i++)
    {
      g_autofree char *value = migrate_policy_dup (policy, defaults[i][0], NULL);

      cr_assert_str_eq (value, defaults[i][1], "%s", defaults[i][0]);
    }
}

Test (policy, every_key_is_a_property_with_a_description)
{
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  g_auto (GStrv) keys = migrate_policy_dup_keys (policy);

  for (gsize i = 0; keys[i] != NULL; i++)
    {
      g_autofree char *description = migrate_policy_describe (keys[i]);
      g_autofree char *value = migrate_policy_dup (policy, keys[i], NULL);

      cr_assert_not_null (g_object_class_find_property (G_OBJECT_GET_CLASS (policy), keys[i]), "%s",
                          keys[i]);
      cr_assert_gt (strlen (description), 10);
      cr_assert (migrate_policy_set (policy, keys[i], value, NULL), "%s", keys[i]);
    }
}

static const char *const bad_values[][3] = {
  { "transport", "pigeon", "p2p, direct, tunnelled" },
  { "bandwidth", "fast", "number" },
  { "bandwidth", "-1", "number" },
  { "bandwidth", "99999999", "1048576" },
  { "target-downtime", "1", "20" },
  { "target-downtime", "", "number" },
  { "target-downtime", "300ms", "number" },
  { "allow", "postcopy;magic", "throttle, postcopy, pause; not “magic”" },
  { "postcopy-start", "soon", "needed, first-pass" },
  { "resume-timeout", "0", "1 to 86400" },
  { "tls", "yes", "“true” or “false”" },
  { "compression", "xbzrle;lz4", "xbzrle, mt, zlib, zstd; not “lz4”" },
  { "at-deadline", "panic", "give-up, postcopy, pause" },
  { "no-such-key", "1", "no policy key" },
};

Test (policy, refuses_bad_values_and_keeps_the_old)
{
  for (gsize i = 0; i < G_N_ELEMENTS (bad_values); i++)
    {
      g_autoptr (MigratePolicy) policy = migrate_policy_new ();
      g_autoptr (GError) error = NULL;
      g_autofree char *before = migrate_policy_dup (policy, bad_values[i][0], NULL);
      g_autofree char *after = NULL;

      cr_assert_not (migrate_policy_set (policy, bad_values[i][0], bad_values[i][1], &error));
      cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID));
      cr_assert_not_null (strstr (error->message, bad_values[i][2]), "%s", error->message);
      after = migrate_policy_dup (policy, bad_values[i][0], NULL);
      cr_assert_eq (g_strcmp0 (before, after), 0);
    }
}

static const char *const sets_of_words[][2] = {
  { "postcopy", "postcopy" },
  { "pause,throttle", "throttle;pause" },
  { "throttle; postcopy ;pause;", "throttle;postcopy;pause" },
  { "postcopy;postcopy", "postcopy" },
  { "", "" },
};

Test (policy, reads_and_writes_a_set_of_words)
{
  for (gsize i = 0; i < G_N_ELEMENTS (sets_of_words); i++)
    {
      g_autoptr (MigratePolicy) policy = migrate_policy_new ();
      g_autoptr (MigratePolicy) copy = NULL;
      g_autofree char *value = NULL;

      cr_assert (migrate_policy_set (policy, "allow", sets_of_words[i][0], NULL));
      copy = migrate_policy_copy (policy);
      value = migrate_policy_dup (copy, "allow", NULL);
      cr_assert_str_eq (value, sets_of_words[i][1]);
    }
}

Test (policy, allows_what_its_property_says)
{
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();

  g_object_set (policy, "allow", MIGRATE_ALLOW_POSTCOPY | MIGRATE_ALLOW_PAUSE, NULL);
  cr_assert (_migrate_policy_allows (policy, MIGRATE_ALLOW_POSTCOPY));
  cr_assert (_migrate_policy_allows (policy, MIGRATE_ALLOW_PAUSE));
  cr_assert_not (_migrate_policy_allows (policy, MIGRATE_ALLOW_THROTTLE));
}

Test (policy, every_preset_is_described_and_can_be_made)
{
  g_auto (GStrv) names = migrate_policy_dup_presets ();

  cr_assert_eq (g_strv_length (names), 4);
  for (gsize i = 0; names[i] != NULL; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (MigratePolicy) policy = migrate_policy_new_preset (names[i], &error);
      g_autofree char *description = migrate_policy_describe_preset (names[i]);

      cr_assert_not_null (policy, "%s", names[i]);
      cr_assert_gt (strlen (description), 20);
    }
  cr_assert_null (migrate_policy_describe_preset ("brutal"));
}

Test (policy, gentle_touches_nothing_and_must_finish_may_do_all)
{
  g_autoptr (MigratePolicy) gentle = migrate_policy_new_preset ("gentle", NULL);
  g_autoptr (MigratePolicy) must = migrate_policy_new_preset ("must-finish", NULL);

  cr_assert_not (_migrate_policy_allows (gentle, MIGRATE_ALLOW_THROTTLE));
  cr_assert_not (_migrate_policy_allows (gentle, MIGRATE_ALLOW_POSTCOPY));
  cr_assert_not (_migrate_policy_allows (gentle, MIGRATE_ALLOW_PAUSE));
  cr_assert_leq (_migrate_policy_get_uint (gentle, "max-downtime"), 300);
  cr_assert (_migrate_policy_allows (must, MIGRATE_ALLOW_THROTTLE));
  cr_assert (_migrate_policy_allows (must, MIGRATE_ALLOW_POSTCOPY));
  cr_assert (_migrate_policy_allows (must, MIGRATE_ALLOW_PAUSE));
}

Test (policy, refuses_a_preset_that_does_not_exist)
{
  g_autoptr (GError) error = NULL;

  cr_assert_null (migrate_policy_new_preset ("brutal", &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID));
  cr_assert_not_null (strstr (error->message, "“brutal”"));
  cr_assert_not_null (strstr (error->message, "must-finish"));
}

Test (policy, says_what_may_be_retuned)
{
  cr_assert (migrate_policy_may_retune ("bandwidth"));
  cr_assert (migrate_policy_may_retune ("max-downtime"));
  cr_assert_not (migrate_policy_may_retune ("transport"));
  cr_assert_not (migrate_policy_may_retune ("throttle-initial"));
  cr_assert_not (migrate_policy_may_retune ("nonsense"));
}

static void
count_notify (GObject *object, GParamSpec *pspec, gpointer data)
{
  ++*(int *) data;
}

Test (policy, notifies_only_on_change)
{
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  int notified = 0;

  g_signal_connect (policy, "notify::bandwidth", G_CALLBACK (count_notify), &notified);
  g_object_set (policy, "bandwidth", 0u, NULL);
  cr_assert_eq (notified, 0);
  g_object_set (policy, "bandwidth", 7u, NULL);
  cr_assert_eq (notified, 1);
}

static MigratePolicy *
from_text (const char *text, GError **error)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("policy-XXXXXX", &path, NULL);
  MigratePolicy *policy;

  cr_assert_geq (fd, 0);
  close (fd);
  cr_assert (g_file_set_contents (path, text, -1, NULL));
  policy = migrate_policy_new_from_file (path, error);
  g_unlink (path);
  return policy;
}

Test (policy, a_file_may_begin_with_a_preset)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MigratePolicy) policy
    = from_text ("[policy]\nmax-downtime = 250\npreset = gentle\n", NULL);
  g_autoptr (MigratePolicy) none = from_text ("[policy]\npreset = brutal\n", &error);

  cr_assert_eq (_migrate_policy_get_uint (policy, "max-downtime"), 250);
  cr_assert_eq (_migrate_policy_get_uint (policy, "target-downtime"), 100);
  cr_assert_null (none);
  cr_assert_not_null (strstr (error->message, "brutal"), "%s", error->message);
}

Test (policy, is_read_from_a_key_file)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MigratePolicy) policy
    = from_text ("[policy]\nbandwidth = 40\naccept=a;b\n# words\n", &error);

  cr_assert_not_null (policy, "%s", error != NULL ? error->message : "");
  cr_assert_eq (_migrate_policy_get_uint (policy, "bandwidth"), 40);
  cr_assert (_migrate_policy_accepts (policy, "b"));
  cr_assert_not (_migrate_policy_accepts (policy, "c"));
}

Test (policy, a_list_of_words_takes_only_them)
{
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *value = NULL;

  cr_assert (migrate_policy_set (policy, "chores", " clock ; announce;", &error), "%s",
             error != NULL ? error->message : "");
  value = migrate_policy_dup (policy, "chores", NULL);
  cr_assert_str_eq (value, "clock;announce");
  cr_assert_not (migrate_policy_set (policy, "chores", "clock;dishes", &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID));
  cr_assert_str_eq (error->message, "Policy key “chores” takes a list of: clock, trim, announce; "
                                    "not “dishes”");
  g_free (value);
  value = migrate_policy_dup (policy, "chores", NULL);
  cr_assert_str_eq (value, "clock;announce", "a refused value changed it");
}

Test (policy, names_file_and_key_of_a_bad_file)
{
  static const char *const bad[][2] = {
    { "[policy]\nbandwith=1\n", "bandwith" },
    { "[policy]\nbandwidth=x\n", "bandwidth" },
    { "bandwidth=1\n", "policy" },
    { "[other]\na=1\n", "no group" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      cr_assert_null (from_text (bad[i][0], &error));
      cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID));
      cr_assert_not_null (strstr (error->message, bad[i][1]), "%s", error->message);
      cr_assert_not_null (strstr (error->message, "Policy file"));
    }
  {
    g_autoptr (GError) error = NULL;

    cr_assert_null (migrate_policy_new_from_file ("/does/not/exist", &error));
    cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_NOT_FOUND));
  }
}

Test (policy, survives_the_journal)
{
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  g_autoptr (MigratePolicy) again = migrate_policy_new ();
  g_autoptr (GVariant) values = NULL;

  migrate_policy_set (policy, "transport", "direct", NULL);
  migrate_policy_set (policy, "accept", "a;b", NULL);
  values = g_variant_ref_sink (_migrate_policy_to_variant (policy));
  _migrate_policy_load_variant (again, values);
  cr_assert_eq (_migrate_policy_get_enum (again, "transport"), MIGRATE_TRANSPORT_DIRECT);
  cr_assert (_migrate_policy_accepts (again, "b"));
}

/* ---- errors ---- */

static GError *
full_error (void)
{
  GError *error = _migrate_error_new (MIGRATE_ERROR_BUSY, "wait", "Guest “%s” is held", "g");
  MigrateErrorPrivate *priv = _migrate_error_private (error);

  priv->side = MIGRATE_SIDE_DESTINATION;
  priv->vir_domain = 10;
  priv->vir_code = 68;
  priv->other_job = g_strdup ("abcd");
  return error;
}

Test (error, private_part_survives_copy_and_prefix)
{
  g_autoptr (GError) error = full_error ();
  g_autoptr (GError) copy = NULL;

  g_prefix_error (&error, "Preparing: ");
  copy = g_error_copy (error);
  cr_assert_str_eq (copy->message, "Preparing: Guest “g” is held");
  cr_assert_eq (_migrate_error_private (copy)->vir_code, 68);
  cr_assert_str_eq (_migrate_error_private (copy)->remedy, "wait");
  cr_assert_str_eq (_migrate_error_private (copy)->other_job, "abcd");
}

Test (error, foreign_errors_are_adopted_and_cancelled_is_kept)
{
  GError *file = g_error_new_literal (G_FILE_ERROR, G_FILE_ERROR_ACCES, "no");
  GError *cancelled = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "stop");

  file = _migrate_error_adopt (file);
  cancelled = _migrate_error_adopt (cancelled);
  cr_assert (g_error_matches (file, MIGRATE_ERROR, MIGRATE_ERROR_FAILED));
  cr_assert_str_eq (file->message, "no");
  cr_assert (g_error_matches (cancelled, G_IO_ERROR, G_IO_ERROR_CANCELLED));
  g_error_free (file);
  g_error_free (cancelled);
}

Test (error, becomes_a_failure_and_back)
{
  g_autoptr (GError) error = full_error ();
  g_autoptr (MigrateFailure) failure = _migrate_failure_new (error, MIGRATE_PHASE_PREPARING);
  g_autoptr (GVariant) values = migrate_failure_dup_details (failure);
  g_autoptr (MigrateFailure) again = _migrate_failure_from_variant (values);
  g_autoptr (GError) back = _migrate_failure_to_error (again);

  cr_assert (g_error_matches (back, MIGRATE_ERROR, MIGRATE_ERROR_BUSY));
  cr_assert_str_eq (back->message, error->message);
  cr_assert_eq (migrate_failure_get_side (again), MIGRATE_SIDE_DESTINATION);
  cr_assert_eq (migrate_failure_get_phase (again), MIGRATE_PHASE_PREPARING);
  cr_assert_eq (migrate_failure_get_libvirt_code (again), 68);
  cr_assert_eq (migrate_failure_get_libvirt_domain (again), 10);
  cr_assert_str_eq (migrate_failure_get_other_job (again), "abcd");
  cr_assert_str_eq (migrate_failure_get_remedy (again), "wait");
}

/* ---- values ---- */

Test (values, a_result_survives_the_journal)
{
  g_autoptr (GVariant) numbers = NULL;
  GVariantBuilder details;
  g_autoptr (MigrateResult) result = _migrate_result_new ();
  g_autoptr (MigrateResult) again = NULL;
  g_autoptr (GVariant) values = NULL;
  g_autoptr (GVariant) parsed = NULL;
  g_autofree char *text = NULL;

  result->outcome = MIGRATE_OUTCOME_MOVED;
  result->guest_name = g_strdup ("gäst “1”");
  result->total_ms = 1234;
  result->has_downtime = TRUE;
  result->downtime_ms = 88;
  result->downtime_origin = g_strdup ("hypervisor");
  result->bytes = G_GUINT64_CONSTANT (1) << 40;
  result->disk_bytes = 7;
  result->has_bytes_resent = TRUE;
  result->bytes_resent = 0; /* known to be none */
  result->passes = 3;
  result->throttle = 40;
  result->has_downtime_limit = TRUE;
  result->downtime_limit_ms = 150;
  result->phase_ms[MIGRATE_PHASE_COPYING_MEMORY] = 1000;
  g_variant_builder_init (&details, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&details, "{sv}", "needed-downtime-ms", g_variant_new_uint64 (2884));
  g_ptr_array_add (result->decisions, _migrate_decision_new (5, "give-up", "because",
                                                             g_variant_builder_end (&details)));
  g_ptr_array_add (result->warnings, g_strdup ("careful"));
  values = migrate_result_dup_details (result);
  text = g_variant_print (values, TRUE);
  parsed = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, NULL);
  cr_assert_not_null (parsed);
  again = _migrate_result_from_variant (parsed);

  cr_assert_eq (migrate_result_get_outcome (again), MIGRATE_OUTCOME_MOVED);
  cr_assert_str_eq (migrate_result_get_guest_name (again), "gäst “1”");
  cr_assert_eq (migrate_result_get_bytes (again), G_GUINT64_CONSTANT (1) << 40);
  cr_assert (migrate_result_has_downtime (again));
  cr_assert_eq (migrate_result_get_downtime_ms (again), 88);
  cr_assert_eq (migrate_result_get_disk_bytes (again), 7);
  cr_assert (migrate_result_has_bytes_resent (again));
  cr_assert_eq (migrate_result_get_bytes_resent (again), 0);
  cr_assert_eq (migrate_result_get_throttle (again), 40);
  cr_assert (migrate_result_has_downtime_limit (again));
  cr_assert_eq (migrate_result_get_downtime_limit_ms (again), 150);
  cr_assert_eq (migrate_result_get_phase_ms (again, MIGRATE_PHASE_COPYING_MEMORY), 1000);
  cr_assert_eq (migrate_result_get_n_decisions (again), 1);
  cr_assert_str_eq (migrate_decision_get_why (migrate_result_get_decision (again, 0)), "because");
  numbers = migrate_decision_dup_details (migrate_result_get_decision (again, 0));
  cr_assert_eq (_migrate_variant_uint64 (numbers, "needed-downtime-ms", 0), 2884);
  {
    g_auto (GStrv) warnings = migrate_result_dup_warnings (again);

    cr_assert_str_eq (warnings[0], "careful");
    cr_assert_null (warnings[1]);
  }
}

/* As a version wrote it that knew less. */
Test (values, an_older_result_loads)
{
  g_autoptr (GVariant) values = g_variant_parse (
    G_VARIANT_TYPE_VARDICT, "{'outcome': <'moved'>, 'bytes': <uint64 5>, 'passes': <uint64 2>}",
    NULL, NULL, NULL);
  g_autoptr (MigrateResult) result = _migrate_result_from_variant (values);

  cr_assert_eq (migrate_result_get_bytes (result), 5);
  cr_assert_eq (migrate_result_get_passes (result), 2);
  cr_assert_not (migrate_result_has_bytes_resent (result));
  cr_assert_not (migrate_result_has_downtime_limit (result));
  cr_assert_eq (migrate_result_get_throttle (result), 0);
}

static const struct
{
  const char *label;
  guint64 normal, constant, compressed;
  guint pass;
  gboolean has;
  guint64 resent;
} resents[] = {
  { "no page counts", 0, 0, 0, 2, FALSE, 0 },
  { "half of the first pass", 5000, 0, 0, 1, TRUE, 0 },
  { "each page once", 6000, 4000, 0, 2, TRUE, 0 },
  { "some twice", 8000, 4000, 0, 3, TRUE, 2000 * 4096 },
  { "some of it by XBZRLE", 8000, 4000, 777, 3, TRUE, 2000 * 4096 + 777 },
  { "what is left fits into the downtime", 5900, 4000, 0, 2, TRUE, 0 },
  { "a method that counts no pages", 0, 4000, 0, 3, FALSE, 0 },
};

Test (values, what_was_sent_again_is_what_goes_beyond_the_memory)
{
  for (gsize i = 0; i < G_N_ELEMENTS (resents); i++)
    {
      g_autoptr (MigrateResult) result = _migrate_result_new ();
      MigrateProgressValues seen = { .memory_total = 10000 * 4096,
                                     .page_size = 4096,
                                     .memory_normal = resents[i].normal,
                                     .memory_constant = resents[i].constant,
                                     .compression_bytes = resents[i].compressed,
                                     .pass = resents[i].pass };

      _migrate_result_note (result, &seen);
      cr_assert_eq (migrate_result_has_bytes_resent (result), resents[i].has, "%s",
                    resents[i].label);
      cr_assert_eq (migrate_result_get_bytes_resent (result), resents[i].resent, "%s",
                    resents[i].label);
    }
}

Test (values, a_result_keeps_the_most_that_was_seen)
{
  g_autoptr (MigrateResult) result = _migrate_result_new ();
  MigrateProgressValues seen = {
    .memory_processed = 900, .disk_processed = 100, .pass = 4, .throttle = 50, .limit_ms = 150
  };
  MigrateProgressValues less = { .memory_processed = 300, .pass = 1, .limit_ms = 500 };

  _migrate_result_note (result, &seen);
  _migrate_result_note (result, &less);
  cr_assert_eq (migrate_result_get_bytes (result), 1000);
  cr_assert_eq (migrate_result_get_disk_bytes (result), 100);
  cr_assert_eq (migrate_result_get_passes (result), 4);
  cr_assert_eq (migrate_result_get_throttle (result), 50);
  cr_assert_eq (migrate_result_get_downtime_limit_ms (result), 500); /* the last */
}

Test (values, a_progress_survives_the_journal)
{
  MigrateProgressValues values = { .phase = MIGRATE_PHASE_COPYING_MEMORY,
                                   .fraction = 0.5,
                                   .elapsed_ms = 1,
                                   .memory_total = 2,
                                   .rate = 3,
                                   .throttle = 20,
                                   .has_time_left = TRUE,
                                   .time_left_ms = 10,
                                   .time_left_least_ms = 8,
                                   .has_time_left_most = TRUE,
                                   .time_left_most_ms = 15,
                                   .has_downtime_expected = TRUE,
                                   .downtime_expected_ms = 0,
                                   .disk_total = 100,
                                   .disk_processed = 60,
                                   .disk_remaining = 40,
                                   .disk_rate = 30,
                                   .postcopy_requests = 5 };
  g_autoptr (MigrateProgress) progress = _migrate_progress_new (&values);
  g_autoptr (GVariant) details = migrate_progress_dup_details (progress);
  g_autoptr (MigrateProgress) again = _migrate_progress_from_variant (details);

  cr_assert_eq (migrate_progress_get_phase (again), MIGRATE_PHASE_COPYING_MEMORY);
  cr_assert_float_eq (migrate_progress_get_fraction (again), 0.5, 1e-9);
  cr_assert_eq (migrate_progress_get_memory_total (again), 2);
  cr_assert_eq (migrate_progress_get_rate (again), 3);
  cr_assert_eq (migrate_progress_get_throttle (again), 20);
  cr_assert (migrate_progress_has_time_left (again));
  cr_assert_eq (migrate_progress_get_time_left_ms (again), 10);
  cr_assert_eq (migrate_progress_get_time_left_least_ms (again), 8);
  cr_assert (migrate_progress_has_time_left_most (again));
  cr_assert_eq (migrate_progress_get_time_left_most_ms (again), 15);
  cr_assert (migrate_progress_has_downtime_expected (again));
  cr_assert_eq (migrate_progress_get_downtime_expected_ms (again), 0);
  cr_assert_eq (migrate_progress_get_disk_total (again), 100);
  cr_assert_eq (migrate_progress_get_disk_processed (again), 60);
  cr_assert_eq (migrate_progress_get_disk_remaining (again), 40);
  cr_assert_eq (migrate_progress_get_disk_rate (again), 30);
  cr_assert_eq (_migrate_variant_uint64 (details, "postcopy-requests", 0), 5);
  cr_assert_null (g_variant_lookup_value (details, "page-size", NULL), "not told, so not there");
}

Test (values, a_report_lists_blockers_first)
{
  g_autoptr (MigrateReport) report = _migrate_report_new (MIGRATE_KIND_LIVE, "g", "u");
  g_autoptr (MigrateFinding) first = NULL;
  g_autoptr (MigrateFinding) last = NULL;

  _migrate_report_add (report, _migrate_finding_new (MIGRATE_SEVERITY_NOTE, "n", "", "", NULL));
  _migrate_report_add (report, _migrate_finding_new (MIGRATE_SEVERITY_BLOCKER, "b", "", "", NULL));
  _migrate_report_add (report, _migrate_finding_new (MIGRATE_SEVERITY_WARNING, "w", "", "", NULL));
  first = g_list_model_get_item (G_LIST_MODEL (report), 0);
  last = g_list_model_get_item (G_LIST_MODEL (report), 2);
  cr_assert_str_eq (migrate_finding_get_code (first), "b");
  cr_assert_str_eq (migrate_finding_get_code (last), "n");
  cr_assert (migrate_report_is_blocked (report));
  cr_assert_eq (migrate_report_count (report, MIGRATE_SEVERITY_WARNING), 1);
  cr_assert_null (g_list_model_get_item (G_LIST_MODEL (report), 3));
}
