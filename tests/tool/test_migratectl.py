#!/usr/bin/python3
"""migratectl against simulated hosts: what its manual page promises to people and scripts. Each
process has a world of its own; they share the journal."""
import hashlib
import os
import re
import signal
import stat
import tempfile
import time
import xml.etree.ElementTree as ElementTree

from tap import run, test
from tool import Running, ctl, ctl_into, ctl_on_terminal

SOURCE_DIR = os.environ['MIGRATE_SOURCE_DIR']
HOSTS = ('--from', 'sim://w/h1', '--to', 'sim://w/h2')
SLOW = ('--set', 'bandwidth=2')  # some 40 s on the simulated clock, which is twenty times as fast
PATIENT = ('--set', 'call-timeout=60000')  # the asker's clock is as fast
VERBS = ('check', 'plan', 'move', 'list', 'show', 'follow', 'cancel', 'retune', 'finish-now', 'pause', 'give-up',
         'finalize', 'revert', 'chores', 'recover')
place = tempfile.TemporaryDirectory()
JOURNAL = ('--journal', os.path.join(place.name, 'journal.sqlite'))

MOVE_KEYS = {
    'job': str, 'state': str, 'outcome': str, 'guest': str, 'guest_uuid': str, 'source': str,
    'destination': str, 'kind': str, 'total_ms': int, 'downtime_ms': int, 'downtime_origin': str,
    'bytes': int, 'disk_bytes': int, 'bytes_resent': int, 'passes': int, 'throttle': int,
    'downtime_limit_ms': (int, type(None)), 'phases': dict, 'forecast': (dict, type(None)),
    'decisions': list, 'warnings': list, 'findings': list, 'error': type(None),
}
CHECK_KEYS = {'guest', 'guest_uuid', 'source', 'destination', 'kind', 'blocked', 'findings',
              'forecast', 'error'}
PLAN_KEYS = {'guest', 'guest_uuid', 'source', 'destination', 'kind', 'transfer', 'disks', 'steps',
             'changes', 'holes', 'effects', 'xml', 'persistent_xml', 'blocked', 'findings', 'forecast',
             'error'}
FINDING_KEYS = {'code', 'severity', 'subject', 'message', 'remedy', 'accepted'}
ERROR_KEYS = {'code', 'message', 'remedy', 'side', 'phase', 'libvirt_code', 'other_job'}


def move(guest, *more):
    return ('move', guest, *HOSTS, *JOURNAL, *more)


def record(job):
    done = ctl('show', job, *JOURNAL, '--json')
    assert done.code == 0
    return done.json


