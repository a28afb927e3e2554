/* The command line: one table of verbs, one of options for each kind of verb; parser and help come
 * from them. */
#include "ctl.h"

#include <string.h>

const CtlVerb ctl_verbs[] = {
  { "check", "GUEST --from URI --to URI[=PEER-URI]…",
    "find what stands against a move; changes nothing",
    "Several --to are ranked, with the reason, and each is asked beside the others. The exit code "
    "is 0\n"
    "when the best of them has no blocker. The journal is in memory unless --journal names one. "
    "With\n"
    "--facts FILE no host is asked, and neither GUEST nor hosts are given: they are in the file, "
    "as\n"
    "are policy, kind and names, which the options change; a forecast is made anew for them.\n",
    CTL_OPTIONS_CHECK, TRUE, ctl_check },
  { "plan", "GUEST --from URI --to URI[=PEER-URI]",
    "tell what a move would do, step by step; changes nothing",
    "Takes the options of a move, which then does exactly that. The exit code is 0 when nothing "
    "stands\n"
    "against it. With --xml, and always with --json, the guest's XML is told too, as it would be "
    "there.\n",
    CTL_OPTIONS_PLAN, TRUE, ctl_plan },
  { "move", "GUEST --from URI --to URI[=PEER-URI]", "move a guest",
    "Ctrl-C cancels and waits for what comes of it; a second one leaves at once. SIGTERM and "
    "SIGHUP\n"
    "leave a peer-to-peer move to libvirt, and cancel before that and with --transport direct.\n",
    CTL_OPTIONS_MOVE, TRUE, ctl_move },
  { "list", "", "list the jobs of the journal",
    "Shows open jobs, and those that were closed within the last day.\n", CTL_OPTIONS_LIST, FALSE,
    ctl_list },
  { "show", "JOB", "tell everything that the journal knows of a job",
    "With the curve of its transfer: what remains and how fast it goes, over time, with the "
    "passes\n"
    "of the memory copy and the decisions. It is as wide as the terminal.\n",
    CTL_OPTIONS_SHOW, TRUE, ctl_show },
  { "follow", "JOB", "follow a job to its end",
    "A job that another process runs is looked at, and Ctrl-C only ends the following. One that\n"
    "nobody runs is taken over, and Ctrl-C cancels the move.\n",
    CTL_OPTIONS_NONE, TRUE, ctl_follow },
  { "cancel", "JOB", "cancel a job, whoever runs it, and wait until it is at rest",
    "The exit code is 0 when the guest stayed, and 2 when it was too late: the guest has moved.\n",
    CTL_OPTIONS_NONE, TRUE, ctl_cancel },
  { "retune", "JOB KEY=VALUE…", "change the policy of a job that runs, whoever runs it",
    "All keys or none: when one of them is refused, the reason is told and nothing changes.\n"
    "Post-copy and throttling can be taken away by allow=…, but not given to a move that was not\n"
    "started with them.\n",
    CTL_OPTIONS_RETUNE, TRUE, ctl_retune },
  { "finish-now", "JOB", "have a move end the fastest way there is, whoever runs it",
    "By post-copy where the move was started with that, else by stopping the guest until the rest\n"
    "has been copied. This verb is the permission. It does not wait for the move's end.\n",
    CTL_OPTIONS_NONE, TRUE, ctl_finish_now },
  { "pause", "JOB", "stop the guest now, so that its move comes to its end",
    "It runs on at the destination, or at the source when the move does not come about.\n",
    CTL_OPTIONS_NONE, TRUE, ctl_pause },
  { "give-up", "JOB", "end a move that does not come to its end; the guest stays",
    "Waits until the job is at rest. It is recorded as a failure with what remained; “cancel” is\n"
    "for a move that is not wanted any more.\n",
    CTL_OPTIONS_NONE, TRUE, ctl_give_up },
  { "finalize", "JOB", "confirm a move that waits for it; the source is released",
    "For a move with --set confirm=manual, which stops before that. One that was cut short goes "
    "on\n"
    "when it is asked for again.\n",
    CTL_OPTIONS_NONE, TRUE, ctl_finalize },
  { "revert", "JOB", "take a move back that is not finalized yet",
    "Of cold moves and of those with suspend: the source has kept all that it had. Where the "
    "guest\n"
    "has run at the destination, what it did there is lost: that is told, and done only with\n"
    "--apply destructive. One that was cut short goes on when it is asked for again.\n",
    CTL_OPTIONS_REVERT, TRUE, ctl_revert },
  { "chores", "JOB", "do the chores after a finished move, again or for the first time",
    "Those of the job's policy, or those named by --chore. The guest has moved whatever comes of\n"
    "them; the exit code is 5 when at least one was not done.\n",
    CTL_OPTIONS_CHORES, TRUE, ctl_chores },
  { "recover", "GUEST|JOB --host URI[=PEER-URI]…",
    "find out what is true of a guest, and put it right",
    "Name all hosts that may have the guest; those of its job are asked too. Without --apply "
    "nothing\n"
    "is changed: what was seen, the verdict and the steps are told, each with its risk. Ctrl-C "
    "stops;\n"
    "what was done stays done, and a transfer that is followed goes on.\n",
    CTL_OPTIONS_RECOVER, TRUE, ctl_recover },
  { NULL },
};

