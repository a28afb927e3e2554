#!/usr/bin/python3
"""examples/quickstart on this machine: it shows a guest that goes on counting, and it removes all
that it started, whenever and however often it is interrupted."""
import glob
import os
import re
import shutil
import signal
import subprocess

from tap import run, test

SOURCE_DIR = os.environ['MIGRATE_SOURCE_DIR']
QUICKSTART = os.path.join(SOURCE_DIR, 'examples/quickstart')
ENVIRONMENT = {**os.environ, 'BUILD_DIR': os.environ['MIGRATE_BUILD_DIR']}
SECONDS = 300  # what the README promises


def start(*options):
    # A session of its own stands for a terminal: Ctrl-C goes to all of its processes.
    return subprocess.Popen([QUICKSTART, *options], env=ENVIRONMENT, text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, start_new_session=True)


def read_until(process, heading):
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.rstrip('\n') == heading:
            return ''.join(lines)
    raise AssertionError('it never came to “%s”:\n%s' % (heading, ''.join(lines)))


def finish(process):
    text = process.communicate(timeout=SECONDS)[0]
    for line in text.splitlines():
        print('# ' + line)
    return text


def folders():
    return set(glob.glob('/tmp/quickstart*'))


def assert_nothing_is_left(before):
    left = folders() - before
    assert not left, left
    for path in glob.glob('/proc/[0-9]*/environ'):
        try:
            with open(path, 'rb') as file:
                home = re.search(rb'\0HOME=(/tmp/quickstart\.\w+)/', b'\0' + file.read())
        except OSError:
            continue
        # The home of another one's hosts is there.
        assert not home or os.path.exists(home.group(1)), (path, home.group(1))


@test
def moves_a_guest_that_counts_on():
    before = folders()
    process = start()
    text = finish(process)
    assert process.returncode == 0, process.returncode
    first = re.search(r'^before: boot=(\S+) count=(\d+)$', text, re.M)
    last = re.search(r'^after:  boot=(\S+) count=(\d+)$', text, re.M)
    assert first.group(1) == last.group(1) and int(first.group(2)) < int(last.group(2)), text
    for line in (r'outcome +moved', r'total time +\S+ m?s', r'downtime +\S+ m?s \(hypervisor\)',
                 r'transferred +\S+ [KM]iB, \d+ pass(es)?', r'demo: boots=1 .* faults=0',
                 r'h1 absent', r'h2 running \(migrated\)'):
        assert re.search('^%s' % line, text, re.M), line
    assert '\033' not in text
    assert_nothing_is_left(before)


@test
def keeps_what_it_made_and_its_commands_work():
    before = folders()
    process = start('--keep')
    text = finish(process)
    assert process.returncode == 0, process.returncode
    commands = text.split('\nLeft for you\n')[1].strip()
    done = subprocess.run(['bash', '-ec', commands], check=False, timeout=120, text=True,
                          stdout=subprocess.PIPE)
    print('# ' + done.stdout.replace('\n', '\n# '))
    assert done.returncode == 0, commands
    assert re.search('^outcome +moved$', done.stdout, re.M)
    assert_nothing_is_left(before)


def interrupt(heading, number, times):
    before = folders()
    process = start('--keep')
    read_until(process, heading)
    for _ in range(times):
        os.killpg(process.pid, number)
    finish(process)
    assert process.returncode == 128 + number, process.returncode
    assert_nothing_is_left(before)


@test
def interrupted_it_leaves_nothing():
    for heading in ('Two hosts', 'A guest', 'The move', 'The guest afterwards'):
        print('# interrupted at “%s”' % heading)
        interrupt(heading, signal.SIGINT, 1)


@test
def interrupted_again_it_leaves_nothing_either():
    """The second one comes while it cleans up."""
    before = folders()
    process = start()
    read_until(process, 'A guest')
    os.killpg(process.pid, signal.SIGINT)
    # Its own trap has run when it takes no more of them.
    while not ignores(process.pid, signal.SIGINT) and process.poll() is None:
        os.sched_yield()
    os.killpg(process.pid, signal.SIGINT)
    finish(process)
    assert process.returncode == 130, process.returncode
    assert_nothing_is_left(before)


def ignores(pid, number):
    try:
        with open('/proc/%d/status' % pid, encoding='utf-8') as file:
            mask = re.search(r'^SigIgn:\s*(\w+)', file.read(), re.M)
    except OSError:
        return False
    return bool(int(mask.group(1), 16) >> (number - 1) & 1)


@test
def terminated_it_leaves_nothing():
    interrupt('The move', signal.SIGTERM, 1)


@test
def refuses_what_it_does_not_know():
    done = subprocess.run([QUICKSTART, '--nonsense'], capture_output=True, text=True, check=False)
    assert done.returncode == 64 and 'Usage:' in done.stderr
    done = subprocess.run([QUICKSTART, '--help'], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and '--keep' in done.stdout


if shutil.which('libvirtd', path=os.environ['PATH'] + ':/usr/sbin'):
    run()
else:
    print('1..0 # SKIP libvirtd is missing: tests/install-packages lab')
