#!/usr/bin/env python3
"""Moves a guest while it is off, and takes it back when it is not good at its new place.

    cold.py GUEST FROM TO IMAGES PROBE-COMMAND [JOURNAL]

A guest that runs is shut down first, and started at TO. IMAGES is a folder of this machine's that
has backing files by their names; what is not there is copied from FROM. PROBE-COMMAND is run as
“COMMAND TO GUEST” and says by its exit code whether the guest is good there. JOURNAL is as for
move.py.
From a build tree: meson devenv -C BUILD examples/cold.py …
Exit code: 0 moved, 1 at FROM as before, 2 something is left to repair, 64 usage.
"""
import subprocess
import sys

import gi

gi.require_version('Migrate', '1')
from gi.repository import GLib, Migrate  # noqa: E402


def on_progress(job, progress):
    for name, disk in progress.details.get('disks', {}).items():
        print('%s: %s: %d of %d bytes, %d bytes/s'
              % (job.get_guest(), name, disk['done'], disk['total'], disk['rate']), flush=True)


def move(guest, source, destination, images, command, journal=None):
    policy = Migrate.Policy()
    policy.set('shut-down', 'true')  # it is asked to, and never forced
    policy.set('confirm', 'manual')  # the source keeps all that it has until finalize
    job = Migrate.Job(guest=guest, source=Migrate.Host(uri=source),
                      destination=Migrate.Host(uri=destination), kind=Migrate.Kind.COLD,
                      policy=policy, journal=Migrate.SqliteJournal(path=journal),
                      image_source=Migrate.DirectoryImageSource(path=images))
    job.connect('progress', on_progress)
    try:
        job.run()
        if subprocess.run([command, destination, guest], check=False).returncode == 0:
            job.finalize()
            print(job.props.result)
            return 0
        # What it did there, started as it was, is lost: this says that we know.
        job.revert(Migrate.Risk.DESTRUCTIVE)
        print('%s: taken back' % guest)
        return 1
    except GLib.Error as error:
        print('%s: %s' % (guest, error.message), file=sys.stderr)
        return 2 if job.props.state in (Migrate.State.MIGRATED, Migrate.State.FAILED) else 1


if len(sys.argv) not in (6, 7):
    print('Usage: cold.py GUEST FROM TO IMAGES PROBE-COMMAND [JOURNAL]', file=sys.stderr)
    sys.exit(64)
sys.exit(move(*sys.argv[1:]))
