#!/usr/bin/python3
"""migratectl with a real guest on real hosts: its signals, and jobs that it leaves and takes up."""
import os
import shutil
import signal
import subprocess
import tempfile

from tap import run, test
from tool import Running, ctl

LAB = os.path.join(os.environ['MIGRATE_SOURCE_DIR'], 'tests/lab/lab')
SLOW = ('--bandwidth', '12')  # some 60 MiB have to travel
place = tempfile.TemporaryDirectory()
JOURNAL = ('--journal', os.path.join(place.name, 'journal.sqlite'))
os.environ['LAB_DIR'] = '/tmp/lmt-ctl-%d' % os.getpid()
here, there = 1, 2
env = {}


def lab(*arguments):
    return subprocess.run([LAB, *arguments], check=True, text=True, timeout=180,
                          stdout=subprocess.PIPE).stdout


def move(*more):
    return ('move', 'g', '--from', env['LAB_URI_%d' % here], '--to', env['LAB_URI_%d' % there],
            '--migration-uri', env['LAB_MIGRATION_URI_%d' % there], *JOURNAL, *more)


def assert_is_at(host):
    where = dict(line.split(None, 1) for line in lab('where', 'g').splitlines())
    assert where['h%d' % host].startswith('running'), where
    assert where['h%d' % (3 - host)] == 'absent', where
    lab('wait-counter', 'g', '+1')
    lab('check-counter', 'g')


def assert_moved():
    global here, there
    here, there = there, here
    assert_is_at(here)


def start_and_copy(*more):
    running = Running(*move(*SLOW, *more))
    job = running.job()
    running.wait_for('job %s: copying-memory' % job)
    return running, job


def record(job):
    return ctl('show', job, *JOURNAL, '--json').json


@test
def moves_there_and_back():
    for _ in range(2):
        done = ctl(*move('--json'))
        assert done.code == 0 and done.json['outcome'] == 'moved'
        assert done.json['bytes'] > 0 and done.json['downtime_origin'] == 'hypervisor'
        assert_moved()


@test
def chores_are_done_and_done_again():
    done = ctl(*move('--set', 'chores=trim;announce', '--json'))
    assert done.code == 0 and done.json['outcome'] == 'moved'
    warnings = done.json['warnings']  # this guest has no agent
    assert len(warnings) == 1 and warnings[0].startswith('Chore “trim” was not done: '), warnings
    assert_moved()
    job = done.json['job']
    done = ctl('chores', job, '--chore', 'announce', *JOURNAL, '--json')
    assert done.code == 0 and done.json['warnings'] == [] and done.json['outcome'] == 'moved'
    done = ctl('chores', job, *JOURNAL, '--json')
    assert done.code == 5 and done.json['outcome'] == 'moved'
    assert_is_at(here)


@test
def interrupted_the_guest_stays():
    running, _ = start_and_copy('--json')
    running.signal(signal.SIGINT)
    done = running.end()
    assert done.code == 3 and done.json['outcome'] == 'stayed'
    assert done.json['error']['code'] == 'cancelled'
    assert_is_at(here)


@test
def interrupted_twice_it_is_followed_to_its_end():
    running, job = start_and_copy('--json')
    running.signal(signal.SIGINT)
    running.wait_for('cancelling…')
    running.signal(signal.SIGINT)
    done = running.end()
    if done.code == 3:
        return 'the cancel was done before'
    assert done.code == 6 and done.json['error']['code'] == 'left'
    done = ctl('follow', job, *JOURNAL, '--json')
    # Libvirt may have heard of the cancel, or not.
    assert (done.code, done.json['outcome']) in ((3, 'stayed'), (0, 'moved'))
    if done.code == 0:
        assert_moved()
    else:
        assert_is_at(here)


@test
def terminated_the_move_goes_on():
    running, job = start_and_copy('--json')
    running.signal(signal.SIGTERM)
    done = running.end()
    assert done.code == 6 and done.json['outcome'] == 'detached'
    assert record(job)['held'] is False and record(job)['in_flight'] is True
    done = ctl('follow', job, *JOURNAL, '--json')
    assert done.code == 0 and done.json['outcome'] == 'moved' and done.json['job'] == job
    assert_moved()


@test
def killed_the_move_goes_on():
    running, job = start_and_copy()
    running.signal(signal.SIGKILL)
    assert running.end().code == -signal.SIGKILL
    assert record(job)['held'] is False
    assert ctl('follow', job, *JOURNAL).code == 0
    assert_moved()


@test
def another_process_cancels_it():
    running, job = start_and_copy()
    done = ctl('cancel', job, *JOURNAL, '--json')
    assert done.code == 0 and done.json['outcome'] == 'stayed'
    assert running.end().code == 3
    assert_is_at(here)


@test
def a_source_that_is_gone_needs_recovery():
    running, job = start_and_copy('--json', '--set', 'settle-timeout=2')
    lab('libvirtd', str(here), 'kill')
    done = running.end()
    lab('libvirtd', str(here), 'start')
    assert done.code == 4 and done.json['outcome'] == 'unknown'
    assert done.json['error']['code'] == 'needs-recover' and done.json['error']['remedy']
    done = ctl('follow', job, *JOURNAL, '--json')
    assert done.code == 3 and done.json['outcome'] == 'stayed'
    assert_is_at(here)
    assert ctl(*move()).code == 0
    assert_moved()


def main():
    if not shutil.which('libvirtd', path=os.environ['PATH'] + ':/usr/sbin'):
        print('1..0 # SKIP libvirtd is missing: tests/install-packages lab')
        return
    try:
        lab('up', '--recipe', 'a')
        env.update(line.split('=', 1) for line in lab('env').splitlines())
        for host in '12':  # a fresh libvirtd takes seconds to answer this for the first time
            lab('virsh', host, 'capabilities')
        lab('guest', 'g', '--dirty', '8', '--rate', '2')
        run()
    finally:
        lab('down')


main()