const CtlVerb *
ctl_verb_find (const char *name)
{
  for (const CtlVerb *verb = ctl_verbs; verb->name != NULL; verb++)
    if (g_str_equal (verb->name, name))
      return verb;
  return NULL;
}

void
ctl_options_clear (CtlOptions *self)
{
  g_free (self->journal);
  g_free (self->from);
  g_strfreev (self->to);
  g_free (self->peer_uri);
  g_free (self->migration_uri);
  g_free (self->disks_uri);
  g_free (self->listen_address);
  g_free (self->tls_name);
  g_free (self->kind);
  g_free (self->policy);
  g_free (self->facts);
  g_free (self->save_facts);
  g_free (self->transport);
  g_free (self->hand_over);
  g_free (self->target_downtime);
  g_free (self->max_downtime);
  g_free (self->deadline);
  g_free (self->bandwidth);
  g_free (self->disks);
  g_free (self->disk_copy);
  g_free (self->road);
  g_free (self->images);
  g_free (self->checksums);
  g_strfreev (self->resize);
  g_strfreev (self->accept);
  g_free (self->map);
  g_free (self->profile);
  g_strfreev (self->rename);
  g_strfreev (self->host);
  g_free (self->keep);
  g_free (self->apply);
  g_free (self->fence_command);
  g_free (self->fence_probe);
  g_free (self->reset_stream_command);
  g_strfreev (self->allow);
  g_strfreev (self->set);
  g_strfreev (self->chore);
  g_free (self->svg);
  g_strfreev (self->rest);
  memset (self, 0, sizeof *self);
}

/* ---- the tables ---- */

typedef GArray Entries; /* GOptionEntry, zero-terminated */

static void
add (Entries *entries, const char *name, GOptionArg type, gpointer target, const char *meaning,
     const char *word)
{
  GOptionEntry entry = { name, 0, 0, type, target, meaning, word };

  g_array_append_val (entries, entry);
}

/* Strings are taken as they are (FILENAME), for GOption would convert them from the locale. */
static void
add_text (Entries *entries, const char *name, char **target, const char *meaning, const char *word)
{
  add (entries, name, G_OPTION_ARG_FILENAME, target, meaning, word);
}

static void
add_many (Entries *entries, const char *name, char ***target, const char *meaning, const char *word)
{
  add (entries, name, G_OPTION_ARG_FILENAME_ARRAY, target, meaning, word);
}