def curve_in(text):
    """The lines of the drawing and what comes after it."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if re.match('memory remaining( |$)', line):
            return lines[number:]
    return []


def assert_error(done, code, exit_code):
    assert done.code == exit_code, done.code
    error = done.json['error']
    assert set(error) == ERROR_KEYS and error['code'] == code, error
    assert error['message'] in done.err  # told to people too
    return error


# ---- check ----


@test
def check_tells_what_it_found():
    done = ctl('check', 'g0', *HOSTS, '--json')
    assert done.code == 0 and done.err == ''
    assert set(done.json) == CHECK_KEYS
    assert done.json['kind'] == 'live' and done.json['blocked'] is False
    assert done.json['error'] is None
    assert [set(finding) for finding in done.json['findings']] == [FINDING_KEYS]
    assert done.json['forecast'] is None
    done = ctl('check', 'g0', *HOSTS)
    assert done.code == 0
    assert done.out.startswith('“g0”: live, 0 blockers, 1 warning\n')
    assert re.search(r'^  warnings\n    .* \[hand-over-unprotected\]\n      remedy: ', done.out, re.M)


@test
def check_accepts_what_may_be_accepted():
    env = {**os.environ, 'MIGRATE_SIM': 'world=w;hosts=2;guests=1;disk=/a.img'}
    done = ctl('check', 'g0', *HOSTS, env=env)
    assert done.code == 2
    assert re.search(r'^  blockers\n    .* \[disk-sharing-unproven\]\n', done.out, re.M)
    accepted = ('check', 'g0', *HOSTS, '--accept', 'disk-sharing-unproven')
    done = ctl(*accepted, env=env)
    assert done.code == 0 and '[disk-sharing-unproven, accepted]\n' in done.out
    done = ctl(*accepted, '--json', env=env)
    assert [f['code'] for f in done.json['findings'] if f['accepted']] == ['disk-sharing-unproven']


@test
def check_says_what_was_accepted_in_vain():
    done = ctl('check', 'g0', *HOSTS, '--accept', 'no-such-code', '--accept', 'same-host', '--json')
    assert done.code == 0
    found = {(f['code'], f['subject']) for f in done.json['findings']}
    assert {('accept-unknown', 'no-such-code'), ('accept-refused', 'same-host')} <= found
    there = ('--from', 'sim://w/h1', '--to', 'sim://w/h1')
    done = ctl('move', 'g0', *there, *JOURNAL, '--accept', 'same-host')
    assert done.code == 2 and '[same-host]\n' in done.out and '[accept-refused]\n' in done.out


@test
def check_forecasts_when_asked():
    given = ('--forecast', '--set', 'link-speed=100', *JOURNAL)
    told = ctl('check', 'g0', *HOSTS, *given, '--json').json['forecast']
    assert told['kind'] == 'live' and told['convergence'] == 'converges', told
    assert told['rung'] == 'plain' and told['rungs'] == ['plain']
    assert 0 < told['total_least_ms'] <= told['total_most_ms']
    assert told['dirty_rate_origin'] == 'sampled' and told['bandwidth_origin'] == 'given'
    assert told['summary'].startswith('The move will take ')
    done = ctl('check', 'g0', *HOSTS, *given)
    assert done.code == 0 and '  forecast The move will take ' in done.out, done.out


@test
def check_that_finds_a_blocker_is_refused():
    done = ctl('check', 'g0', '--from', 'sim://w/h1', '--to', 'sim://w/h1', '--json')
    assert done.code == 2 and done.json['blocked'] is True and done.json['error'] is None
    assert 'same-host' in [finding['code'] for finding in done.json['findings']]
    assert_error(ctl('check', 'nobody', *HOSTS, '--json'), 'not-found', 2)


SEVERAL = ('check', 'g0', '--from', 'sim://w/h1', '--to', 'sim://w/h9', '--to', 'sim://w/h1',
           '--to', 'sim://w/h2')


@test
def check_ranks_several():
    done = ctl(*SEVERAL, '--json')
    assert done.code == 0 and done.err == ''
    assert set(done.json) == CHECK_KEYS | {'destinations'}
    ranked = done.json['destinations']
    for rank, each in enumerate(ranked, 1):
        assert set(each) == CHECK_KEYS - {'guest', 'guest_uuid', 'source'} | {'rank', 'reason'}
        assert each['rank'] == rank
    assert [each['destination'] for each in ranked] == ['sim://w/h2', 'sim://w/h1', 'sim://w/h9']
    assert [each['blocked'] for each in ranked] == [False, True, None]
    assert done.json['destination'] == 'sim://w/h2' and done.json['blocked'] is False
    assert 'only one' in ranked[0]['reason'] and 'same-host' in ranked[1]['reason']
    assert ranked[2]['error']['code'] == 'unreachable'
    assert ranked[2]['error']['message'] in ranked[2]['reason']


@test
def check_prints_a_table_of_several():
    done = ctl(*SEVERAL)
    assert done.code == 0 and done.err == ''
    lines = done.out.splitlines()
    assert lines[0] == '“g0” from sim://w/h1'
    assert re.match(r'RANK  DESTINATION  KIND +BLOCKERS  WARNINGS  REASON$', lines[1]), lines[1]
    assert re.match(r'1\.    sim://w/h2   live +0 +\d+ +It is the only one', lines[2]), lines[2]
    assert re.match(r'2\.    sim://w/h1   live +\d+ +\d+ +It has \d+ blockers?: ', lines[3]), lines[3]
    assert re.match(r'3\.    sim://w/h9   - +- +- +It could not be checked: ', lines[4]), lines[4]
    assert lines[5] == '1. sim://w/h2' and '2. sim://w/h1' in lines and '3. sim://w/h9' not in lines
    assert '[hand-over-unprotected]' in done.out and '[same-host]' in done.out


@test
def check_of_several_tells_each_of_the_guest_elsewhere():
    env = {**os.environ, 'MIGRATE_SIM': 'world=w;hosts=3;guests=1;also=h3'}
    several = ('check', 'g0', '--from', 'sim://w/h1', '--to', 'sim://w/h3', '--to', 'sim://w/h2',
               '--accept', 'guest-elsewhere')
    done = ctl(*several, '--json', env=env)
    assert done.code == 2 and done.json['blocked'] is True
    found = {each['destination']: {f['code']: f for f in each['findings']}
             for each in done.json['destinations']}
    elsewhere = found['sim://w/h2']['guest-elsewhere']
    assert elsewhere['severity'] == 'blocker' and elsewhere['subject'] == 'sim://w/h3', elsewhere
    assert 'migratectl recover' in elsewhere['remedy'] and not elsewhere['accepted']
    assert 'already-there' in found['sim://w/h3'] and 'guest-elsewhere' not in found['sim://w/h3']
    done = ctl(*several, env=env)
    assert done.code == 2 and re.search(r'sim://w/h2 .*It has 1 blocker: guest-elsewhere', done.out)
    assert re.search(r'is on “sim://w/h3” too.*running.* \[guest-elsewhere\]\n', done.out), done.out


@test
def check_of_several_fails_when_the_source_cannot_be_asked():
    several = ('check', 'g0', '--from', 'sim://w/h9', '--to', 'sim://w/h1', '--to', 'sim://w/h2')
    done = ctl(*several, '--json')
    assert_error(done, 'unreachable', 2)
    assert done.json['error']['side'] == 'source' and done.json['error']['remedy']
    assert set(done.json) == CHECK_KEYS | {'destinations'}
    assert [each['error']['code'] for each in done.json['destinations']] == ['unreachable'] * 2
    done = ctl(*several)
    assert done.code == 2 and done.out == '' and done.err.startswith('migratectl: ')
    assert done.err.count('migratectl: ') == 1


@test
def check_advises_on_a_cpu():
    done = ctl(*SEVERAL, '--baseline', '--json')
    assert done.code == 0
    baseline = done.json['baseline']
    assert set(baseline) == {'cpu', 'model', 'features', 'suited', 'unsuited', 'unknown', 'advice',
                             'error'}
    assert baseline['model'] == 'qemu64' and baseline['features'] == ['+aes']
    assert ElementTree.fromstring(baseline['cpu']).tag == 'cpu'
    assert baseline['suited'] == ['sim://w/h1', 'sim://w/h1', 'sim://w/h2']  # the source first
    assert baseline['unsuited'] == [] and baseline['unknown'] == ['sim://w/h9']
    assert len(baseline['advice']) == 4 and baseline['error'] is None
    done = ctl('check', 'g0', *HOSTS, '--baseline')
    assert done.code == 0
    assert re.search('^A CPU for these hosts: qemu64 \\+aes\n  “sim://w/h1” could take the guest.*\n'
                     '  “sim://w/h2” could take the guest.*\n  <cpu ', done.out, re.M), done.out
    refused = ctl('check', '--facts', '/dev/null', '--baseline')
    assert refused.code == 64


# ---- plan ----

EMULATOR = 'emulator:/usr/bin/qemu-system-x86_64=/opt/there/qemu'


@test
def plan_tells_what_a_move_would_do():
    done = ctl('plan', 'g0', *HOSTS, '--allow', 'throttle', '--bandwidth', '9', '--json')
    assert done.code == 0 and done.err == ''
    assert set(done.json) == PLAN_KEYS and done.json['blocked'] is False
    assert done.json['transfer']['bandwidth'] == 9
    assert done.json['forecast']['kind'] == 'live' and done.json['forecast']['summary']
    assert {'live', 'peer2peer', 'auto-converge'} <= set(done.json['transfer']['flags'])
    assert [step['what'] for step in done.json['steps']] == ['transfer']
    assert done.json['steps'][0]['undo'] and done.json['steps'][0]['risk'] == 'disruptive'
    assert done.json['changes'] == done.json['holes'] == []
    assert ElementTree.fromstring(done.json['xml']).find('name').text == 'g0'
    assert done.json['effects'] and done.json['error'] is None
    done = ctl('plan', 'g0', *HOSTS)
    assert done.code == 0 and done.out.startswith('“g0”: live, from sim://w/h1 to sim://w/h2\n')
    assert re.search(r'^  transfer p2p: live peer2peer ', done.out, re.M), done.out
    assert re.search(r'^   1\. transfer on sim://w/h1 \(disruptive\): ', done.out, re.M), done.out
    assert '<domain' not in done.out


@test
def plan_tells_units():
    done = ctl('plan', 'g0', *HOSTS, '--bandwidth', '9', '--target-downtime', '1500',
               '--allow', 'throttle', '--set', 'compression=xbzrle', '--set', 'xbzrle-cache=64')
    for line in ('bandwidth: 9 MiB/s', 'throttle-initial: 60%', 'xbzrle-cache: 64.0 MiB',
                 'compression: xbzrle', 'target-downtime: 1.5 s', 'peer-uri: sim://w/h2'):
        assert re.search(r'^           %s$' % re.escape(line), done.out, re.M), done.out
    # What does not count without something that is not asked for is not told.
    done = ctl('plan', 'g0', *HOSTS, '--json')
    assert not {'throttle_initial', 'postcopy_bandwidth', 'xbzrle_cache'} & set(done.json['transfer'])
    assert done.json['transfer']['target_downtime'] > 0


@test
def plan_tells_the_xml_when_asked():
    done = ctl('plan', 'g0', *HOSTS, '--xml', '--rename', EMULATOR)
    before, live, definition = re.split('^(?:persistent )?xml$', done.out, flags=re.M)
    assert done.code == 0 and before.startswith('“g0”: live, ')
    for text in (live, definition):
        assert '/opt/there/qemu' in text and ElementTree.fromstring(text.strip()).tag == 'domain'
    told = ctl('plan', 'g0', *HOSTS, '--rename', EMULATOR, '--json').json
    assert live.strip() == told['xml'].strip() and definition.strip() == told['persistent_xml'].strip()
    assert ctl('move', 'g0', *HOSTS, '--xml').code == 64


@test
def plan_tells_the_xml_with_a_hole_in_it():
    hole = ('--rename', 'emulator:/usr/bin/qemu-system-x86_64=?')
    done = ctl('plan', 'g0', *HOSTS, *hole, '--json')
    assert done.code == 2 and done.json['changes'] == []
    assert done.json['holes'] == [{'name': 'emulator:/usr/bin/qemu-system-x86_64',
                                   'filled_by': 'nobody'}]
    assert '/usr/bin/qemu-system-x86_64' in done.json['xml']
    done = ctl('plan', 'g0', *HOSTS, *hole, '--xml')
    assert ('\nxml\n<!-- hole: emulator:/usr/bin/qemu-system-x86_64: nobody -->\n<domain'
            in done.out), done.out
    ElementTree.fromstring(re.split('^(?:persistent )?xml$', done.out, flags=re.M)[1].strip())


@test
def plan_is_refused_where_a_move_is():
    there = ('--from', 'sim://w/h1', '--to', 'sim://w/h1')
    done = ctl('plan', 'g0', *there, '--json')
    assert done.code == 2 and done.json['blocked'] is True and done.json['steps']
    assert_error(ctl('plan', 'nobody', *HOSTS, '--json'), 'not-found', 2)
    done = ctl('plan', 'g0', *HOSTS, '--to', 'sim://w/h3')
    assert done.code == 64 and 'A plan has one --to' in done.err


@test
def names_come_from_files_and_from_the_command_line():
    path = os.path.join(place.name, 'names.map')
    with open(path, 'w', encoding='utf-8') as file:
        file.write('[emulator]\n/usr/bin/qemu-system-x86_64=/opt/of-the-file/qemu\n')
    for options, there in (
            (('--profile', path), '/opt/of-the-file/qemu'),
            (('--map', path), '/opt/of-the-file/qemu'),
            (('--map', path, '--rename', EMULATOR), '/opt/there/qemu'),
            (('--profile', path, '--rename', EMULATOR), '/opt/there/qemu')):
        done = ctl('plan', 'g0', *HOSTS, *options, '--json')
        assert [change['to'] for change in done.json['changes']] == [there], done.json['changes']
        assert there in done.json['xml'] and there in done.json['persistent_xml']
    done = ctl('plan', 'g0', *HOSTS, '--rename', EMULATOR)
    assert re.search(r'^  change   .*/usr/bin/qemu-system-x86_64 becomes /opt/there/qemu ', done.out,
                     re.M), done.out
    done = ctl('check', 'g0', *HOSTS, '--rename', 'network:blue=red', '--json')
    assert 'mapping-unused' in [finding['code'] for finding in done.json['findings']]
    done = ctl(*move('g4', '--rename', EMULATOR, '--json'))
    assert done.code == 0 and done.json['outcome'] == 'moved'
    for wrong in (('--map', '/nowhere'), ('--rename', 'network'), ('--rename', 'nonsense:a=b')):
        assert ctl('plan', 'g0', *HOSTS, *wrong).code == 64, wrong


# ---- move ----


@test
def facts_give_the_report_again_without_hosts():
    path = os.path.join(place.name, 'facts')
    done = ctl('check', 'g0', *HOSTS, '--set', 'allow=postcopy', '--save-facts', path, '--json')
    assert done.code == 0 and stat.S_IMODE(os.stat(path).st_mode) == 0o600
    again = ctl('check', '--facts', path, '--json')
    assert again.out == done.out and again.code == 0
    assert ctl('check', '--facts', path).out == ctl('check', 'g0', *HOSTS, '--set', 'allow=postcopy').out
    # What the options say counts over what is written there.
    tunnelled = ctl('check', '--facts', path, '--transport', 'tunnelled', '--json')
    assert [finding['code'] for finding in tunnelled.json['findings']
            if finding['severity'] == 'blocker'] == ['postcopy-excluded'], tunnelled.json


def codes(done):
    return [finding['code'] for finding in done.json['findings']]


@test
def facts_are_asked_about_other_names():
    path = os.path.join(place.name, 'facts-mapped')
    names = os.path.join(place.name, 'of-the-destination.map')
    with open(names, 'w', encoding='utf-8') as file:
        file.write('[listen]\n10.0.0.1=10.0.0.2\n')
    assert ctl('check', 'g0', *HOSTS, '--rename', 'network:blue=red', '--save-facts', path).code == 0
    again = ctl('check', '--facts', path, '--json')
    assert 'mapping-unused' in codes(again)
    # --map takes the place of the file's mapping, --rename is beside it.
    done = ctl('check', '--facts', path, '--map', names, '--json')
    assert [f['subject'] for f in done.json['findings'] if f['code'] == 'mapping-unused'] \
        == ['listen:10.0.0.1'], done.json
    done = ctl('check', '--facts', path, '--rename', 'listen:10.0.0.1=10.0.0.2', '--json')
    assert codes(done).count('mapping-unused') == 2, done.json
    done = ctl('check', '--facts', path, '--profile', names, '--json')
    assert done.code == 0 and codes(done) == codes(again)
    # What the destination was not asked about is not known, and not passed over either.
    done = ctl('check', '--facts', path, '--rename', EMULATOR, '--json')
    assert_error(done, 'invalid', 2)
    assert 'was not asked about' in done.json['error']['message']
    for wrong in (('--map', '/nowhere'), ('--profile', '/nowhere'), ('--rename', 'nonsense:a=b'),
                  JOURNAL, ('--forecast',)):
        assert ctl('check', '--facts', path, *wrong).code == 64, wrong


@test
def facts_give_a_forecast_for_another_policy():
    path = os.path.join(place.name, 'facts-forecast')
    done = ctl('check', 'g0', *HOSTS, '--forecast', '--journal', 'none', '--set', 'link-speed=400',
               '--save-facts', path, '--json')
    assert done.code == 0
    for more in ((), ('--forecast',)):
        assert ctl('check', '--facts', path, *more, '--json').out == done.out
    slow = ctl('check', '--facts', path, '--set', 'link-speed=2', '--json').json['forecast']
    assert slow['total_least_ms'] > done.json['forecast']['total_least_ms']
    assert slow['bandwidth'] < done.json['forecast']['bandwidth']


@test
def facts_ask_no_host():
    path = os.path.join(place.name, 'facts-elsewhere')
    done = ctl('check', 'g0', *HOSTS, '--save-facts', path, '--json')
    with open(path, encoding='utf-8') as file:
        text = file.read()
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text.replace('sim://w/', 'sim://nowhere/'))
    again = ctl('check', '--facts', path, '--json')
    assert again.code == done.code == 0 and again.json['source'] == 'sim://nowhere/h1'
    assert again.json['findings'] == done.json['findings']


@test
def facts_that_cannot_be_used_are_told():
    missing = os.path.join(place.name, 'missing')
    assert_error(ctl('check', '--facts', '/dev/zero', '--json'), 'invalid', 2)
    assert_error(ctl('check', '--facts', missing, '--json'), 'failed', 2)
    assert_error(ctl('check', 'g0', *HOSTS, '--save-facts', place.name, '--json'), 'failed', 2)
    for wrong in (['g0', '--facts', 'f'], ['--facts', 'f', *HOSTS],
                  ['--facts', 'f', '--save-facts', 'f'],
                  ['--facts', 'f', '--peer-uri', 'test:///a'],
                  ['g0', *HOSTS, '--to', 'sim://w/h3', '--save-facts', 'f']):
        assert ctl('check', *wrong).code == 64, wrong
    assert ctl('move', 'g0', *HOSTS, '--facts', 'f').code == 64


@test
def move_tells_what_came_of_it():
    done = ctl(*move('g0', *SLOW, '--json'))
    assert done.code == 0
    for key, kind in MOVE_KEYS.items():
        assert isinstance(done.json[key], kind), key
    assert set(done.json) == set(MOVE_KEYS)
    assert done.json['outcome'] == 'moved' and done.json['state'] == 'finalized'
    assert done.json['bytes'] > 0 and done.json['phases']['copying_memory'] > 0
    assert re.search(r'^job %s: copying-memory$' % done.json['job'], done.err, re.M)
    assert '\033' not in done.out + done.err and '\r' not in done.err


@test
def move_tells_people_too():
    done = ctl(*move('g0', '--quiet'))
    assert done.code == 0 and done.err == ''
    for line in ('job ', 'guest +“g0”', 'source +sim://w/h1', 'destination +sim://w/h2',
                 'outcome +moved', r'total time +\S+ m?s', r'downtime +\S+ m?s \(hypervisor\)',
                 r'transferred +\S+ MiB, \d+ pass', 'phases +gathering'):
        assert re.search('^' + line, done.out, re.M), line


@test
def a_terminal_has_one_live_line_that_fits():
    done = Running(*move('g0', *SLOW), terminal=True).end()
    assert done.code == 0 and '\033' not in done.out
    shown = re.split(r'\r|\n', done.err.replace('\033[K', ''))
    assert all(len(line) < 80 for line in shown), shown
    copying = [line for line in shown if 'copying-memory' in line and '%' in line]
    assert re.search(r'\d+ %  \S+ MiB/s  \S+ m?s or more to go  pass 1', copying[0]), copying
    assert done.err.endswith('\r\033[K')  # it is gone at the end
    narrow = Running(*move('g0', *SLOW), terminal=True, columns=30).end()
    assert all(len(line) < 30 for line in re.split(r'\r|\n', narrow.err.replace('\033[K', '')))


@test
def move_that_is_blocked_changes_nothing():
    there = ('move', 'g0', '--from', 'sim://w/h1', '--to', 'sim://w/h1', *JOURNAL)
    error = assert_error(ctl(*there, '--json'), 'blocked', 2)
    assert error['remedy']
    done = ctl(*there)
    assert done.code == 2 and '[same-host]' in done.out and 'remedy: ' in done.err
    error = assert_error(ctl(*move('nobody', '--json')), 'not-found', 2)
    assert error['side'] == 'source' and error['phase'] == 'gathering'


@test
def a_deadline_is_not_moved():
    done = ctl(*move('g0', '--bandwidth', '2', '--deadline', '5', '--json'))
    assert_error(done, 'timed-out', 3)
    assert done.json['outcome'] == 'stayed' and done.json['downtime_ms'] is None


@test
def a_guest_that_moves_is_busy():
    first = Running(*move('g2', *SLOW))
    job = first.job()
    first.wait_for('copying-memory')
    error = assert_error(ctl(*move('g2', '--json')), 'busy', 2)
    assert error['other_job'] == job
    assert first.end().code == 0


@test
def a_reader_that_goes_away_does_not_end_a_move():
    running = Running(*move('g0', *SLOW))
    job = running.job()
    running.close_stdout()
    assert running.end().code == 0
    assert record(job)['state'] == 'finalized'


@test
def names_do_not_steer_the_terminal():
    done = ctl('check', 'a\033[31m\nb\u202e', *HOSTS)
    assert done.code == 2 and '\033' not in done.err and '\u202e' not in done.err
    assert 'a\\u001b[31m\\nb\\u202e' in done.err


# ---- signals ----


@test
def interrupted_it_cancels_and_waits():
    running = Running(*move('g0', *SLOW, '--json'))
    running.wait_for('copying-memory')
    running.signal(signal.SIGINT)
    done = running.end()
    error = assert_error(done, 'cancelled', 3)
    assert error['phase'] == 'cancelling'
    assert done.json['outcome'] == 'stayed' and done.json['state'] == 'cancelled'
    assert 'cancelling…' in done.err


@test
def interrupted_twice_it_leaves_at_once():
    running = Running(*move('g0', *SLOW, '--json'))
    job = running.job()
    running.wait_for('copying-memory')
    running.signal(signal.SIGINT)
    running.wait_for('cancelling…')
    running.signal(signal.SIGINT)
    done = running.end()
    if done.code == 3:
        return 'the cancel was done before'
    error = assert_error(done, 'left', 6)
    assert error['remedy'] == 'Follow it: migratectl follow ' + job
    assert record(job)['held'] is False
    # In this one's world the guest never left.
    done = ctl('follow', job, *JOURNAL, '--json')
    assert done.code == 3 and done.json['outcome'] == 'stayed'
    # Its clock is behind that of the one that was left: time does not run backwards for that.
    assert done.json['total_ms'] < 10 ** 6, done.json['total_ms']


@test
def terminated_it_leaves_the_move_to_libvirt():
    for number in (signal.SIGTERM, signal.SIGHUP):
        running = Running(*move('g0', *SLOW, '--json'))
        job = running.job()
        running.wait_for('copying-memory')
        running.signal(number)
        done = running.end()
        error = assert_error(done, 'left', 6)
        assert error['remedy'].endswith('migratectl follow ' + job)
        assert done.json['outcome'] == 'detached' and done.json['state'] == 'prepared'
        assert ctl('follow', job, *JOURNAL).code == 3


@test
def a_direct_one_cannot_be_left():
    running = Running(*move('g0', *SLOW, '--transport', 'direct', '--json'))
    running.wait_for('copying-memory')
    running.signal(signal.SIGTERM)
    assert_error(running.end(), 'cancelled', 3)


# ---- list, show, follow, cancel ----


@test
def list_and_show_tell_what_the_journal_knows():
    running = Running(*move('g1', *SLOW))
    job = running.job()
    running.wait_for('copying-memory')
    copying = r'^%s +g1 +prepared +copying-memory \d+ %% +yes ' % job
    deadline = time.monotonic() + 60
    while not re.search(copying, ctl('list', *JOURNAL).out, re.M):  # it is written now and then
        assert time.monotonic() < deadline
    done = ctl('list', *JOURNAL, '--json')
    assert done.code == 0 and done.json['error'] is None
    mine = [each for each in done.json['jobs'] if each['id'] == job]
    assert mine[0]['held'] is True and mine[0]['in_flight'] is True
    assert running.end().code == 0
    shown = record(job)
    assert shown['state'] == 'finalized' and shown['result']['outcome'] == 'moved'
    assert {'at_us', 'generation', 'kind', 'name', 'seq', 'status'} <= set(shown['entries'][0])
    done = ctl('show', job, *JOURNAL)
    assert done.code == 0 and re.search(r'^entries:\n  \S+ \S+  edge ', done.out, re.M)
    assert_error(ctl('show', 'nobody', *JOURNAL, '--json'), 'not-found', 2)


# ---- the curve ----


TO_POSTCOPY = ('--allow', 'postcopy', '--set', 'postcopy-start=first-pass')
UTF8 = {**os.environ, 'LC_ALL': 'C.UTF-8', 'COLUMNS': ''}
ASCII = {**os.environ, 'LC_ALL': 'C', 'COLUMNS': ''}
SAMPLE_KEYS = {'phase', 'at_ms', 'pass', 'memory_total', 'memory_processed', 'memory_remaining',
               'rate', 'dirty_rate', 'throttle'}
SVG = '{http://www.w3.org/2000/svg}'
moved = ctl(*move('g0', *SLOW, *TO_POSTCOPY, '--json')).json  # all of these look at this one


@test
def show_draws_the_curve_of_a_job():
    done = ctl('show', moved['job'], *JOURNAL, env=UTF8)
    assert done.code == 0 and done.err == '' and '\033' not in done.out
    curve = curve_in(done.out)
    assert max(len(line) for line in curve[:15]) == 80
    for line in (r' +\d+ MiB ┤[▁-█]', ' +0 MiB ┤█+', 'rate █  dirty rate ×', r' +\d+ MiB/s ┤',
                 ' +└[─┬]+$', ' +time .*20 s', ' +pass  1 +2$', ' *decision +1$'):
        assert any(re.match(line, each) for each in curve), line
    assert re.fullmatch(r'  1  after [\d.]+ s: start-postcopy: all memory was sent .*', curve[-1])


@test
def the_curve_is_as_wide_as_the_terminal():
    show = ('show', moved['job'], *JOURNAL)
    for columns in (40, 120):
        done = ctl_on_terminal(columns, *show, env=UTF8)
        assert done.code == 0 and '\033' not in done.out
        assert max(len(line) for line in curve_in(done.out)[:15]) == columns
        done = ctl(*show, env={**UTF8, 'COLUMNS': str(columns)})
        assert max(len(line) for line in curve_in(done.out)[:15]) == columns


@test
def without_utf8_the_curve_is_ascii():
    done = ctl('show', moved['job'], *JOURNAL, env=ASCII)
    curve = curve_in(done.out)[:15]
    assert done.code == 0 and len(curve) == 15 and all(line.isascii() for line in curve)
    assert any(re.match(' +0 MiB [|]#+', line) for line in curve)


@test
def a_running_job_has_its_curve():
    running = Running(*move('g1', *SLOW))
    job = running.job()
    running.wait_for('copying-memory')
    deadline = time.monotonic() + 60
    while not curve_in(ctl('show', job, *JOURNAL).out):  # samples are written now and then
        assert time.monotonic() < deadline
    assert record(job)['samples'] and running.end().code == 0


@test
def show_gives_the_numbers_too():
    shown = record(moved['job'])
    assert len(shown['samples']) > 10
    assert all(SAMPLE_KEYS <= set(sample) for sample in shown['samples'])
    assert {sample['pass'] for sample in shown['samples']} == {1, 2}
    assert [(each['at_ms'], each['what'], each['why']) for each in shown['decisions']] \
        == [(each['at_ms'], each['what'], each['why']) for each in moved['decisions']]


@test
def a_picture_is_written_for_its_owner_alone():
    folder = tempfile.mkdtemp(dir=place.name)
    path = os.path.join(folder, 'move.svg')
    with open(path, 'w', encoding='utf-8') as file:
        file.write('an old one, for everybody')
    os.chmod(path, 0o644)
    done = ctl('show', moved['job'], *JOURNAL, '--svg', path)
    assert done.code == 0 and curve_in(done.out)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600 and os.listdir(folder) == ['move.svg']
    picture = ElementTree.parse(path).getroot()
    assert picture.find(SVG + 'title').text == 'Move of “g0”'
    words = ' '.join(''.join(each.itertext()) for each in picture.iter(SVG + 'text'))
    for word in ('sim://w/h1 → sim://w/h2', 'job ' + moved['job'], 'memory remaining', 'dirty rate',
                 'MiB/s', '10 s', 'pass 1', 'state finalized, moved, total time', 'downtime'):
        assert word in words, word
    tips = [each.find(SVG + 'title').text for each in picture.iter(SVG + 'g')]
    assert len(tips) == 1 and ': start-postcopy: all memory was sent' in tips[0]
    with open(path, encoding='utf-8') as file:
        assert ctl('show', moved['job'], *JOURNAL, '--svg', '-').out == file.read()


@test
def a_picture_that_cannot_be_written_is_told():
    show = ('show', moved['job'], *JOURNAL, '--svg')
    for path, reason in (('/nowhere/move.svg', 'No such file'), (place.name, 'no regular file'),
                         ('/dev/null', 'no regular file')):
        error = assert_error(ctl(*show, path, '--json'), 'failed', 2)
        assert '“%s”' % path in error['message'] and reason in error['message'], error
        done = ctl(*show, path)
        assert done.code == 2 and done.out == ''
    assert stat.S_ISCHR(os.stat('/dev/null').st_mode)
    done = ctl_into('/dev/full', *show, '-')
    assert done.code == 2 and 'No space left' in done.err
    assert_error(ctl(*show, '-', '--json'), 'usage', 64)


@test
def without_samples_a_sentence_says_so():
    job = ctl(*move('g3', '--json')).json['job']  # over before the second look
    assert len(record(job)['samples']) < 2
    done = ctl('show', job, *JOURNAL)
    assert done.code == 0 and not curve_in(done.out)
    assert re.search('^The journal has (no samples|one sample) of the transfer, which makes no curve$',
                     done.out, re.M)
    path = os.path.join(place.name, 'none.svg')
    error = assert_error(ctl('show', job, *JOURNAL, '--svg', path, '--json'), 'invalid', 2)
    assert 'makes no curve' in error['message'] and not os.path.exists(path)


@test
def list_of_nothing_says_so():
    empty = ('--journal', os.path.join(place.name, 'empty.sqlite'))
    done = ctl('list', *empty)
    assert done.code == 0 and done.out == '' and done.err == 'no jobs\n'
    assert ctl('list', *empty, '--json').json == {'jobs': [], 'error': None}
    assert ctl('list', *empty, '--quiet').err == ''


@test
def follow_looks_on():
    running = Running(*move('g3', *SLOW))
    job = running.job()
    running.wait_for('copying-memory')
    onlooker = Running('follow', job, *JOURNAL, '--json')
    impatient = Running('follow', job, *JOURNAL)
    for each in (onlooker, impatient):
        each.wait_for('another process runs it')
        each.wait_for('job %s: copying-memory' % job)
    impatient.signal(signal.SIGINT)
    done = impatient.end()
    assert done.code == 6 and 'the job goes on' in done.err
    done = onlooker.end()
    assert done.code == 0 and done.json['outcome'] == 'moved' and done.json['job'] == job
    assert running.end().code == 0
    done = ctl('follow', job, *JOURNAL, '--json')  # told again
    assert done.code == 0 and done.json['outcome'] == 'moved'


@test
def cancel_ends_the_job_of_another_process():
    running = Running(*move('g4', *SLOW, '--json'))
    job = running.job()
    running.wait_for('copying-memory')
    done = ctl('cancel', job, *JOURNAL, '--json')
    assert done.code == 0 and done.json['outcome'] == 'stayed' and done.json['error'] is None
    assert_error(running.end(), 'cancelled', 3)
    assert record(job)['state'] == 'cancelled'
    assert ctl('cancel', job, *JOURNAL).code == 2  # it is closed


@test
def a_job_of_another_process_is_retuned():
    running = Running(*move('g0', *SLOW, *PATIENT))
    job = running.job()
    running.wait_for('copying-memory')
    done = ctl('retune', job, 'bandwidth=1', 'max-downtime=700', *JOURNAL, '--json')
    assert done.code == 0 and done.json['verb'] == 'retune' and done.json['error'] is None
    done = ctl('give-up', job, *JOURNAL)
    assert done.code == 0 and 'the guest stayed' in done.out
    assert record(job)['policy']['bandwidth'] == '1'
    assert running.end().code == 3
    assert record(job)['state'] == 'undone'
    for verb, code in (('retune', 'wrong-state'), ('finish-now', 'wrong-state'),
                       ('pause', 'wrong-state'), ('give-up', 'wrong-state')):
        more = ('bandwidth=1',) if verb == 'retune' else ()
        assert_error(ctl(verb, job, *more, *JOURNAL, '--json'), code, 2)
        assert_error(ctl(verb, 'nobody', *more, *JOURNAL, '--json'), 'not-found', 2)


@test
def a_retune_is_refused_as_a_whole():
    running = Running(*move('g0', *SLOW, *PATIENT))
    job = running.job()
    running.wait_for('copying-memory')
    done = ctl('retune', job, 'bandwidth=8', 'tls=true', *JOURNAL, '--json')
    assert '“tls”' in assert_error(done, 'unsupported', 2)['message']
    assert_error(ctl('retune', job, 'allow=postcopy', *JOURNAL, '--json'), 'unsupported', 2)
    assert_error(ctl('retune', job, 'nonsense=1', *JOURNAL, '--json'), 'invalid', 2)
    assert record(job)['policy']['bandwidth'] == '2'
    ctl('cancel', job, *JOURNAL)
    running.end()
    assert ctl('retune', job, *JOURNAL).code == 64 and ctl('retune', job, 'x', *JOURNAL).code == 64


@test
def a_job_of_another_process_is_finished_now_or_paused():
    for verb in ('finish-now', 'pause'):
        running = Running(*move('g2' if verb == 'pause' else 'g3', *SLOW, *PATIENT))
        job = running.job()
        running.wait_for('copying-memory')
        assert ctl(verb, job, *JOURNAL).code == 0
        assert running.end().code == 0
        shown = record(job)
        assert shown['state'] == 'finalized'
        assert verb in [each['name'] for each in shown['entries'] if each['kind'] == 'step']


@test
def a_holder_that_is_stopped_does_nothing_later():
    running = Running(*move('g4', *SLOW, '--set', 'call-timeout=1000'))
    job = running.job()
    running.wait_for('copying-memory')
    running.signal(signal.SIGSTOP)
    done = ctl('retune', job, 'bandwidth=9', *JOURNAL, '--json')
    running.signal(signal.SIGCONT)
    assert 'will not be' in assert_error(done, 'timed-out', 2)['message']
    running.end()
    assert record(job)['policy']['bandwidth'] != '9'


@test
def cancel_may_be_too_late():
    job = ctl(*move('g2', '--json')).json['job']
    assert_error(ctl('cancel', job, *JOURNAL, '--json'), 'too-late', 2)
    assert_error(ctl('cancel', 'nobody', *JOURNAL, '--json'), 'not-found', 2)


# ---- disks ----

IMAGE = 'world=w;hosts=2;cpu=qemu64;guests=2;image=64M;data=8M;pace=20'


def world(*more):
    """Each host has a folder of its own; the guests' images are at the first."""
    return {**os.environ, 'MIGRATE_SIM': ';'.join((IMAGE, *more))}


