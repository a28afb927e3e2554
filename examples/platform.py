#!/usr/bin/env python3
"""A small platform: moves a guest, with its record in a database and its network made ready.

    platform.py GUEST FROM TO DATABASE NETWORK-COMMAND

DATABASE is a file of SQLite with a table guests (uuid, host), where hosts are called by their URIs.
NETWORK-COMMAND is run as “COMMAND up HOST UUID” before the guest moves there, and as
“COMMAND down HOST UUID” when it does not.
From a build tree: meson devenv -C BUILD examples/platform.py …
Exit code: 0 moved, 1 not moved, 2 something is left to repair, 64 usage.
"""
import sqlite3
import subprocess
import sys
import threading

import gi

gi.require_version('Migrate', '1')
from gi.repository import GLib, GObject, Migrate  # noqa: E402


class Record(GObject.Object, Migrate.Inventory):
    """Which host has a guest, in a table. SQL makes the swap one step."""

    def __init__(self, path):
        super().__init__()
        self.database = sqlite3.connect(path)

    def do_get(self, request):
        row = self.database.execute('SELECT host FROM guests WHERE uuid = ?',
                                    (request.details['guest-uuid'],)).fetchone()
        if row is None:
            return request.refuse('not-found', 'the table has no such guest')
        return request.answer({'host': row[0]})

    def do_compare_and_set(self, request):
        asked = request.details
        with self.database:
            written = self.database.execute(
                'UPDATE guests SET host = ? WHERE uuid = ? AND host = ?',
                (asked['host'], asked['guest-uuid'], asked['expected'])).rowcount
        if written == 0:
            return request.refuse('conflict', 'another host has it')
        return request.answer()


class Network(GObject.Object, Migrate.Hooks):
    """Makes the network ready at the destination before the guest moves there."""

    def __init__(self, command):
        super().__init__()
        self.command = command

    def do_call(self, request):
        wanted = 'before-migrate'
        point = request.get_point().value_nick
        undone = request.details.get('undone-point')
        if request.get_side() != Migrate.Side.DESTINATION or wanted not in (point, undone):
            return request.answer()
        # It may take a while: answered later, from a thread of its own.
        threading.Thread(target=self.switch, args=(request, 'down' if undone else 'up')).start()
        return True

    def switch(self, request, way):
        asked = request.details
        done = subprocess.run([self.command, way, asked['destination-name'], asked['guest-uuid']],
                              check=False)
        if done.returncode == 0:
            request.answer()
        else:
            request.refuse('network', 'the network is not ready there')


def move(guest, source, destination, database, command):
    policy = Migrate.Policy()
    policy.set('hook-timeout', '120')
    job = Migrate.Job(guest=guest, source=Migrate.Host(uri=source),
                      destination=Migrate.Host(uri=destination), policy=policy,
                      inventory=Record(database), hooks=Network(command))
    try:
        print(job.run())
        return 0
    except GLib.Error as error:
        print('%s: %s' % (guest, error.message), file=sys.stderr)
        return 2 if job.props.state == Migrate.State.FAILED else 1


if len(sys.argv) != 6:
    print('Usage: platform.py GUEST FROM TO DATABASE NETWORK-COMMAND', file=sys.stderr)
    sys.exit(64)
sys.exit(move(*sys.argv[1:]))