static void
add_move (Entries *entries, CtlOptions *o)
{
  add_text (entries, "from", &o->from, "the host where the guest is", "URI");
  add_many (entries, "to", &o->to, "the host where it goes; PEER-URI: how the source reaches it",
            "URI[=PEER-URI]");
  add_text (entries, "peer-uri", &o->peer_uri, "the same as PEER-URI above", "URI");
  add_text (entries, "migration-uri", &o->migration_uri, "where memory travels (tcp, unix, rdma)",
            "URI");
  add_text (entries, "disks-uri", &o->disks_uri,
            "where disks travel from hypervisor to hypervisor (tcp, unix)", "URI");
  add_text (entries, "listen-address", &o->listen_address,
            "the address on which the destination waits for it", "ADDRESS");
  add_text (entries, "tls-name", &o->tls_name, "whom the destination's certificate names", "NAME");
  add_text (entries, "kind", &o->kind,
            "auto (default), live: its disks are shared, block, cold, suspend", "KIND");
  add_text (entries, "policy", &o->policy, "default, gentle, fast, must-finish, or a key file",
            "PRESET|FILE");
  add_text (entries, "target-downtime", &o->target_downtime,
            "how long the guest should stand still at the hand-over", "MS");
  add_text (entries, "max-downtime", &o->max_downtime, "how long it may, when that cannot be had",
            "MS");
  add_text (entries, "deadline", &o->deadline, "give up when the move takes longer", "S");
  add_text (entries, "bandwidth", &o->bandwidth, "the most that memory may take of the link",
            "MIB");
  add_text (entries, "transport", &o->transport,
            "p2p (default; survives this program), direct or tunnelled", "TRANSPORT");
  add_text (entries, "hand-over", &o->hand_over, "fast (default) or strict", "HAND-OVER");
  add_many (entries, "allow", &o->allow,
            "what may be done so that it ends: throttle, postcopy, pause", "WORD,…");
  add_text (entries, "disks", &o->disks,
            "the disks that travel, by target; else those that the destination does not have",
            "TARGET,…");
  add_text (entries, "disk-copy", &o->disk_copy,
            "chain (default): images keep their backing files; whole: one image for each disk",
            "WAY");
  add_text (entries, "road", &o->road,
            "how images of a guest that is off travel: auto (default), mirror, stream", "ROAD");
  add (entries, "keep-source", G_OPTION_ARG_NONE, &o->keep_source,
       "the source's images stay when the guest has moved", NULL);
  add (entries, "shut-down", G_OPTION_ARG_NONE, &o->shut_down,
       "shut a guest that runs down for a cold move, and start it there", NULL);
  add_text (entries, "map", &o->map, "what the guest finds under another name there", "FILE");
  add_text (entries, "profile", &o->profile,
            "the same of the destination, for any guest that comes; --map counts more", "FILE");
  add_many (entries, "rename", &o->rename, "one such name: network:blue=red; over those of --map",
            "KIND:FROM=TO");
  add_many (entries, "accept", &o->accept, "take a blocker that may be accepted on oneself",
            "CODE");
  add_many (entries, "set", &o->set, "set any key of the policy", "KEY=VALUE");
}

static void
add_travel (Entries *entries, CtlOptions *o)
{
  add_many (entries, "resize", &o->resize,
            "another shape there, of a cold move: vcpus=4,memory=4GiB,disk:vda=20GiB", "WORD,…");
  add_text (entries, "images", &o->images,
            "where backing files are found by their names; else the source serves them", "FOLDER");
  add_text (entries, "checksums", &o->checksums,
            "what these files are to be, as sha256sum writes it", "FILE");
}

static void
add_check (Entries *entries, CtlOptions *o)
{
  add_text (entries, "save-facts", &o->save_facts,
            "write down what the hosts said, for --facts; not passwords, but names and paths",
            "FILE");
  add_text (entries, "facts", &o->facts, "check what is written there, and ask no host", "FILE");
  add (entries, "forecast", G_OPTION_ARG_NONE, &o->forecast,
       "look at how the guest writes, and tell what the move will take", NULL);
  add (entries, "baseline", G_OPTION_ARG_NONE, &o->baseline,
       "advise on a CPU that all of these hosts can give the guest", NULL);
}