def lasting(*more):
    """One that the next process finds as this one has left it."""
    file = tempfile.NamedTemporaryFile(dir=place.name, prefix='world-')
    file.close()
    return world('file=' + file.name, *more)


def steps_of(job):
    return [entry['name'] for entry in record(job)['entries'] if entry['kind'] == 'step']


def finding(done, code):
    found = [each for each in done.json['findings'] if each['code'] == code]
    assert len(found) == 1, done.json['findings']
    return found[0]


@test
def disks_of_a_guest_that_runs_travel():
    done = ctl(*move('g0', '--json'), env=world('bandwidth=4M'))
    assert done.code == 0 and done.json['kind'] == 'block', done.json
    assert done.json['disk_bytes'] >= 8 << 20 and done.json['phases']['copying_disks'] > 0
    assert 'remove-image' in steps_of(done.json['job'])
    done = ctl(*move('g0', '--kind', 'block', '--disks', 'vda', '--disk-copy', 'whole',
                     '--keep-source', '--disks-uri', 'tcp://h2:10809', '--json'), env=world())
    assert done.code == 0 and done.json['kind'] == 'block'
    assert 'remove-image' not in steps_of(done.json['job'])
    told = record(done.json['job'])
    assert told['policy']['disks'] == 'vda' and told['policy']['disk_copy'] == 'whole'
    assert told['policy']['keep_source'] == 'true'
    assert told['plan']['transfer']['disks_uri'] == 'tcp://h2:10809'


