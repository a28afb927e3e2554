#!/usr/bin/python3
"""The embedding examples on real hosts: embed, move.py and move.lua move real guests between two
libvirtds of the lab. A guest's own counter tells that it went on where it was."""
import os
import shutil
import subprocess
import sys
import tempfile

from tap import run, test

SOURCE_DIR = os.environ['MIGRATE_SOURCE_DIR']
EMBED = os.environ['MIGRATE_EMBED']
LUA = os.environ.get('MIGRATE_LUA')
# A lab's directory has a short name, and is one's own: another lab may be in use.
LAB = '/tmp/lm-bind-%d' % os.getpid()
ADDRESS = {}


def lab(*args, **options):
    return subprocess.run(['bash', os.path.join(SOURCE_DIR, 'tests/lab/lab'), args[0],
                           '--dir', LAB, *args[1:]], check=True, text=True,
                          stdout=subprocess.PIPE, timeout=120, **options).stdout


def make(*guests):
    for guest in guests:
        lab('guest', guest, '--memory', '128', '--dirty', '16', '--rate', '5')


def program(*args):
    done = subprocess.run(args, check=False, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120)
    for line in (done.stdout + done.stderr).splitlines():
        print('# ' + line)
    return done


def is_only_on(host, *guests):
    for guest in guests:
        where = dict(line.split(None, 1) for line in lab('where', guest).splitlines())
        for name, state in where.items():
            assert state.startswith('running' if name == host else 'absent'), where
        lab('wait-counter', guest, '+2')
        lab('check-counter', guest)


@test
def embed_moves_two_guests_and_leaves_nothing():
    make('e1', 'e2')
    done = program(EMBED, 'e1', 'e2', ADDRESS['1'], ADDRESS['2'], ADDRESS['peer'])
    assert done.returncode == 0, done.returncode
    is_only_on('h2', 'e1', 'e2')
    assert 'signal dispositions are as before' in done.stdout
    assert 'our event loop runs' in done.stdout


@test
def embed_says_what_failed():
    done = program(EMBED, 'nobody', 'nothing', ADDRESS['1'], ADDRESS['2'])
    assert done.returncode == 1, done.returncode
    assert 'nobody: There is no guest' in done.stdout
    assert 'descriptors, as before' in done.stdout
    assert program(EMBED).returncode == 64


def move_with(*command):
    name = command[-1].rsplit('.', 1)[-1]
    guest = 'm' + name
    make(guest)
    with tempfile.TemporaryDirectory() as place:
        journal = os.path.join(place, 'journal')
        done = program(*command, guest, ADDRESS['1'], ADDRESS['2'], journal)
        assert done.returncode == 0, done.returncode
        assert 'proving 100 %' in done.stdout and 'moved in' in done.stdout
        is_only_on('h2', guest)
        done = program(*command, guest, ADDRESS['1'], ADDRESS['2'], journal)
        assert done.returncode == 1 and 'There is no guest' in done.stderr
        done = program(*command, guest, ADDRESS['2'], ADDRESS['2'], journal)
        assert done.returncode == 1 and 'blocker same-host' in done.stderr
        is_only_on('h2', guest)
    assert program(*command).returncode == 64


@test
def move_py_moves_a_guest():
    move_with(sys.executable, os.path.join(SOURCE_DIR, 'examples/move.py'))


@test
def move_lua_moves_a_guest():
    if not LUA:
        return 'no Lua that has lgi was found'
    move_with(LUA, os.path.join(SOURCE_DIR, 'examples/move.lua'))


def main():
    if not shutil.which('libvirtd', path=os.environ['PATH'] + ':/usr/sbin'):
        print('1..0 # SKIP libvirtd is missing: tests/install-packages lab')
        return
    try:
        lab('up', '--hosts', '2')
        for line in lab('env').splitlines():
            name, value = line.split('=', 1)
            for ours, theirs in (('1', 'LAB_URI_1'), ('2', 'LAB_URI_2'),
                                 ('peer', 'LAB_PEER_URI_2')):
                if name == theirs:
                    ADDRESS[ours] = value.strip('\'"')
        run()
    finally:
        lab('down')


main()