static void
add_recover (Entries *entries, CtlOptions *o)
{
  add_many (entries, "host", &o->host,
            "a host that may have the guest; PEER-URI: how the others reach it", "URI[=PEER-URI]");
  add_text (entries, "apply", &o->apply,
            "carry out the steps up to this risk: safe, disruptive or destructive", "RISK");
  add_text (entries, "fence-command", &o->fence_command,
            "makes sure that the guest is dead on {host}; {uuid} is the guest's", "COMMAND");
  add_text (entries, "fence-probe", &o->fence_probe, "exit code 0 proves that it is", "COMMAND");
  add_text (entries, "reset-stream-command", &o->reset_stream_command,
            "resets the guest's migration connection on {host}", "COMMAND");
  add_text (entries, "keep", &o->keep, "the copy that stays of a guest that runs on several hosts",
            "URI");
  add_many (entries, "set", &o->set, "set any key of the policy", "KEY=VALUE");
}

static void
add_revert (Entries *entries, CtlOptions *o)
{
  add_text (entries, "apply", &o->apply,
            "“destructive”: also where the guest has run at the destination", "RISK");
}

static void
add_chores (Entries *entries, CtlOptions *o)
{
  add_many (entries, "chore", &o->chore,
            "clock, trim (both need an agent in the guest), or announce; may be repeated", "CHORE");
}

static void
add_common (Entries *entries, CtlOptions *o)
{
  add_text (entries, "journal", &o->journal, "the journal, or “none”: in memory", "PATH|none");
  add (entries, "json", G_OPTION_ARG_NONE, &o->json, "one JSON object on stdout", NULL);
  add (entries, "quiet", G_OPTION_ARG_NONE, &o->quiet, "no progress, no hints", NULL);
  add (entries, "help", G_OPTION_ARG_NONE, &o->help, "tell this", NULL);
}

static gboolean
is_move (const CtlVerb *verb)
{
  return verb->options == CTL_OPTIONS_MOVE || verb->options == CTL_OPTIONS_CHECK
         || verb->options == CTL_OPTIONS_PLAN;
}

static Entries *
entries_for (const CtlVerb *verb, CtlOptions *options)
{
  Entries *entries = g_array_new (TRUE /* zero-terminated */, TRUE, sizeof (GOptionEntry));

  if (verb != NULL && is_move (verb))
    add_move (entries, options);
  if (verb != NULL && verb->options == CTL_OPTIONS_CHECK)
    add_check (entries, options);
  if (verb != NULL && verb->options == CTL_OPTIONS_PLAN)
    add (entries, "xml", G_OPTION_ARG_NONE, &options->xml,
         "tell the guest's XML too, as it would be at the destination", NULL);
  if (verb != NULL && (verb->options == CTL_OPTIONS_MOVE || verb->options == CTL_OPTIONS_PLAN))
    add_travel (entries, options);
  if (verb != NULL && verb->options == CTL_OPTIONS_RECOVER)
    add_recover (entries, options);
  if (verb != NULL && verb->options == CTL_OPTIONS_REVERT)
    add_revert (entries, options);
  if (verb != NULL && verb->options == CTL_OPTIONS_CHORES)
    add_chores (entries, options);
  if (verb != NULL && verb->options == CTL_OPTIONS_LIST)
    add (entries, "all", G_OPTION_ARG_NONE, &options->all, "closed jobs too, however old", NULL);
  if (verb != NULL && verb->options == CTL_OPTIONS_SHOW)
    add_text (entries, "svg", &options->svg,
              "write the curve as a picture too; “-”: to stdout, alone", "FILE");
  add_common (entries, options);
  return entries;
}

/* ---- the parser ---- */

static gboolean
parse (Entries *entries, gboolean up_to_verb, char ***arguments, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_strict_posix (context, up_to_verb);
  g_option_context_add_main_entries (context, (GOptionEntry *) (gpointer) entries->data, NULL);
  return g_option_context_parse_strv (context, arguments, error);
}