@test
def images_of_a_guest_that_is_off_travel_by_either_road():
    for road, there, missing in (('auto', 'carry', 'copy-file'), ('mirror', 'carry', 'copy-file'),
                                 ('stream', 'copy-file', 'carry')):
        done = ctl(*move('g0', '--road', road, '--json'), env=world('off=1'))
        assert done.code == 0 and done.json['kind'] == 'cold', done.json
        steps = steps_of(done.json['job'])
        assert there in steps and missing not in steps, (road, steps)


@test
def a_guest_that_runs_is_shut_down_or_suspended_only_when_asked():
    done = ctl(*move('g0', '--kind', 'cold', '--json'), env=world())
    assert done.code == 2 and done.json['state'] == 'checked'
    assert '“shut-down = true”' in finding(done, 'guest-running')['remedy']
    done = ctl(*move('g0', '--kind', 'cold', '--shut-down', '--json'), env=world())
    assert done.code == 0 and done.json['phases']['shutting_down'] > 0
    assert 'start-destination' in steps_of(done.json['job'])
    done = ctl(*move('g0', '--kind', 'suspend', '--json'), env=world())
    assert done.code == 0 and done.json['kind'] == 'suspend'
    assert 'restore-destination' in steps_of(done.json['job'])


def folder_of_images(content, checksum=None):
    folder = tempfile.mkdtemp(dir=place.name)
    with open(os.path.join(folder, 'base'), 'wb') as image:
        image.write(content)
    if checksum:
        with open(os.path.join(folder, 'SUMS'), 'w', encoding='utf-8') as sums:
            sums.write('%s  base\n' % checksum)
    return folder


