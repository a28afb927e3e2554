#!/usr/bin/env python3
"""Moves a guest and shows how far it is.

    move.py GUEST FROM TO [JOURNAL]

JOURNAL is the file where the job is written down; without it, the default of the user or system.
From a build tree: meson devenv -C BUILD examples/move.py … (with a Python that can “import gi”)
Exit code: 0 moved, 1 not moved, 2 something is left to repair, 64 usage.
"""
import sys

import gi

gi.require_version('Migrate', '1')
from gi.repository import GLib, Migrate  # noqa: E402


def on_progress(job, progress):
    print('%s: %s' % (job.get_guest(), progress), flush=True)


def on_decision(job, decision):
    print('%s: %s' % (job.get_guest(), decision), flush=True)


def move(guest, source, destination, journal=None):
    job = Migrate.Job(guest=guest, source=Migrate.Host(uri=source),
                      destination=Migrate.Host(uri=destination),
                      journal=Migrate.SqliteJournal(path=journal))
    # No main loop: run() itself calls the handlers while it waits.
    job.connect('progress', on_progress)
    job.connect('decision', on_decision)
    try:
        print(job.run())
        return 0
    except GLib.Error as error:
        if Migrate.is_error(error, Migrate.Error.BLOCKED):
            print(job.props.report, file=sys.stderr)
        elif Migrate.is_cancelled(error):
            print('%s: cancelled, it stays' % guest, file=sys.stderr)
        else:
            print('%s: %s' % (guest, job.props.failure or error.message), file=sys.stderr)
        return 2 if job.props.state == Migrate.State.FAILED else 1


if len(sys.argv) not in (4, 5):
    print('Usage: move.py GUEST FROM TO [JOURNAL]', file=sys.stderr)
    sys.exit(64)
sys.exit(move(*sys.argv[1:]))