gboolean
ctl_options_parse_common (CtlOptions *self, gboolean *version, char ***arguments, GError **error)
{
  g_autoptr (GArray) entries = entries_for (NULL /* verb */, self);

  add (entries, "version", G_OPTION_ARG_NONE, version, "tell the version", NULL);
  return parse (entries, TRUE /* up to the verb */, arguments, error);
}

/* GOption leaves the first of “-- -name” in. */
static void
take_rest (CtlOptions *self, char **arguments)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  gboolean separated = FALSE;

  for (gsize i = 0; arguments[i] != NULL; i++)
    {
      if (!separated && g_str_equal (arguments[i], "--"))
        separated = TRUE;
      else
        g_strv_builder_add (builder, arguments[i]);
    }
  self->rest = g_strv_builder_end (builder);
}

static gboolean refuse (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
refuse (GError **error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  if (error != NULL)
    *error = g_error_new_valist (G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, format, args);
  va_end (args);
  return FALSE;
}

static gboolean
is_of_one_destination (const CtlOptions *self)
{
  return self->peer_uri != NULL || self->migration_uri != NULL || self->disks_uri != NULL
         || self->listen_address != NULL || self->tls_name != NULL;
}

static gboolean
require_hosts (const CtlOptions *self, const CtlVerb *verb, GError **error)
{
  if (self->from == NULL)
    return refuse (error, "“%s” needs --from URI", verb->name);
  if (self->to == NULL)
    return refuse (error, "“%s” needs --to URI", verb->name);
  if (g_strv_length (self->to) > 1 && is_of_one_destination (self))
    return refuse (error,
                   "--peer-uri, --migration-uri, --disks-uri, --listen-address and "
                   "--tls-name are of one destination; with several write --to URI=PEER-URI");
  if (self->checksums != NULL && self->images == NULL)
    return refuse (error, "--checksums is of the files in --images FOLDER");
  if (g_strv_length (self->to) > 1 && self->save_facts != NULL)
    return refuse (error, "--save-facts writes the facts of one destination; name one --to");
  return TRUE;
}

static gboolean
require_no_hosts (const CtlOptions *self, GError **error)
{
  if (self->from != NULL || self->to != NULL || is_of_one_destination (self))
    return refuse (error, "--facts asks no host: the hosts are in the file");
  if (self->save_facts != NULL)
    return refuse (error, "--facts and --save-facts exclude each other");
  if (self->baseline)
    return refuse (error, "--baseline asks the hosts, and --facts none");
  if (self->journal != NULL)
    return refuse (error, "--facts reads no journal: what was learned from one is in the file");
  return TRUE;
}

static gboolean
require (CtlOptions *self, const CtlVerb *verb, GError **error)
{
  guint n = g_strv_length (self->rest);
  gboolean takes_name = verb->takes_name && self->facts == NULL;
  const char *word = is_move (verb)                         ? "GUEST"
                     : verb->options == CTL_OPTIONS_RECOVER ? "GUEST or JOB"
                                                            : "JOB";

  if (takes_name && n == 0)
    return refuse (error, "“%s” needs a %s", verb->name, word);
  if (verb->options == CTL_OPTIONS_RETUNE)
    {
      if (n < 2)
        return refuse (error, "“%s” needs a KEY=VALUE", verb->name);
      for (guint i = 1; i < n; i++)
        if (strchr (self->rest[i], '=') == NULL)
          return refuse (error, "“%s” is not KEY=VALUE", self->rest[i]);
    }
  else if (n > (takes_name ? 1 : 0))
    return refuse (error, "“%s” does not take “%s”%s", verb->name, self->rest[takes_name ? 1 : 0],
                   self->facts != NULL ? " with --facts: the guest is in the file" : "");
  if (self->facts != NULL)
    return require_no_hosts (self, error);
  if (is_move (verb))
    return require_hosts (self, verb, error);
  if (verb->options == CTL_OPTIONS_RECOVER)
    {
      if (self->host == NULL && g_strcmp0 (self->journal, "none") == 0)
        return refuse (error, "“%s” needs --host URI, or a journal that knows the hosts",
                       verb->name);
    }
  else if (g_strcmp0 (self->journal, "none") == 0)
    return refuse (error, "“%s” reads the journal, and “none” is none", verb->name);
  if (self->json && g_strcmp0 (self->svg, CTL_PICTURE_STDOUT) == 0)
    return refuse (error, "--json and a picture cannot both have the standard output");
  return TRUE;
}

gboolean
ctl_options_parse (CtlOptions *self, const CtlVerb *verb, char **arguments, GError **error)
{
  g_autofree char *journal = g_steal_pointer (&self->journal);
  g_autoptr (GArray) entries = entries_for (verb, self);
  g_auto (GStrv) left = g_strdupv (arguments);

  if (!parse (entries, FALSE, &left, error))
    return FALSE;
  if (self->journal == NULL)
    self->journal = g_steal_pointer (&journal);
  if (self->help)
    return TRUE;
  take_rest (self, left + 1);
  return require (self, verb, error);
}

/* ---- help ---- */

static void
help_entries (GString *text, const Entries *entries)
{
  for (guint i = 0; i < entries->len; i++)
    {
      const GOptionEntry *entry = &g_array_index (entries, GOptionEntry, i);
      g_autofree char *option
        = g_strdup_printf ("--%s%s%s", entry->long_name, entry->arg_description != NULL ? " " : "",
                           entry->arg_description != NULL ? entry->arg_description : "");

      g_string_append_printf (text, "  %-24s %s\n", option, entry->description);
    }
}

static void
help_policy (GString *text)
{
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  g_auto (GStrv) keys = migrate_policy_dup_keys (policy);

  g_string_append (text, "\nKeys of the policy, for --set and for the file:\n");
  for (gsize i = 0; keys[i] != NULL; i++)
    {
      g_autofree char *meaning = migrate_policy_describe (keys[i]);

      g_string_append_printf (text, "  %-16s %s\n", keys[i], meaning);
    }
}

static char *
help_tool (void)
{
  g_autoptr (GArray) entries = NULL;
  CtlOptions options = { 0 };
  GString *text = g_string_new ("Usage: migratectl VERB …\n\n");

  for (const CtlVerb *verb = ctl_verbs; verb->name != NULL; verb++)
    g_string_append_printf (text, "  %-10s %s\n", verb->name, verb->summary);
  g_string_append (text, "  help       tell more about a verb: migratectl help VERB\n\n"
                         "Common options:\n");
  entries = entries_for (NULL /* verb */, &options);
  add (entries, "version", G_OPTION_ARG_NONE, NULL, "tell the version", NULL);
  help_entries (text, entries);
  g_string_append (text, "\nExit codes:\n"
                         "  0   done: moved; a report without blocker\n"
                         "  2   refused, nothing was changed\n"
                         "  3   not moved, nothing left to do: running, paused or off as before\n"
                         "  4   failed, needs “migratectl recover JOB”\n"
                         "  5   recover found work that was not applied; a chore was not done\n"
                         "  6   left running under libvirt\n"
                         "  64  the command line is wrong\n");
  return g_string_free (text, FALSE);
}

char *
ctl_options_help (const CtlVerb *verb)
{
  g_autoptr (GArray) entries = NULL;
  CtlOptions options = { 0 };
  GString *text;

  if (verb == NULL)
    return help_tool ();
  text = g_string_new (NULL);
  g_string_append_printf (text, "Usage: migratectl %s %s\n\nTo %s.\n%s\nOptions:\n", verb->name,
                          verb->arguments, verb->summary,
                          verb->details != NULL ? verb->details : "");
  entries = entries_for (verb, &options);
  help_entries (text, entries);
  if (is_move (verb) || verb->options == CTL_OPTIONS_RECOVER)
    help_policy (text);
  return g_string_free (text, FALSE);
}