@test
def backing_files_come_from_a_folder():
    content = b'b' * 200000
    folder = folder_of_images(content, hashlib.sha256(content).hexdigest())
    sums = ('--checksums', os.path.join(folder, 'SUMS'))
    for kind in ('block', 'cold'):
        env = world('base=200000', 'off=1') if kind == 'cold' else world('base=200000')
        done = ctl(*move('g0', '--images', folder, *sums, '--json'), env=env)
        assert done.code == 0 and done.json['kind'] == kind, done.json
        assert 'fetch-image' in steps_of(done.json['job'])
        assert not [each for each in done.json['decisions'] if each['what'] == 'fetch-from-source']
    # One that the folder does not have is copied from the source, and that is told.
    done = ctl(*move('g0', '--images', tempfile.mkdtemp(dir=place.name), '--json'),
               env=world('base=200000'))
    assert done.code == 0
    assert [each for each in done.json['decisions'] if each['what'] == 'fetch-from-source']


@test
def an_image_that_is_another_is_not_taken():
    folder = folder_of_images(b'c' * 200000)
    done = ctl(*move('g0', '--images', folder, '--json'), env=world('base=200000'))
    error = assert_error(done, 'invalid', 3)
    assert '“/images/base”' in error['message'] and error['remedy']
    assert done.json['outcome'] == 'stayed'
    folder = folder_of_images(b'b' * 200000, 64 * '0')
    done = ctl(*move('g0', '--images', folder, '--checksums', os.path.join(folder, 'SUMS'), '--json'),
               env=world('base=200000'))
    error = assert_error(done, 'invalid', 3)
    assert 'SHA-256' in error['message'], error
    folder = folder_of_images(b'')
    os.unlink(os.path.join(folder, 'base'))
    os.symlink('/etc/hostname', os.path.join(folder, 'base'))
    done = ctl(*move('g0', '--images', folder, '--json'), env=world('base=200000'))
    assert 'is no file of that folder' in assert_error(done, 'denied', 3)['message']


