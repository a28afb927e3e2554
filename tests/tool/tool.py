# Running migratectl from a test: its process, what it says, and waiting for a word of it.
import json
import os
import pty
import re
import select
import subprocess
import termios
import time

MIGRATECTL = os.environ['MIGRATE_CTL']
SECONDS = 60
# meson puts the folders of what a test depends on first, and there is the real library.
if 'MIGRATE_LIBRARY' in os.environ:
    os.environ['LD_LIBRARY_PATH'] = os.environ['MIGRATE_LIBRARY']


def members(pairs):
    """Those of an object: words with underscores; a colon is in names of the user's own."""
    wrong = [name for name, _ in pairs if '-' in name and ':' not in name]
    assert not wrong, wrong
    return dict(pairs)


class Done:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err
        print('# [exit %d]' % code)
        for line in (out + err).splitlines():
            print('# ' + line.replace('\033', '<ESC>'))

    @property
    def json(self):
        """The one object; anything else on stdout is an error."""
        assert self.out.count('\n') == 1 and self.out.endswith('\n'), self.out
        return json.loads(self.out, object_pairs_hook=members)


def ctl(*arguments, **options):
    done = subprocess.run([MIGRATECTL, *arguments], check=False, text=True, timeout=SECONDS,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    return Done(done.returncode, done.stdout, done.stderr)


def ctl_into(path, *arguments):
    """With a file as its stdout."""
    with open(path, 'wb') as file:
        done = subprocess.run([MIGRATECTL, *arguments], check=False, text=True, timeout=SECONDS,
                              stdout=file, stderr=subprocess.PIPE)
    return Done(done.returncode, '', done.stderr)


def ctl_on_terminal(columns, *arguments, **options):
    """With a terminal of that width as its stdout."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    with subprocess.Popen([MIGRATECTL, *arguments], stdin=subprocess.DEVNULL, stdout=theirs,
                          stderr=subprocess.PIPE, **options) as process:
        os.close(theirs)
        out = b''
        while select.select([ours], [], [], SECONDS)[0]:
            try:
                out += os.read(ours, 65536)
            except OSError:  # the end of a terminal
                break
        err = process.stderr.read()
    os.close(ours)
    return Done(process.returncode, out.decode().replace('\r\n', '\n'), err.decode())


class Running:
    """One that goes on while the test does something else; stderr may be a terminal."""

    def __init__(self, *arguments, terminal=False, columns=80, env=None):
        if terminal:
            ours, theirs = pty.openpty()
            termios.tcsetwinsize(theirs, (24, columns))
        else:
            ours, theirs = os.pipe()
        self._stderr = ours
        self._process = subprocess.Popen([MIGRATECTL, *arguments], text=True, stderr=theirs,
                                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                         env={**(env or os.environ), 'TERM': 'xterm'})
        os.close(theirs)
        self.err = ''

    def _read(self, deadline):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self._stderr], [], [], left)[0]:
            raise AssertionError('nothing more than: ' + self.err)
        try:
            data = os.read(self._stderr, 65536)
        except OSError:  # the end of a terminal
            data = b''
        self.err += data.decode('utf-8', 'replace')
        return bool(data)

    def wait_for(self, pattern):
        """The first match in what it has said on stderr."""
        deadline = time.monotonic() + SECONDS
        while not re.search(pattern, self.err):
            assert self._read(deadline), 'it ended without “%s”: %s' % (pattern, self.err)
        return re.search(pattern, self.err)

    def job(self):
        return self.wait_for(r'job (\w+): ').group(1)

    def signal(self, number):
        self._process.send_signal(number)

    def close_stdout(self):
        self._process.stdout.close()

    def end(self):
        deadline = time.monotonic() + SECONDS
        while self._read(deadline):
            pass
        out = '' if self._process.stdout.closed else self._process.stdout.read()
        code = self._process.wait(SECONDS)
        os.close(self._stderr)
        return Done(code, out, self.err)
