/* migratectl: the tool of an operator, and the proof that the library's API is enough for one. */
#include "ctl.h"

#include <locale.h>
#include <signal.h>
#include <string.h>

/* Asked before anything is parsed: what cannot be parsed is told in the right form too. */
static gboolean
wants_json (char **arguments)
{
  for (gsize i = 1; arguments[i] != NULL && !g_str_equal (arguments[i], "--"); i++)
    if (g_str_equal (arguments[i], "--json"))
      return TRUE;
  return FALSE;
}

static gboolean
is_text (char **arguments)
{
  for (gsize i = 0; arguments[i] != NULL; i++)
    if (!g_utf8_validate (arguments[i], -1, NULL))
      return FALSE;
  return TRUE;
}

static CtlExit
tell (const CtlOptions *options, const char *key, const char *text, const char *bare)
{
  if (options->json)
    {
      g_autoptr (JsonBuilder) builder = json_builder_new ();

      json_builder_begin_object (builder);
      ctl_json_string (builder, key, bare);
      json_builder_end_object (builder);
      ctl_json_print (builder);
    }
  else
    ctl_raw (text);
  return CTL_DONE;
}

static CtlExit
tell_version (const CtlOptions *options)
{
  g_autofree char *version = g_strdup_printf ("%d.%d.%d", MIGRATE_MAJOR_VERSION,
                                              MIGRATE_MINOR_VERSION, MIGRATE_MICRO_VERSION);
  g_autofree char *text = g_strdup_printf ("migratectl %s\n", version);

  return tell (options, "version", text, version);
}

static CtlExit
tell_help (const CtlOptions *options, const CtlVerb *verb)
{
  g_autofree char *text = ctl_options_help (verb);

  return tell (options, "help", text, text);
}

static CtlExit
help_verb (const CtlOptions *options, char **arguments)
{
  const char *name = NULL;
  const CtlVerb *verb;

  for (gsize i = 1; arguments[i] != NULL && name == NULL; i++)
    if (arguments[i][0] != '-')
      name = arguments[i];
  verb = name != NULL ? ctl_verb_find (name) : NULL;
  if (name != NULL && verb == NULL)
    {
      g_autofree char *message = g_strdup_printf ("There is no verb “%s”", name);

      return ctl_fail_usage (options, NULL, message);
    }
  return tell_help (options, verb);
}

static CtlExit
run_verb (CtlOptions *options, char **arguments)
{
  const CtlVerb *verb = ctl_verb_find (arguments[0]);
  g_autoptr (GError) error = NULL;

  if (verb == NULL)
    {
      g_autofree char *message = g_strdup_printf ("There is no verb “%s”", arguments[0]);

      return ctl_fail_usage (options, NULL, message);
    }
  if (!ctl_options_parse (options, verb, arguments, &error))
    return ctl_fail_usage (options, verb->name, error->message);
  ctl_text_init (options->json, options->quiet);
  if (options->help)
    return tell_help (options, verb);
  /* Keep-alive needs an event loop; without one a lost host is seen later, by polling. */
  if (!migrate_events_start (&error))
    ctl_note ("migratectl: no events from libvirt: %s", error->message);
  return verb->run (options);
}

static CtlExit
run (CtlOptions *options, char **argv)
{
  g_auto (GStrv) arguments = g_strdupv (argv);
  g_autoptr (GError) error = NULL;
  gboolean version = FALSE;

  options->json = wants_json (argv);
  ctl_text_init (options->json, FALSE);
  if (!is_text (argv))
    return ctl_fail_usage (options, NULL, "The command line is not UTF-8");
  if (!ctl_options_parse_common (options, &version, &arguments, &error))
    return ctl_fail_usage (options, NULL, error->message);
  ctl_text_init (options->json, options->quiet);
  if (version)
    return tell_version (options);
  if (options->help)
    return tell_help (options, NULL);
  if (arguments[1] == NULL)
    return ctl_fail_usage (options, NULL, "A verb is missing");
  if (g_str_equal (arguments[1], "help"))
    return help_verb (options, arguments + 1);
  return run_verb (options, arguments + 1);
}

int
main (int argc, char **argv)
{
  CtlOptions options = { 0 };
  CtlExit code;

  setlocale (LC_ALL, "");
  /* A reader that went away must not end a move. */
  signal (SIGPIPE, SIG_IGN);
  code = run (&options, argv);
  ctl_options_clear (&options);
  return (int) code;
}