@test
def disks_that_cannot_travel_are_named():
    done = ctl(*move('g0', '--kind', 'block', '--disks', 'vda,vdz', '--json'), env=world())
    assert done.code == 2
    found = finding(done, 'disk-not-copyable')
    assert '“vdz”' in found['message'] and '“disks”' in found['remedy'], found
    done = ctl(*move('g0', '--kind', 'block', '--json'), env={
        **os.environ, 'MIGRATE_SIM': 'world=w;hosts=2;guests=1;disk=/a/b.img'})
    found = finding(done, 'disk-sharing-unproven')
    assert done.code == 2 and '“/a/b.img”' in found['message'] and '“/a”' in found['remedy'], found
    done = ctl(*move('g0', '--kind', 'block', '--json'))  # it has no disk
    assert done.code == 2 and '“g0”' in finding(done, 'nothing-to-copy')['message']


@test
def a_terminal_tells_of_each_disk():
    for more, phase in (((), 'block'), (('off=1',), 'cold')):
        running = Running(*move('g0', '--kind', phase), terminal=True, columns=300,
                          env=world('bandwidth=1M', 'data=60M', *more))
        job = running.wait_for(r'(\w+)  copying-disks ').group(1)
        running.wait_for(r'  vda \d+ % +[0-9.]+ [KM]iB/s')
        done = running.end()
        assert done.code == 0, done.err
        assert record(job)['progress']['disk_total'] > 0


