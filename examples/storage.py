#!/usr/bin/env python3
"""Moves a guest with its disks: backing files come from a folder, volumes are attached by a command.

    storage.py GUEST FROM TO IMAGES ATTACH-COMMAND [JOURNAL]

IMAGES is a folder of this machine's that has images by their file names, and SHA256SUMS.
ATTACH-COMMAND is run as “COMMAND attach HOST VOLUME” and as “COMMAND detach HOST VOLUME”.
JOURNAL is as for move.py.
From a build tree: meson devenv -C BUILD examples/storage.py …
Exit code: 0 moved, 1 not moved, 2 something is left to repair, 64 usage.
"""
import os
import subprocess
import sys
import threading

import gi

gi.require_version('Migrate', '1')
from gi.repository import GLib, GObject, Migrate  # noqa: E402


class Images(GObject.Object, Migrate.ImageSource):
    """Names files; the library reads them. MigrateDirectoryImageSource does the same."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder
        with open(os.path.join(folder, 'SHA256SUMS'), encoding='utf-8') as sums:
            self.sums = {name: sum for sum, name in (line.split() for line in sums)}

    def do_fetch(self, request):
        name = request.details['name']
        if name not in self.sums:
            return request.refuse('not-found', 'there is no such image')
        return request.answer({'path': os.path.join(self.folder, name),
                               'checksum': self.sums[name]})


class Volumes(GObject.Object, Migrate.VolumeConnector):
    """Attaches volumes with a command, which does no harm where there is nothing to do."""

    def __init__(self, command):
        super().__init__()
        self.command = command

    def do_connect(self, request):
        return self.start(request, 'attach')

    def do_disconnect(self, request):
        return self.start(request, 'detach')

    def start(self, request, way):
        # It may take a while: answered later, from a thread of its own.
        threading.Thread(target=self.switch, args=(request, way)).start()
        return True

    def switch(self, request, way):
        asked = request.details
        volume = asked.get('name') or asked.get('path') or asked['target']
        done = subprocess.run([self.command, way, asked['host'], volume], check=False)
        if done.returncode == 0:
            request.answer()
        else:
            request.refuse('failed', 'the command says %d' % done.returncode)


def move(guest, source, destination, images, command, journal=None):
    job = Migrate.Job(guest=guest, source=Migrate.Host(uri=source),
                      destination=Migrate.Host(uri=destination),
                      journal=Migrate.SqliteJournal(path=journal),
                      image_source=Images(images), volume_connector=Volumes(command))
    try:
        print(job.run())
        return 0
    except GLib.Error as error:
        print('%s: %s' % (guest, error.message), file=sys.stderr)
        return 2 if job.props.state == Migrate.State.FAILED else 1


if len(sys.argv) not in (6, 7):
    print('Usage: storage.py GUEST FROM TO IMAGES ATTACH-COMMAND [JOURNAL]', file=sys.stderr)
    sys.exit(64)
sys.exit(move(*sys.argv[1:]))