@test
def show_tells_of_each_disk():
    running = Running(*move('g0'), env=world('bandwidth=1M', 'data=60M'))
    job = running.job()
    running.wait_for('copying-disks')
    deadline = time.monotonic() + 60
    done = ctl('show', job, *JOURNAL)
    while not re.search(r'^ +vda: [0-9.]+ [KM]iB of 6\d\.\d MiB, [0-9.]+ [KM]iB/s$', done.out, re.M):
        assert time.monotonic() < deadline
        done = ctl('show', job, *JOURNAL)
    told = record(job)['progress'].get('disks')
    if told:  # it may have come to memory meanwhile
        assert set(told['vda']) >= {'done', 'total', 'rate', 'ready'}, told
    assert running.end().code == 0


# ---- another shape ----


@test
def another_shape_is_planned():
    env = world('off=1')
    shape = ('--resize', 'vcpus=4,memory=1GiB', '--resize', 'disk:vda=128MiB')
    done = ctl('plan', 'g0', *HOSTS, *shape, '--json', env=env)
    assert done.code == 0 and done.json['kind'] == 'cold', done.json['findings']
    assert 'resize-volume' in [step['what'] for step in done.json['steps']]
    effects = '\n'.join(done.json['effects'])
    assert 'has 4 vCPUs' in effects and 'has 1.0 GiB of memory' in effects, effects
    assert 'Disk “vda” has 128.0 MiB' in effects, effects
    done = ctl('move', 'g0', *HOSTS, *JOURNAL, *shape, '--json', env=env)
    assert done.code == 0 and done.json['kind'] == 'cold'


@test
def a_shape_that_cannot_be_had_is_named():
    done = ctl('plan', 'g0', *HOSTS, '--resize', 'disk:vda=1MiB', '--json', env=world('off=1'))
    found = finding(done, 'resize-shrinks')
    assert done.code == 2 and '“vda” has 64.0 MiB' in found['message'] and found['remedy'], found
    done = ctl('plan', 'g0', *HOSTS, '--resize', 'disk:vdz=1GiB', '--json', env=world('off=1'))
    found = finding(done, 'resize-disk-unknown')
    assert done.code == 2 and '“vdz”' in found['message'] and found['remedy'], found
    done = ctl('plan', 'g0', *HOSTS, '--resize', 'vcpus=2', '--json', env=world())
    found = finding(done, 'resize-needs-cold')
    assert done.code == 2 and '“cold”' in found['remedy'], found


# ---- finalize, revert ----

MANUAL = ('--set', 'confirm=manual')


@test
def a_move_may_wait_to_be_confirmed():
    env = lasting('off=1')
    done = ctl(*move('g0', *MANUAL), env=env)
    assert done.code == 0 and re.search('^outcome +moved, and not finalized yet$', done.out, re.M)
    job = re.search(r'^job +(\w+)$', done.out, re.M).group(1)
    assert 'migratectl finalize %s' % job in done.err and 'migratectl revert %s' % job in done.err
    assert record(job)['state'] == 'migrated'
    done = ctl('finalize', job, *JOURNAL, '--json', env=env)
    assert done.code == 0 and done.json['state'] == 'finalized' and done.json['outcome'] == 'moved'
    assert_error(ctl('revert', job, *JOURNAL, '--json', env=env), 'too-late', 2)
    assert_error(ctl('finalize', job, *JOURNAL, '--json', env=env), 'wrong-state', 2)
    gone = ctl(*move('g0', '--json'), env=env)  # it is not at the source any more
    assert_error(gone, 'not-found', 2)


@test
def a_move_that_was_not_confirmed_is_taken_back():
    env = lasting('off=1')
    job = ctl(*move('g0', *MANUAL, '--json'), env=env).json['job']
    done = ctl('revert', job, *JOURNAL, '--json', env=env)
    assert done.code == 0 and done.json['state'] == 'reverted'
    assert done.json['outcome'] == 'stayed' and done.json['error'] is None
    assert ctl('follow', job, *JOURNAL, env=env).code == 3
    assert_error(ctl('revert', job, *JOURNAL, '--json', env=env), 'wrong-state', 2)
    assert_error(ctl('finalize', job, *JOURNAL, '--json', env=env), 'wrong-state', 2)
    again = ctl(*move('g0', '--json'), env=env)
    assert again.code == 0 and again.json['outcome'] == 'moved'


@test
def what_a_guest_did_there_is_lost_only_when_asked():
    for kind in (('cold', '--shut-down'), ('suspend',)):
        env = lasting()
        job = ctl(*move('g0', '--kind', *kind, *MANUAL, '--json'), env=env).json['job']
        refused = ctl('revert', job, *JOURNAL, '--json', env=env)
        error = assert_error(refused, 'blocked', 2)
        assert '“g0”' in error['message'] and '--apply destructive' in refused.err, refused.err
        assert record(job)['state'] == 'migrated'
        assert_error(ctl('revert', job, '--apply', 'disruptive', *JOURNAL, '--json', env=env),
                     'blocked', 2)
        done = ctl('revert', job, '--apply', 'destructive', *JOURNAL, env=env)
        assert done.code == 0 and 'taken back: the guest is at the source as before' in done.out


def half_reverted():
    env = lasting('off=1')
    job = ctl(*move('g0', *MANUAL, '--json'), env=env).json['job']
    failing = {**env, 'MIGRATE_SIM': env['MIGRATE_SIM'] + ';fail=undefine:h2#1'}
    error = assert_error(ctl('revert', job, *JOURNAL, '--json', env=failing), 'needs-recover', 4)
    assert error['remedy'] == 'Revert the job again', error
    assert record(job)['state'] == 'failed'
    return env, job


@test
def a_revert_that_was_cut_short_goes_on():
    env, job = half_reverted()
    assert_error(ctl('finalize', job, *JOURNAL, '--json', env=env), 'wrong-state', 2)
    error = assert_error(ctl('follow', job, *JOURNAL, '--json', env=env), 'needs-recover', 4)
    assert 'being taken back' in error['message']
    done = ctl('revert', job, *JOURNAL, '--json', env=env)
    assert done.code == 0 and done.json['state'] == 'reverted'


@test
def recover_goes_on_with_a_revert():
    env, job = half_reverted()
    host = ('--host', 'sim://w/h1')  # which is not libvirt's; the other one is the job's
    seen = ctl('recover', job, *host, *JOURNAL, '--json', env=env)
    assert seen.code == 5 and seen.json['verdict'] == 'reverting', seen.json
    assert [(step['what'], step['risk']) for step in seen.json['steps']] == [('revert', 'safe')]
    assert record(job)['state'] == 'failed'  # it was only looked at
    told = ctl('recover', job, *host, *JOURNAL, env=env)
    assert told.code == 5 and 'reverting' in told.out
    done = ctl('recover', job, *host, '--apply', 'safe', *JOURNAL, '--json', env=env)
    assert done.code == 0, done.json
    assert record(job)['state'] == 'reverted' and record(job)['outcome'] == 'stayed'
    again = ctl('recover', job, *host, *JOURNAL, '--json', env=env)
    assert again.code == 0 and again.json['steps'] == []


@test
def what_cannot_be_reverted_is_refused():
    done = ctl(*move('g3', *MANUAL, '--json'))
    assert done.code == 0 and done.json['state'] == 'migrated'
    job = done.json['job']
    assert 'revert' not in done.err  # it ran through its move
    refused = ctl('revert', job, *JOURNAL, '--json')
    assert_error(refused, 'wrong-state', 2)
    assert record(job)['state'] == 'migrated'
    done = ctl(*move('g4', '--json'))
    assert done.code == 0
    assert_error(ctl('revert', done.json['job'], *JOURNAL, '--json'), 'too-late', 2)
    assert_error(ctl('finalize', done.json['job'], *JOURNAL, '--json'), 'wrong-state', 2)
    assert_error(ctl('revert', 'no-such', *JOURNAL, '--json'), 'not-found', 2)


# ---- the command line and the journal ----


@test
def a_wrong_command_line_is_refused():
    for wrong, says in (
            ((), 'A verb is missing'),
            (('fly',), 'There is no verb “fly”'),
            (('--nonsense',), 'nonsense'),
            (('move', 'g0', '--nonsense'), 'nonsense'),
            (('move',), '“move” needs a GUEST'),
            (('move', 'g0'), '“move” needs --from URI'),
            (('move', 'g0', '--from', 'sim://w/h1'), '“move” needs --to URI'),
            (('move', 'g0', 'g1', *HOSTS), '“move” does not take “g1”'),
            (('move', 'g0', *HOSTS, '--to', 'sim://w/h3'), 'one --to'),
            (move('g0', '--kind', 'warm'), 'There is no kind “warm”'),
            (move('g0', '--set', 'x'), '--set takes KEY=VALUE'),
            (move('g0', '--set', 'x=1'), '“x”'),
            (move('g0', '--deadline', '-1'), 'deadline'),
            (move('g0', '--transport', 'post'), 'transport'),
            (move('g0', '--resize', 'vcpus=0'), 'a number from 1 on'),
            (move('g0', '--resize', 'cpus=4'), 'vcpus, memory and disk:TARGET'),
            (move('g0', '--resize', 'disk:vda=20GB'), 'KiB, MiB, GiB or TiB'),
            (move('g0', '--resize', 'memory'), 'not vcpus=N'),
            (move('g0', '--resize', ''), 'not vcpus=N'),
            (move('g0', '--disks', ''), 'one in “” has no name'),
            (move('g0', '--disks', 'vda,,vdb'), 'one in “vda,,vdb” has no name'),
            (move('g0', '--disk-copy', 'half'), 'disk-copy'),
            (move('g0', '--road', 'walk'), 'road'),
            (move('g0', '--images', '/nonexistent'), '“/nonexistent”: there is no such folder'),
            (move('g0', '--images', '/etc/hostname'), '“/etc/hostname” is no folder'),
            (move('g0', '--images', '/etc', '--checksums', '/nonexistent'), 'no such file'),
            (move('g0', '--checksums', '/etc/hostname'), '--images FOLDER'),
            (('revert', 'j', '--apply', 'all', *JOURNAL), 'not “all”'),
            (move('g0', '--policy', '/nonexistent'), '/nonexistent'),
            (('list', 'g0'), '“list” does not take “g0”'),
            (('list', '--journal', 'none'), '“none” is none'),
            (('show',), '“show” needs a JOB'),
            (('help', 'fly'), 'There is no verb “fly”')):
        done = ctl(*wrong)
        assert done.code == 64 and done.out == '' and says in done.err, wrong
        assert 'migratectl help' in done.err, wrong
        assert_error(ctl(*wrong, '--json'), 'usage', 64)


@test
def a_journal_that_cannot_be_written_is_told():
    for arguments in (move('g0'), ('list',), ('show', 'x'), ('cancel', 'x')):
        done = ctl(*arguments, '--journal', '/proc/nowhere/j.sqlite', '--json')
        assert assert_error(done, 'journal', 2)['remedy']


@test
def without_a_journal_nobody_else_can_see_it():
    done = ctl('move', 'g0', *HOSTS, '--journal', 'none', '--json')
    assert done.code == 0
    assert_error(ctl('show', done.json['job'], *JOURNAL, '--json'), 'not-found', 2)


@test
def chores_are_done_after_a_move():
    done = ctl(*move('g0', '--set', 'chores=clock;announce', '--json'))
    assert done.code == 0 and done.json['warnings'] == []
    error = assert_error(ctl(*move('g0', '--set', 'chores=dishes', '--json')), 'usage', 64)
    assert 'clock, trim, announce' in error['message']


@test
def chores_that_cannot_be_done_are_work_that_is_left():
    done = ctl(*move('g0', '--json'))
    job = done.json['job']
    error = assert_error(ctl('chores', job, *JOURNAL, '--json'), 'invalid', 2)
    assert 'names no chores' in error['message']
    assert_error(ctl('chores', job, '--chore', 'dishes', *JOURNAL, '--json'), 'invalid', 2)
    # In this process's world the guest never moved.
    again = ctl('chores', job, '--chore', 'trim', *JOURNAL, '--json')
    error = assert_error(again, 'not-found', 5)
    assert error['remedy'] == 'Try again: migratectl chores %s' % job
    assert again.json['outcome'] == 'moved' and again.json['state'] == 'finalized'
    assert again.json['total_ms'] == done.json['total_ms']
    assert len(again.json['warnings']) == 1
    told = ctl('chores', job, '--chore', 'trim', *JOURNAL)
    assert told.code == 5 and re.search('^warning +Chore “trim” was not done: ', told.out, re.M)


@test
def chores_come_after_a_move():
    done = ctl(*move('g0', '--bandwidth', '2', '--deadline', '5', '--json'))
    job = done.json['job']
    assert_error(ctl('chores', job, '--chore', 'trim', *JOURNAL, '--json'), 'wrong-state', 2)


def options_in(text):
    return set(re.findall(r'--[a-z][a-z-]+', text))


@test
def help_manual_and_completion_tell_the_same():
    with open(os.path.join(SOURCE_DIR, 'doc/migratectl.1'), encoding='utf-8') as file:
        manual = file.read().replace('\\-', '-')
    with open(os.path.join(SOURCE_DIR, 'examples/migratectl/migratectl.bash'),
              encoding='utf-8') as file:
        completion = file.read()
    tool = ctl('--help')
    assert tool.code == 0 and tool.err == ''
    told = options_in(tool.out)
    for verb in VERBS:
        done = ctl('help', verb)
        assert done.code == 0 and done.out == ctl(verb, '--help').out
        assert re.search(r'^  %s ' % verb, tool.out, re.M)
        assert '\n.B %s\n' % verb in manual and verb in completion
        told |= options_in(done.out)
    assert told == options_in(manual), told ^ options_in(manual)
    assert told <= options_in(completion), told - options_in(completion)
    for code in re.findall(r'^  (\d+) ', tool.out, re.M):
        assert '\n.B %s\n' % code in manual, code
    assert ctl('--version', '--json').json == {'version': '1.0.0'}


run()
