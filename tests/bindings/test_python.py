#!/usr/bin/python3
"""Every public call once from Python, on simulated hosts (sim://w/h1 and h2, from MIGRATE_SIM) and
on libvirt's test driver. The last test compares with the GIR: a call that is not here fails it."""
import gc
import hashlib
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading

import gi

gi.require_version('Migrate', '1')
from gi.repository import Gio, GLib, GObject, Migrate  # noqa: E402

from gir import Gir  # noqa: E402
from tap import run, test  # noqa: E402

GIR = Gir()
GIR.watch(Migrate)

# A thread that Python begins while the simulated world is held might else free old jobs, for which
# that world must turn, and never say that it has begun.
gc.disable()

MAIN = threading.get_ident()
SOURCE, DESTINATION = 'sim://w/h1', 'sim://w/h2'
names = iter('g%d' % i for i in range(600))


def hosts():
    return Migrate.Host.new(SOURCE), Migrate.Host.new(DESTINATION)


def make_job(guest=None, journal=None, **properties):
    source, destination = hosts()
    job = Migrate.Job.new(guest or next(names), source, destination)
    job.set_journal(journal or Migrate.SqliteJournal.new_none())
    for name, value in properties.items():
        job.set_property(name, value)
    return job


def policy(**values):
    made = Migrate.Policy.new()
    for key, value in values.items():
        made.set(key.replace('_', '-'), str(value))
    return made


def slow():
    """Some 20 s on the simulated clock: time to do something meanwhile."""
    return policy(bandwidth=4)


def refused(code, call, *args):
    try:
        call(*args)
    except GLib.Error as error:
        assert error.matches(Migrate.Error.quark(), code), (error.domain, error.code, error.message)
        assert Migrate.is_error(error, code) and Migrate.error_code(error) == code
        return error
    raise AssertionError('%s was not refused' % call)


def finish(owner, name, *args, during=None):
    """owner.name_async(…) to its end on the default context, and owner.name_finish()."""
    results = []
    getattr(owner, name + '_async')(*args, None, lambda _, result: results.append(result))
    if during is not None:
        during()
    while not results:
        GLib.MainContext.default().iteration(True)
    return getattr(owner, name + '_finish')(results[0])


def until(condition):
    while not condition():
        GLib.MainContext.default().iteration(True)


# ---- values ----


@test
def errors():
    assert Migrate.Error.quark() == Migrate.error_quark()
    error = GLib.Error.new_literal(Migrate.Error.quark(), 'busy', Migrate.Error.BUSY)
    assert Migrate.is_error(error) and Migrate.is_error(error, Migrate.Error.BUSY)
    assert not Migrate.is_error(error, Migrate.Error.DENIED)
    assert not Migrate.is_error(ValueError()) and Migrate.error_code(ValueError()) is None
    other = GLib.Error.new_literal(Gio.io_error_quark(), 'x', Gio.IOErrorEnum.CANCELLED)
    assert Migrate.is_cancelled(other) and not Migrate.is_error(other)
    assert not Migrate.is_cancelled(error)


@test
def host():
    made = Migrate.Host.new(DESTINATION)
    assert made.get_uri() == DESTINATION
    made.set_peer_uri('qemu+tls://peer/system')
    made.set_migration_uri('tcp://data')
    made.set_disks_uri('tcp://disks:10809')
    made.set_listen_address('::')
    made.set_max_outgoing(2)
    made.set_max_incoming(3)
    assert made.dup_peer_uri() == made.props.peer_uri == 'qemu+tls://peer/system'
    assert made.dup_migration_uri() == made.props.migration_uri == 'tcp://data'
    assert made.dup_disks_uri() == made.props.disks_uri == 'tcp://disks:10809'
    assert made.dup_listen_address() == made.props.listen_address == '::'
    made.set_tls_name('b.example.org')
    assert made.dup_tls_name() == made.props.tls_name == 'b.example.org'
    assert made.dup_name() is None
    made.set_name('rack7-2')
    assert made.dup_name() == made.props.name == 'rack7-2'
    assert made.get_max_outgoing() == 2 and made.get_max_incoming() == 3
    made.props.peer_uri = None
    assert made.dup_peer_uri() is None
    same = Migrate.Host(uri=DESTINATION, max_incoming=7)
    assert same.props.uri == DESTINATION and same.get_max_incoming() == 7


@test
def the_policy():
    made = policy(bandwidth=100)
    assert made.dup('bandwidth') == '100' and made.props.bandwidth == 100
    made.props.transport = Migrate.Transport.DIRECT
    assert made.dup('transport') == 'direct'
    made.props.accept = ['a', 'b']
    assert made.dup('accept') == 'a;b'
    made.props.allow = Migrate.Allow.POSTCOPY | Migrate.Allow.PAUSE
    assert made.dup('allow') == 'postcopy;pause'
    made.set('allow', 'throttle,postcopy')
    assert made.props.allow == Migrate.Allow.THROTTLE | Migrate.Allow.POSTCOPY
    made.props.postcopy_start = Migrate.PostcopyStart.FIRST_PASS
    assert made.dup('postcopy-start') == 'first-pass'
    refused(Migrate.Error.INVALID, made.set, 'allow', 'magic')
    copy = made.copy()
    made.set('bandwidth', '7')
    assert copy.props.bandwidth == 100
    assert set(made.dup_keys()) == set(GIR.properties['Policy'])
    for key in made.dup_keys():
        assert Migrate.Policy.describe(key)
    assert Migrate.Policy.describe('nonsense') is None
    assert Migrate.Policy.may_retune('bandwidth') and not Migrate.Policy.may_retune('transport')
    for name in Migrate.Policy.dup_presets():
        assert Migrate.Policy.describe_preset(name)
        assert Migrate.Policy.new_preset(name).dup('confirm') == 'auto'
    refused(Migrate.Error.INVALID, Migrate.Policy.new_preset, 'brutal')
    made.props.at_deadline = Migrate.AtDeadline.PAUSE
    assert made.dup('at-deadline') == 'pause'
    made.props.at_stall = Migrate.AtStall.WAIT
    assert made.dup('at-stall') == 'wait'
    made.props.tls = True
    assert made.dup('tls') == 'true'
    refused(Migrate.Error.INVALID, made.set, 'nonsense', '1')
    refused(Migrate.Error.INVALID, made.set, 'bandwidth', 'much')
    refused(Migrate.Error.INVALID, made.dup, 'nonsense')


@test
def a_mapping():
    made = Migrate.Mapping.new()
    made.set('interface', '52:54:0:AA:bb:cc', GLib.Variant('a{sv}', {
        'bridge': GLib.Variant('s', 'br1'), 'target': GLib.Variant('s', 'tap7')}))
    made.set_from_string('disk:vda=/srv/b.qcow2')
    made.set_from_string('pin:shared=none')
    assert made.get('interface', '52:54:00:aa:bb:cc').unpack() == {'bridge': 'br1', 'target': 'tap7'}
    assert made.get('pin', 'shared').unpack() == {'none': True}
    assert made.get('disk', 'vdb') is None
    copy = made.copy()
    made.set('disk', 'vda', None)
    assert made.dup_froms('disk') == [] and copy.dup_froms('disk') == ['vda']
    assert 'path' in Migrate.Mapping.dup_kinds()
    for kind in Migrate.Mapping.dup_kinds():
        assert Migrate.Mapping.describe_kind(kind)
    assert Migrate.Mapping.describe_kind('nonsense') is None
    refused(Migrate.Error.INVALID, made.set_from_string, 'disk:vda=relative')
    refused(Migrate.Error.INVALID, made.set, 'pci', '06:12.9', GLib.Variant('a{sv}', {}))
    with tempfile.TemporaryDirectory() as place:
        path = os.path.join(place, 'map')
        refused(Migrate.Error.NOT_FOUND, Migrate.Mapping.new_from_file, path)
        with open(path, 'w', encoding='utf-8') as file:
            file.write('[endpoint serial:0]\nhost=192.0.2.1\nport=2445\n')
        read = Migrate.Mapping.new_from_file(path)
        assert read.get('endpoint', 'serial:0').unpack() == {'host': '192.0.2.1', 'port': '2445'}
        with open(path, 'a', encoding='utf-8') as file:
            file.write('[pool]\na=b/c\n')
        error = refused(Migrate.Error.INVALID, Migrate.Mapping.new_from_file, path)
        assert 'group “pool”, key “a”' in error.message


@test
def a_policy_from_a_file():
    with tempfile.TemporaryDirectory() as place:
        path = os.path.join(place, 'policy')
        refused(Migrate.Error.NOT_FOUND, Migrate.Policy.new_from_file, path)
        with open(path, 'w', encoding='utf-8') as file:
            file.write('[policy]\nhand-over=strict\n')
        made = Migrate.Policy.new_from_file(path)
        assert made.props.hand_over == Migrate.HandOver.STRICT
        with open(path, 'w', encoding='utf-8') as file:
            file.write('[policy]\nhand-over=gentle\n')
        refused(Migrate.Error.INVALID, Migrate.Policy.new_from_file, path)


# ---- check, on libvirt's test driver ----


def test_driver_job(guest='test'):
    made = make_job(guest)
    return Migrate.Job(guest=guest, source=Migrate.Host(uri='test:///default'),
                       destination=Migrate.Host(uri='test:///default'),
                       journal=made.props.journal)


@test
def facts_are_kept_and_checked_again():
    job = test_driver_job()
    assert job.dup_facts() is None
    report = job.check()
    facts = job.dup_facts()
    kept = facts.to_bytes()
    assert kept.get_data().startswith(b'libmigrate facts 1\n')
    back = Migrate.Facts.new_from_bytes(kept)
    assert back.get_taken_us() == facts.get_taken_us() > 0
    assert back.get_guest_name() == 'test' and len(back.get_guest_uuid()) == 36
    assert back.get_source() == back.get_destination() == 'test:///default'
    assert back.get_kind() == Migrate.Kind.AUTO
    details = back.dup_details().unpack()
    assert details == facts.dup_details().unpack()
    assert 'live' in details['source']['guest'] and back.details == details
    assert 'of test, from test:///default' in repr(back)
    again = back.check(None, back.get_kind())
    assert [str(finding) for finding in again] == [str(finding) for finding in report]
    policy = back.dup_policy()
    policy.set('transport', 'direct')
    codes = [finding.get_code() for finding in back.check(policy, Migrate.Kind.LIVE)]
    assert 'peer-uri-local' not in codes and 'same-host' in codes
    refused(Migrate.Error.INVALID, Migrate.Facts.new_from_bytes, GLib.Bytes.new(b'nothing'))


@test
def facts_are_asked_about_other_names():
    mapping, profile = Migrate.Mapping.new(), Migrate.Mapping.new()
    mapping.set_from_string('network:blue=red')
    profile.set_from_string('network:green=red')
    job = test_driver_job()
    job.check()
    facts = job.dup_facts()
    assert facts.dup_mapping() is None and facts.dup_profile() is None
    mapped = facts.map(mapping, profile)
    assert mapped.dup_mapping().dup_froms('network') == ['blue']
    assert mapped.dup_profile().dup_froms('network') == ['green']
    codes = [finding.get_code() for finding in mapped.check(None, mapped.get_kind())]
    assert 'mapping-unused' in codes
    assert facts.dup_mapping() is None and mapped.map(None, None).dup_mapping() is None
    mapping.set_from_string('emulator:/usr/bin/qemu-system-x86_64=/opt/there/qemu')
    plan = make_job()
    plan.check()
    refused(Migrate.Error.INVALID, plan.dup_facts().map, mapping, None)


@test
def a_report_of_the_test_driver():
    job = test_driver_job()
    report = job.check()
    assert report.is_blocked() and report.get_kind() == Migrate.Kind.LIVE
    assert report.get_guest_name() == 'test' and len(report.get_guest_uuid()) == 36
    assert len(report) == report.get_n_items() == len(list(report)) and report[0] == list(report)[0]
    assert sum(report.count(severity) for severity in (
        Migrate.Severity.NOTE, Migrate.Severity.WARNING,
        Migrate.Severity.BLOCKER)) == len(report)
    assert job.dup_report() == report == job.props.report
    same = [finding for finding in report if finding.get_code() == 'same-host'][0]
    assert same.get_severity() == Migrate.Severity.BLOCKER and not same.is_accepted()
    assert same.get_subject() and same.get_message() and same.get_remedy()
    for name in GIR.properties['Finding']:
        assert same.get_property(name) is not None
    assert str(same) in str(report) and 'same-host' in repr(same)
    assert 'blocked' in repr(report) and bool(report)
    refused(Migrate.Error.BLOCKED, job.prepare)
    assert job.get_state() == Migrate.State.CHECKED
    assert report.get_forecast() is None
    assert finish(job, 'check').is_blocked()


@test
def a_plan():
    job = make_job()
    plan = job.plan()
    assert job.get_state() == Migrate.State.CHECKED and not job.dup_report().is_blocked()
    assert plan.get_kind() == Migrate.Kind.LIVE and plan.get_guest_name() == job.get_guest()
    assert len(plan.get_guest_uuid()) == 36
    assert (plan.get_source(), plan.get_destination()) == (SOURCE, DESTINATION)
    step = [each for each in plan.steps if each.get_what() == 'transfer'][0]
    assert plan.get_n_steps() == len(plan.steps) and plan.get_step(99) is None
    assert step.get_host() == SOURCE and step.get_undo() and step.get_effect()
    assert 'live' in plan.dup_transfer().unpack()['flags']
    assert plan.dup_disks().unpack() == plan.dup_changes().unpack() == []
    assert plan.dup_files().unpack() == []
    assert plan.dup_holes().unpack() == [] and plan.dup_effects()
    assert plan.get_xml().startswith('<domain') and plan.get_persistent_xml().startswith('<domain')
    assert plan.dup_details().unpack() == plan.details and plan.details['kind'] == 'live'
    assert plan.dup_effects()[0] in str(plan) and 'live' in repr(plan)
    assert finish(job, 'plan').get_guest_name() == job.dup_plan().get_guest_name()


@test
def other_names():
    source, destination = hosts()
    mapping, profile = Migrate.Mapping.new(), Migrate.Mapping.new()
    mapping.set_from_string('network:blue=red')
    profile.set_from_string('network:blue=green')
    destination.set_profile(profile)
    assert destination.dup_profile().dup_froms('network') == ['blue']
    job = make_job()
    job.set_mapping(mapping)
    assert job.dup_mapping().dup_froms('network') == ['blue']
    assert 'mapping-unused' in [finding.get_code() for finding in job.check()]
    job.set_mapping(None)
    destination.set_profile(None)
    assert job.dup_mapping() is None and destination.dup_profile() is None


@test
def a_rewrite_function():
    job, seen = make_job(), []

    def rewrite(job_, xml, definition, tag):
        seen.append((job_ is job, definition, tag, threading.get_ident()))
        return xml.replace('<vcpu', '<!-- ours --><vcpu')

    job.set_rewrite_func(rewrite, 'tag')
    assert any('own function' in effect for effect in job.plan().dup_effects())
    assert job.run().get_outcome() == Migrate.Outcome.MOVED
    assert [(same, tag) for same, _, tag, _ in seen] == [(True, 'tag')] * 2
    assert [definition for _, definition, _, _ in seen] == [False, True]
    assert {thread for *_, thread in seen} == {MAIN}
    job = make_job()
    job.set_rewrite_func(lambda *_: None)
    refused(Migrate.Error.DENIED, job.run)
    assert job.get_state() == Migrate.State.UNDONE
    job = make_job()
    job.set_rewrite_func(lambda *_: 1 / 0)  # printed by the bindings
    refused(Migrate.Error.DENIED, job.run)
    job.set_rewrite_func(None)


@test
def a_forecast_of_what_is_not_known():
    job = test_driver_job()
    assert not job.get_forecast()
    job.set_forecast(True)
    forecast = job.check().get_forecast()
    assert job.get_forecast() and isinstance(forecast, Migrate.Forecast)
    assert forecast.get_convergence() == Migrate.Convergence.UNKNOWN
    assert forecast.get_rung() == Migrate.Rung.UNKNOWN
    assert not (forecast.has_total() or forecast.has_downtime() or forecast.has_bytes()
                or forecast.has_need())
    assert not (forecast.has_total_most() or forecast.has_bytes_most()
                or forecast.has_needed_downtime())
    assert forecast.get_total_least_ms() == forecast.get_total_most_ms() == 0
    assert forecast.get_downtime_least_ms() == forecast.get_downtime_most_ms() == 0
    assert forecast.get_bytes_least() == forecast.get_bytes_most() == 0
    assert forecast.get_needed_downtime_ms() == forecast.get_needed_bandwidth() == 0
    assert 'not known' in forecast.dup_summary()
    assert forecast.dup_details().unpack()['dirty-rate-origin'] == 'unknown'
    assert forecast.details['kind'] == 'live' and 'not known' in str(forecast)
    assert 'unknown' in repr(forecast)


@test
def what_is_not_there():
    refused(Migrate.Error.NOT_FOUND, test_driver_job('nobody').check)
    job = Migrate.Job(guest='g', source=Migrate.Host(uri='qemu+unix:///session?socket=/nowhere'),
                      destination=Migrate.Host(uri=DESTINATION))
    refused(Migrate.Error.INVALID, job.check)  # of different worlds
    job = Migrate.Job()
    refused(Migrate.Error.INVALID, job.check)


@test
def the_failure():
    unreachable = Migrate.Host(uri='qemu+unix:///session?socket=/nowhere')
    job = Migrate.Job(guest='g', source=unreachable, destination=unreachable,
                      journal=Migrate.SqliteJournal.new_none())
    error = refused(Migrate.Error.UNREACHABLE, job.check)
    failure = job.dup_failure()
    assert failure.get_code() == Migrate.Error.UNREACHABLE and not failure.is_cancelled()
    assert failure.get_message() == error.message
    assert failure.get_side() == Migrate.Side.SOURCE
    assert failure.get_phase() == Migrate.Phase.GATHERING
    assert failure.get_libvirt_domain() > 0 and failure.get_libvirt_code() > 0
    assert failure.get_other_job() is None
    assert failure.get_remedy() is None or failure.get_remedy() in str(failure)
    assert failure.dup_details().unpack() == failure.details
    assert error.message in str(failure) and 'unreachable' in repr(failure)


# ---- a move, edge by edge ----


@test
def edge_by_edge():
    job = make_job()
    states = []
    job.connect('state-changed', lambda job, before, now: states.append((before, now)))
    refused(Migrate.Error.WRONG_STATE, job.prepare)
    refused(Migrate.Error.WRONG_STATE, job.migrate)
    refused(Migrate.Error.WRONG_STATE, job.finalize)
    refused(Migrate.Error.WRONG_STATE, job.detach)
    assert not job.check().is_blocked()
    assert job.prepare() is True and job.get_state() == Migrate.State.PREPARED
    assert job.migrate() is True and job.get_state() == Migrate.State.MIGRATED
    refused(Migrate.Error.TOO_LATE, job.cancel)
    assert job.finalize() is True and job.get_state() == Migrate.State.FINALIZED
    refused(Migrate.Error.WRONG_STATE, job.check)
    refused(Migrate.Error.WRONG_STATE, job.run)
    state = Migrate.State
    assert states == [(state.NEW, state.CHECKED), (state.CHECKED, state.PREPARED),
                      (state.PREPARED, state.PREPARED),  # in flight
                      (state.PREPARED, state.MIGRATED), (state.MIGRATED, state.FINALIZED)], states


@test
def edge_by_edge_asynchronous():
    job = make_job()
    refused(Migrate.Error.WRONG_STATE, finish, job, 'prepare')
    assert finish(job, 'check').get_kind() == Migrate.Kind.LIVE
    assert finish(job, 'prepare') is True
    assert finish(job, 'migrate') is True
    refused(Migrate.Error.TOO_LATE, finish, job, 'cancel')
    assert finish(job, 'finalize') is True
    assert finish(job, 'follow').get_outcome() == Migrate.Outcome.MOVED


@test
def properties_of_a_job():
    source, destination = hosts()
    journal = Migrate.SqliteJournal.new_none()
    job = Migrate.Job(guest='g', source=source, destination=destination)
    told = []
    job.connect('notify', lambda job, spec: told.append(spec.name))
    job.set_kind(Migrate.Kind.LIVE)
    job.set_kind(Migrate.Kind.LIVE)
    job.set_journal(journal)
    job.set_policy(policy(deadline=9))
    hooks = Hooks()
    job.set_hooks(hooks)
    inventory = Inventory({})
    job.set_inventory(inventory)
    assert job.dup_inventory() == inventory
    job.set_forecast(True)
    job.set_history(journal)
    assert job.get_forecast() and job.dup_history() == journal
    assert told == ['kind', 'journal', 'policy', 'hooks', 'inventory', 'forecast',
                    'history'], told
    assert job.get_guest() == 'g' and len(job.get_id()) == 8 and job.get_id() in repr(job)
    assert job.get_source() == source and job.get_destination() == destination
    assert job.get_kind() == Migrate.Kind.LIVE and job.dup_journal() == journal
    assert job.dup_policy().props.deadline == 9 and job.dup_hooks() == hooks
    assert job.get_state() == Migrate.State.NEW and job.get_phase() == Migrate.Phase.IDLE
    assert not job.is_in_flight()
    assert job.dup_report() is job.dup_progress() is job.dup_result() is job.dup_failure() is None
    assert job.dup_plan() is None
    for name, writable in GIR.properties['Job'].items():
        value = job.get_property(name)
        if writable:
            job.set_property(name, value)
    job.set_hooks(None)
    assert job.props.hooks is None


# ---- run: a blocking call, no main loop ----


class Seen:
    """All that a job tells, and in which thread."""

    def __init__(self, job):
        self.progress, self.decisions, self.states, self.threads = [], [], [], set()
        job.connect('progress', self.on, self.progress)
        job.connect('decision', self.on, self.decisions)
        job.connect('state-changed', self.on, self.states)
        job.connect('notify::phase', self.on, [])

    def on(self, job, what, *rest):
        rest[-1].append(what)
        self.threads.add(threading.get_ident())


@test
def run_tells_and_returns():
    job = make_job()
    seen = Seen(job)
    result = job.run()
    assert seen.threads == {MAIN} and seen.states
    assert result.get_outcome() == Migrate.Outcome.MOVED and result.get_kind() == Migrate.Kind.LIVE
    assert result.get_guest_name() == job.get_guest() and len(result.get_guest_uuid()) == 36
    assert result.get_total_ms() > 0 and result.has_downtime()
    assert 0 < result.get_downtime_ms() <= result.get_total_ms()
    assert result.get_downtime_origin() == 'hypervisor'
    assert result.get_bytes() >= 64 << 20 and result.get_passes() >= 1
    assert result.has_bytes_resent() and 0 <= result.get_bytes_resent() < result.get_bytes()
    assert result.get_disk_bytes() == 0 == result.get_throttle()
    assert result.has_downtime_limit() == (result.get_downtime_limit_ms() > 0)
    assert result.get_phase_ms(Migrate.Phase.STARTING) > 0
    assert result.get_forecast() is None
    assert result.dup_warnings() == [] and result.get_n_decisions() == 0 == len(result.decisions)
    assert result.dup_details().unpack() == result.details and result.details['outcome'] == 'moved'
    assert 'moved' in str(result) and 'moved' in repr(result)
    assert job.dup_result().get_bytes() == result.get_bytes()
    last = seen.progress[-1]  # is ours to keep
    assert last.get_fraction() == 1.0 == job.dup_progress().get_fraction()
    assert last.get_phase() == Migrate.Phase.PROVING
    fractions = [progress.get_fraction() for progress in seen.progress]
    assert fractions == sorted(fractions), fractions


@test
def numbers_of_a_progress():
    job = make_job(policy=policy(bandwidth=16))
    seen = Seen(job)
    assert finish(job, 'run').get_outcome() == Migrate.Outcome.MOVED
    copying = [each for each in seen.progress
               if each.get_phase() == Migrate.Phase.COPYING_MEMORY and each.get_rate() > 0][-1]
    assert copying.get_memory_total() >= 64 << 20
    assert 0 < copying.get_memory_processed() <= copying.get_memory_total() * 2
    assert 0 < copying.get_memory_remaining() < copying.get_memory_total()
    assert 0 < copying.get_rate() <= 17 << 20 and copying.get_dirty_rate() >= 0
    assert copying.get_pass() >= 1 and copying.get_elapsed_ms() > 0
    assert copying.has_time_left() == (copying.get_time_left_ms() > 0)
    assert copying.get_time_left_least_ms() <= copying.get_time_left_ms()
    assert copying.has_time_left_most() == (copying.get_time_left_most_ms() > 0)
    assert copying.has_downtime_expected() == (copying.get_downtime_expected_ms() > 0)
    assert copying.get_throttle() == 0 == copying.get_disk_total() == copying.get_disk_rate()
    assert copying.get_disk_processed() == 0 == copying.get_disk_remaining()
    assert copying.dup_details().unpack() == copying.details
    assert 'copying-memory' in str(copying) and str(copying) in repr(copying)


@test
def decisions():
    job = make_job(policy=slow())
    seen = Seen(job)
    cancellable = Gio.Cancellable()
    job.connect('progress', lambda job, progress: job.props.in_flight and cancellable.cancel())
    try:
        job.run(cancellable)
        raise AssertionError('not cancelled')
    except GLib.Error as error:
        assert Migrate.is_cancelled(error), error
    assert job.get_state() == Migrate.State.CANCELLED and seen.threads == {MAIN}
    assert job.dup_failure().is_cancelled() and 'cancelled' in repr(job.dup_failure())
    result = job.dup_result()
    assert result.get_outcome() == Migrate.Outcome.STAYED
    assert result.get_n_decisions() == len(seen.decisions) > 0, result.details
    decision = result.get_decision(0)
    assert decision.get_what() == seen.decisions[0].get_what() and decision.get_why()
    assert decision.get_at_ms() >= 0 and decision.dup_details().unpack() == decision.details == {}
    assert decision.get_what() in str(decision) and decision.get_what() in repr(decision)


@test
def handlers_run_in_the_thread_that_made_the_job():
    seen, result = [], []

    def mover():
        context = GLib.MainContext.new()
        context.push_thread_default()
        job = make_job()
        seen.append(Seen(job))
        result.append(job.run().get_outcome())
        context.pop_thread_default()

    thread = threading.Thread(target=mover)
    thread.start()
    thread.join()
    assert result == [Migrate.Outcome.MOVED]
    assert seen[0].threads == {thread.ident} and seen[0].progress


@test
def an_exception_in_a_handler_is_only_printed():
    job = make_job()
    hook = sys.excepthook
    printed = []
    sys.excepthook = lambda *what: printed.append(what[0])
    try:
        job.connect('progress', lambda *_: 1 // 0)
        assert job.run().get_outcome() == Migrate.Outcome.MOVED
    finally:
        sys.excepthook = hook
    assert set(printed) == {ZeroDivisionError}


# ---- steering a job that runs ----


def texts(**values):
    return GLib.Variant('a{sv}', {key.replace('_', '-'): GLib.Variant('s', value)
                                  for key, value in values.items()})


@test
def steer():
    at_rest = make_job()
    assert at_rest.retune(texts(bandwidth='7', max_downtime='700')) is True
    assert finish(at_rest, 'retune', texts(deadline='70')) is True
    assert at_rest.dup_policy().dup('bandwidth') == '7'
    assert at_rest.dup_policy().dup('deadline') == '70'
    refused(Migrate.Error.INVALID, at_rest.retune, texts(no_such='1'))
    refused(Migrate.Error.UNSUPPORTED, at_rest.retune, texts(tls='true'))
    refused(Migrate.Error.WRONG_STATE, at_rest.finish_now)
    refused(Migrate.Error.WRONG_STATE, at_rest.pause)
    assert at_rest.give_up() is True and at_rest.get_state() == Migrate.State.CANCELLED

    job = make_job(policy=slow())
    ended = []
    job.run_async(None, lambda _, result: ended.append(result))
    until(lambda: job.get_phase() == Migrate.Phase.COPYING_MEMORY)
    assert job.retune(texts(bandwidth='9')) is True
    assert job.dup_policy().dup('bandwidth') == '9'
    assert job.give_up() is True and job.get_state() == Migrate.State.UNDONE
    until(lambda: ended)
    refused(Migrate.Error.NO_CONVERGENCE, job.run_finish, ended[0])

    for verb in ('finish_now', 'pause'):
        job = make_job(policy=slow())
        ended = []
        job.run_async(None, lambda _, result, ended=ended: ended.append(result))
        until(lambda job=job: job.get_phase() == Migrate.Phase.COPYING_MEMORY)
        assert finish(job, verb) is True
        assert finish(job, 'give_up') is True
        until(lambda ended=ended: ended)


# ---- another shape, and back ----


@test
def resize_and_revert():
    job = make_job()
    shape = GLib.Variant('a{sv}', {'vcpus': GLib.Variant('u', 4),
                                   'disks': GLib.Variant('a{st}', {'vda': 1 << 30})})
    job.set_resize(shape)
    assert job.dup_resize().unpack() == {'vcpus': 4, 'disks': {'vda': 1 << 30}}
    codes = {finding.get_code() for finding in job.check()}
    assert 'resize-needs-cold' in codes
    job.set_resize(GLib.Variant('a{sv}', {'cpus': GLib.Variant('u', 4)}))
    refused(Migrate.Error.INVALID, job.check)
    job.props.resize = None
    assert job.dup_resize() is None

    policy = Migrate.Policy.new()
    policy.set('confirm', 'manual')
    moved = make_job(policy=policy)
    refused(Migrate.Error.WRONG_STATE, moved.revert, Migrate.Risk.SAFE)
    moved.run()
    refused(Migrate.Error.WRONG_STATE, moved.revert, Migrate.Risk.DESTRUCTIVE)  # it ran all the time
    try:
        finish(moved, 'revert', Migrate.Risk.SAFE)
        raise AssertionError('it was taken back')
    except GLib.Error as error:
        assert error.matches(Migrate.Error.quark(), Migrate.Error.WRONG_STATE)
    assert moved.get_state() == Migrate.State.MIGRATED
    assert moved.finalize() is True
    refused(Migrate.Error.TOO_LATE, moved.revert, Migrate.Risk.SAFE)


# ---- two at a time, cancel, detach, follow ----


@test
def busy():
    journal = Migrate.SqliteJournal.new_none()
    first, second = make_job('g590', journal), make_job('g590', journal)
    first.check()
    second.check()
    first.prepare()
    refused(Migrate.Error.BUSY, second.prepare)
    assert second.dup_failure().get_other_job() == first.get_id()
    assert first.cancel() is True and first.get_state() == Migrate.State.CANCELLED
    assert second.prepare() is True

    third = make_job(policy=slow())
    third.run_async(None, None)
    refused(Migrate.Error.BUSY, third.check)
    assert finish(third, 'cancel') is True and third.get_state() == Migrate.State.CANCELLED


@test
def detach_and_follow():
    job = make_job(policy=slow())
    ended = []

    def on_ended(job, result):
        try:
            ended.append(job.run_finish(result))
        except GLib.Error as error:
            ended.append(error)

    job.run_async(None, on_ended)
    until(job.is_in_flight)
    assert job.detach() is True
    until(lambda: ended)
    assert Migrate.is_error(ended[0], Migrate.Error.NEEDS_RECOVER), ended
    assert job.is_in_flight() and job.dup_result().get_outcome() == Migrate.Outcome.DETACHED

    assert finish(job, 'detach') is True  # again: it is detached already
    loaded = Migrate.Job.load(job.dup_journal(), job.get_id())
    assert loaded.is_in_flight() and loaded.get_source().get_uri() == SOURCE
    assert loaded.follow().get_outcome() == Migrate.Outcome.MOVED
    assert loaded.get_state() == Migrate.State.FINALIZED


# ---- recovery ----


def left_in_flight():
    job = make_job(policy=slow())
    job.run_async(None, lambda job, result: refused(Migrate.Error.NEEDS_RECOVER, job.run_finish,
                                                    result))
    until(job.is_in_flight)
    assert job.detach() is True
    return job


@test
def recover_a_job():
    job = left_in_flight()
    seen = []
    recovery = job.recover()
    assert recovery.get_verdict() == recovery.props.verdict == Migrate.Verdict.IN_FLIGHT
    assert recovery.get_guest() == job.get_id() == recovery.dup_job_id() == recovery.props.job_id
    assert len(recovery.get_hosts()) == recovery.get_n_evidence() == 2
    assert SOURCE in recovery.dup_reason() and not recovery.is_at_rest()
    step = recovery.dup_step(0)
    assert recovery.get_n_steps() == 1 and recovery.dup_step(1) is None
    assert (step.get_what(), step.get_host(), step.get_risk()) == ('follow', SOURCE,
                                                                   Migrate.Risk.SAFE)
    assert step.get_effect() and not step.is_done() and step.get_failure() is None
    evidence = recovery.dup_evidence(0)
    assert evidence.get_host() == SOURCE and evidence.is_reachable() and evidence.is_present()
    assert evidence.get_state().startswith('running') and evidence.get_seen_at_us() > 0
    assert evidence.dup_details().unpack()['transfer'] is True
    assert recovery.dup_evidence(2) is None
    recovery.connect('step', lambda _, done: seen.append(done.get_what()))
    recovery.connect('progress', lambda _, progress: seen.append(progress.get_fraction()))
    assert recovery.apply(Migrate.Risk.SAFE) is True
    assert recovery.is_at_rest() and recovery.get_n_steps() == 2
    assert seen[-2:] == ['follow', 'close-job'] and len(seen) > 2, seen
    assert recovery.dup_step(0).is_done()
    assert job.get_state() == Migrate.State.FINALIZED
    refused(Migrate.Error.WRONG_STATE, job.recover)
    refused(Migrate.Error.WRONG_STATE, finish, job, 'recover')


@test
def recover_a_guest_asynchronously():
    job = left_in_flight()
    assert finish(job, 'recover').get_verdict() == Migrate.Verdict.IN_FLIGHT
    hosts_model = Gio.ListStore.new(Migrate.Host)
    for host in hosts():
        hosts_model.append(host)
    recovery = Migrate.Recovery.new(job.get_guest(), hosts_model)
    recovery.set_policy(policy(settle_timeout=20))
    recovery.set_journal(job.dup_journal())
    recovery.set_hooks(None)
    recovery.set_inventory(None)
    recovery.set_volume_connector(Migrate.LibvirtVolumeConnector.new())
    assert isinstance(recovery.dup_volume_connector(), Migrate.LibvirtVolumeConnector)
    recovery.set_volume_connector(None)
    fence = Migrate.CommandFence.new(['/bin/false'], None)
    recovery.set_fence(fence)
    assert recovery.dup_inventory() is None and recovery.dup_fence() == fence
    assert recovery.dup_policy().props.settle_timeout == 20 and recovery.dup_hooks() is None
    assert recovery.dup_journal() == job.dup_journal()
    assert recovery.get_verdict() == Migrate.Verdict.NONE and recovery.dup_reason() is None
    recovery.keep(DESTINATION)
    assert finish(recovery, 'investigate') is True
    assert finish(recovery, 'apply', Migrate.Risk.SAFE) is True
    assert recovery.investigate() is True
    assert recovery.get_verdict() == Migrate.Verdict.RUNS_ON_SOURCE  # of no job that is known
    for name in GIR.properties['Recovery']:
        recovery.get_property(name)
    nobody = Migrate.Recovery.new('nobody', hosts_model)
    nobody.set_journal(Migrate.SqliteJournal.new_none())
    refused(Migrate.Error.NOT_FOUND, nobody.investigate)
    refused(Migrate.Error.NOT_FOUND, finish, nobody, 'apply', Migrate.Risk.DESTRUCTIVE)


# ---- surveys ----


def make_survey(guest=None):
    source, destination = hosts()
    destinations = Gio.ListStore.new(Migrate.Host)
    destinations.append(Migrate.Host.new('sim://w/h9'))
    destinations.append(destination)
    return Migrate.Survey.new(guest or next(names), source, destinations)


def assert_ranked(entries):
    assert entries.get_n_items() == 2
    best, last = entries
    assert best.get_host().get_uri() == DESTINATION and best.get_rank() == 1
    assert best.get_reason().startswith('It ')
    assert not best.get_report().is_blocked() and best.get_failure() is None
    assert best.get_facts().get_destination() == DESTINATION
    assert last.get_report() is None and last.get_facts() is None
    assert last.get_failure().get_code() == Migrate.Error.UNREACHABLE
    for name in GIR.properties['SurveyEntry']:
        assert best.get_property(name) is not None or name == 'failure'


@test
def survey():
    made = make_survey()
    assert made.get_guest() and made.get_source().get_uri() == SOURCE
    assert made.get_destinations().get_n_items() == 2
    made.set_kind(Migrate.Kind.LIVE)
    made.set_policy(policy(call_timeout=5000))
    journal = Migrate.SqliteJournal.new_none()
    made.set_journal(journal)
    assert made.get_kind() == Migrate.Kind.LIVE and made.dup_journal() == journal
    assert made.dup_policy().props.call_timeout == 5000
    made.set_forecast(True)
    made.set_history(journal)
    assert made.get_forecast() and made.dup_history() == journal
    made.set_forecast(False)
    made.set_mapping(Migrate.Mapping.new())
    assert made.dup_mapping().dup_froms('network') == []
    for name in GIR.properties['Survey']:
        made.get_property(name)
    assert_ranked(made.run())
    assert made.dup_failure() is None
    assert_ranked(finish(made, 'run'))
    nobody = make_survey('nobody')
    refused(Migrate.Error.NOT_FOUND, nobody.run)
    assert nobody.dup_failure().get_code() == Migrate.Error.NOT_FOUND
    refused(Migrate.Error.NOT_FOUND, finish, nobody, 'run')
    refused(Migrate.Error.INVALID, Migrate.Survey().run)


@test
def baseline():
    made = make_survey()
    found = made.baseline()
    assert found.get_model() == 'qemu64' and found.dup_features() == ['+aes']
    assert found.get_cpu().startswith('<cpu ')
    assert found.dup_suited() == [SOURCE, DESTINATION] and found.dup_unsuited() == []
    assert found.dup_unknown() == ['sim://w/h9'] and len(found.dup_advice()) == 3
    details = found.dup_details().unpack()
    assert details['hosts'][0] == {'host': SOURCE, 'suited': True} and found.details == details
    assert 'qemu64 +aes' in repr(found) and str(found) == '\n'.join(found.dup_advice())
    assert finish(made, 'baseline').get_model() == 'qemu64'
    refused(Migrate.Error.NOT_FOUND, make_survey('nobody').baseline)


# ---- the journal ----


@test
def the_journal():
    with tempfile.TemporaryDirectory() as place:
        path = os.path.join(place, 'journal')
        journal = Migrate.SqliteJournal.new(path)
        assert journal.get_path() == journal.props.path == path
        job = make_job(journal=journal)
        job.run()
        records = journal.list()
        assert len(records) == 1 and records[0].get_id() == job.get_id()
        record = journal.lookup(job.get_id())
        assert record.get_guest_name() == job.get_guest() and len(record.get_guest_uuid()) == 36
        assert record.get_source() == SOURCE and record.get_destination() == DESTINATION
        assert record.get_state() == Migrate.State.FINALIZED
        assert record.get_phase() == Migrate.Phase.IDLE
        assert record.get_outcome() == Migrate.Outcome.MOVED
        assert not record.is_held() and not record.is_in_flight()
        assert record.get_fraction() == 1.0 and record.dup_error() is None
        assert record.dup_created().compare(record.dup_updated()) <= 0
        assert record.dup_values().unpack() == record.values
        assert record.values['state'] == 'finalized'
        assert record.dup_entries().unpack() == record.entries
        assert record.dup_samples().unpack() == record.samples
        assert records[0].dup_samples() is None
        assert 'finalized' in repr(record)
        for name in GIR.properties['JobRecord']:
            record.get_property(name)
        assert len(finish(journal, 'list')) == 1
        assert finish(journal, 'lookup', job.get_id()).get_id() == job.get_id()
        loaded = finish(Migrate.Job, 'load', journal, job.get_id())
        assert loaded.get_state() == Migrate.State.FINALIZED
        refused(Migrate.Error.NOT_FOUND, journal.lookup, 'nothing')
        refused(Migrate.Error.NOT_FOUND, finish, journal, 'lookup', 'nothing')
        refused(Migrate.Error.NOT_FOUND, Migrate.Job.load, journal, 'nothing')
        refused(Migrate.Error.NOT_FOUND, finish, Migrate.Job, 'load', journal, 'nothing')
        broken = Migrate.SqliteJournal.new(os.path.join('/proc', 'journal'))
        refused(Migrate.Error.JOURNAL, broken.list)
    assert Migrate.SqliteJournal.new_none().get_path() is not None


# ---- hooks ----


class Hooks(GObject.Object, Migrate.Hooks):
    def __init__(self, act=lambda request: request.answer(None)):
        super().__init__()
        self.act, self.points, self.threads = act, [], set()

    def do_call(self, request):
        self.points.append((request.get_point(), request.get_side()))
        self.threads.add(threading.get_ident())
        self.act(request)
        return True


@test
def hooks_are_asked_in_our_thread():
    requests = []

    def act(request):
        requests.append(request)
        assert not request.is_answered()
        assert request.answer({'network': 'there', 'port': 7, 'fast': True, 'share': 0.5,
                               'blob': b'x', 'names': ['a', 'b'], 'mixed': [1, 'a'],
                               'more': {'a': GLib.Variant('u', 3)}}) is True
        assert request.is_answered() and request.answer() is False

    hooks = Hooks(act)
    job = make_job(hooks=hooks)
    assert job.run().dup_warnings() == []
    point, side = Migrate.HookPoint, Migrate.Side
    assert hooks.points == [(each, where)
                            for each in (point.BEFORE_PREPARE, point.AFTER_PREPARE,
                                         point.BEFORE_MIGRATE, point.HANDED_OVER,
                                         point.AFTER_MIGRATE, point.BEFORE_FINALIZE,
                                         point.AFTER_FINALIZE)
                            for where in (side.SOURCE, side.DESTINATION)], hooks.points
    assert hooks.threads == {MAIN}
    assert requests[0].get_subject() == Migrate.RequestSubject.HOOK
    assert requests[0].get_job_id() == job.get_id() and job.get_id() in repr(requests[0])
    details = requests[0].dup_details().unpack()
    assert details == requests[0].details
    assert details['guest-name'] == job.get_guest() and details['source'] == SOURCE
    assert details['side'] == 'source' and details['kind'] == 'live'
    assert details['transport'] == 'p2p' and details['source-name'] == SOURCE
    assert details['persistent'] is True and details['was-paused'] is False
    assert isinstance(details['disks'], list)
    for odd in (object(), {1, 2}):
        try:
            requests[0].answer({'odd': odd})
            raise AssertionError('made a variant of %r' % odd)
        except TypeError:
            pass
    asked = Hooks(lambda request: None)
    assert Migrate.Hooks.call(asked, requests[0]) is True and len(asked.points) == 1


@test
def a_hook_answers_later_from_another_thread():
    def act(request):
        threading.Timer(0.01, request.answer).start()

    assert make_job(hooks=Hooks(act)).run().get_outcome() == Migrate.Outcome.MOVED


@test
def a_hook_refuses():
    def act(request):
        if request.get_point() == Migrate.HookPoint.UNDO:
            request.answer()
        else:
            request.refuse('full', 'no room in the rack')

    hooks = Hooks(act)
    job = make_job(hooks=hooks)
    error = refused(Migrate.Error.DENIED, job.run)
    assert 'full' in error.message and 'no room in the rack' in error.message
    assert job.get_state() == Migrate.State.UNDONE
    assert job.dup_result().get_outcome() == Migrate.Outcome.STAYED


@test
def an_exception_in_a_hook_fails_the_move_cleanly():
    def act(request):
        if request.get_point() == Migrate.HookPoint.BEFORE_MIGRATE:
            raise ValueError('a bug of the program')
        request.answer()

    hook = sys.excepthook
    printed = []
    sys.excepthook = lambda *what: printed.append(what[0])
    try:
        hooks = Hooks(act)
        job = make_job(hooks=hooks)
        refused(Migrate.Error.FAILED, job.run)
    finally:
        sys.excepthook = hook
    assert printed == [ValueError]
    undone = [where for point, where in hooks.points if point == Migrate.HookPoint.UNDO]
    assert undone == [Migrate.Side.SOURCE, Migrate.Side.DESTINATION, Migrate.Side.SOURCE,
                      Migrate.Side.DESTINATION, Migrate.Side.SOURCE], hooks.points
    assert job.get_state() == Migrate.State.UNDONE
    assert job.dup_result().get_outcome() == Migrate.Outcome.STAYED


@test
def a_hook_that_says_nothing_is_given_up():
    class Silent(GObject.Object, Migrate.Hooks):
        def do_call(self, request):
            if request.get_point() == Migrate.HookPoint.UNDO:
                request.answer()
            return True

    job = make_job(hooks=Silent(), policy=policy(hook_timeout=1))
    refused(Migrate.Error.TIMED_OUT, job.run)
    assert job.get_state() == Migrate.State.UNDONE


# ---- the platform's record ----


class Inventory(GObject.Object, Migrate.Inventory):
    """A platform's record in a table of SQLite, and what may be wrong with one."""

    def __init__(self, guests):
        super().__init__()
        self.asked, self.threads = [], set()
        self.table = sqlite3.connect(':memory:')
        self.table.execute('CREATE TABLE guests (name TEXT PRIMARY KEY, host TEXT NOT NULL)')
        self.table.executemany('INSERT INTO guests VALUES (?, ?)', guests.items())

    def host_of(self, name):
        row = self.table.execute('SELECT host FROM guests WHERE name = ?', (name,)).fetchone()
        return row[0] if row is not None else None

    def note(self, request):
        self.asked.append(request.get_subject())
        self.threads.add(threading.get_ident())
        assert len(request.details['guest-uuid']) == 36
        return request.details['guest-name']

    def do_get(self, request):
        host = self.host_of(self.note(request))
        if host is None:
            return request.refuse('not-found', 'there is no such row')
        return request.answer({'host': host})

    def do_compare_and_set(self, request):
        name = self.note(request)
        with self.table:
            changed = self.table.execute(
                'UPDATE guests SET host = ? WHERE name = ? AND host = ?',
                (request.details['host'], name, request.details['expected'])).rowcount
        if changed == 0:
            return request.refuse('conflict', 'it is on %s' % self.host_of(name))
        return request.answer()


def job_with_record(host, inventory_class=Inventory):
    guest = next(names)
    source, destination = hosts()
    source.set_name('one')
    destination.set_name('two')
    job = Migrate.Job.new(guest, source, destination)
    job.set_journal(Migrate.SqliteJournal.new_none())
    job.set_inventory(inventory_class({guest: host} if host is not None else {}))
    return job, job.dup_inventory()


@test
def a_record_is_swapped():
    job, inventory = job_with_record('one')
    assert job.run().dup_warnings() == []
    assert inventory.host_of(job.get_guest()) == 'two' and inventory.threads == {MAIN}
    subject = Migrate.RequestSubject
    assert inventory.asked == ([subject.INVENTORY_GET] * 3  # check, prepare, finalize
                               + [subject.INVENTORY_COMPARE_AND_SET, subject.INVENTORY_GET])


@test
def the_example_of_a_platform():
    example = os.path.join(os.environ['MIGRATE_SOURCE_DIR'], 'examples/platform.py')
    with tempfile.TemporaryDirectory() as place:
        path, log = os.path.join(place, 'record'), os.path.join(place, 'log')
        command = os.path.join(place, 'network')
        with open(command, 'w', encoding='utf-8') as file:
            file.write('#!/bin/sh\necho "$1 $2" >>%s\n' % log)
        os.chmod(command, 0o700)
        job = make_job('g598')  # any process's g0 has this UUID
        job.check()
        uuid = job.dup_report().get_guest_uuid()

        def platform(guest, known):
            database = sqlite3.connect(path)
            database.execute('DROP TABLE IF EXISTS guests')
            database.execute('CREATE TABLE guests (uuid TEXT PRIMARY KEY, host TEXT)')
            if known:
                database.execute('INSERT INTO guests VALUES (?, ?)', (uuid, SOURCE))
            database.commit()
            done = subprocess.run(
                [sys.executable, example, guest, SOURCE, DESTINATION, path, command],
                check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env=dict(os.environ, XDG_STATE_HOME=place, HOME=place))
            return done, [row[0] for row in database.execute('SELECT host FROM guests')]

        done, hosts_now = platform('g598', True)
        assert done.returncode == 0, done.stderr
        assert 'moved' in done.stdout and hosts_now == [DESTINATION]
        with open(log, encoding='utf-8') as file:
            assert file.read() == 'up %s\n' % DESTINATION
        done, hosts_now = platform('g598', False)
        assert done.returncode == 1 and 'record-differs' in done.stderr, done.stderr
        with open(command, 'a', encoding='utf-8') as file:
            file.write('[ $1 = down ]\n')
        done, hosts_now = platform('g598', True)
        assert done.returncode == 1 and 'the network is not ready there' in done.stderr
        assert hosts_now == [SOURCE]
        with open(log, encoding='utf-8') as file:
            assert file.read().splitlines()[-2:] == ['up ' + DESTINATION, 'down ' + DESTINATION]


@test
def a_record_that_names_another_host_is_left_alone():
    job, inventory = job_with_record('three')
    error = refused(Migrate.Error.BLOCKED, job.run)
    assert 'record-differs' in error.message and '“three”' in error.message
    job, inventory = job_with_record('one')
    job.set_policy(policy(confirm='manual'))
    assert job.run().get_outcome() == Migrate.Outcome.MOVED
    inventory.table.execute("UPDATE guests SET host = 'three'")
    error = refused(Migrate.Error.NEEDS_RECOVER, job.finalize)
    assert '“three”' in error.message and '“one”' in error.message
    job.set_policy(policy())
    assert inventory.host_of(job.get_guest()) == 'three'
    assert job.get_state() == Migrate.State.FAILED
    inventory.table.execute("UPDATE guests SET host = 'one'")
    assert job.follow().get_outcome() == Migrate.Outcome.MOVED
    assert inventory.host_of(job.get_guest()) == 'two'


@test
def a_record_without_the_guest():
    job, inventory = job_with_record(None)
    error = refused(Migrate.Error.BLOCKED, job.run)
    assert 'does not have guest' in error.message


@test
def an_exception_in_an_inventory_is_a_clear_error():
    class Broken(Inventory):
        def do_compare_and_set(self, request):
            raise ValueError('a bug of the program')

    hook = sys.excepthook
    printed = []
    sys.excepthook = lambda *what: printed.append(what[0])
    try:
        job, inventory = job_with_record('one', Broken)
        error = refused(Migrate.Error.NEEDS_RECOVER, job.run)
    finally:
        sys.excepthook = hook
    assert printed == [ValueError]
    assert 'inventory (compare-and-set) failed without saying why' in error.message
    assert inventory.host_of(job.get_guest()) == 'one'


# ---- where images come from, and what connects volumes ----


class Images(GObject.Object, Migrate.ImageSource):
    """A folder, by names: what a program would fetch first."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def do_fetch(self, request):
        path = os.path.join(self.folder, os.path.basename(request.details.get('name', '')))
        if not os.path.isfile(path):
            return request.refuse('not-found', 'no such image')
        with open(path, 'rb') as image:
            checksum = hashlib.sha256(image.read()).hexdigest()
        return request.answer({'path': path, 'size': os.path.getsize(path), 'checksum': checksum})


class Connector(GObject.Object, Migrate.VolumeConnector):
    def __init__(self):
        super().__init__()
        self.asked = []

    def do_connect(self, request):
        self.asked.append(request.get_subject())
        return request.answer({'libvirt': True})

    def do_disconnect(self, request):
        self.asked.append(request.get_subject())
        return request.answer()


@test
def images_and_volumes():
    with tempfile.TemporaryDirectory() as folder:
        images, connector = Images(folder), Connector()
        job = make_job(image_source=images, volume_connector=connector)
        assert job.dup_image_source() == images == job.props.image_source
        assert job.dup_volume_connector() == connector == job.props.volume_connector
        assert job.run().get_outcome() == Migrate.Outcome.MOVED  # its guest has no such disks
        assert connector.asked == []
        job.set_image_source(None)
        job.set_volume_connector(None)
        assert job.dup_image_source() is None and job.dup_volume_connector() is None
        request = some_request()  # it is answered already
        assert Migrate.ImageSource.fetch(images, request) is False
        assert Migrate.VolumeConnector.connect(connector, request) is False
        assert Migrate.VolumeConnector.disconnect(connector, request) is False
        assert len(connector.asked) == 2
        directory = Migrate.DirectoryImageSource.new(folder, None)
        assert directory.get_path() == folder == directory.props.path
        assert directory.get_checksums() is None
        assert Migrate.ImageSource.fetch(directory, request) is False
        default = Migrate.LibvirtVolumeConnector.new()
        assert Migrate.VolumeConnector.connect(default, request) is False


BASE = b'b' * 200000
DISKS = 'world=w;hosts=2;image=64M;data=8M;base=%d;server=nbd.sim;pace=100;' % len(BASE)


def run_example(name, folder, *arguments, spec=''):
    """On hosts of its own, whose guests have a backing file and a disk on a server."""
    example = os.path.join(os.environ['MIGRATE_SOURCE_DIR'], 'examples', name)
    return subprocess.run([sys.executable, example, 'g0', SOURCE, DESTINATION, *arguments,
                           os.path.join(folder, 'journal')],
                          env=dict(os.environ, MIGRATE_SIM=DISKS + spec),
                          capture_output=True, text=True, check=False)


def logged(folder, name):
    journal = Migrate.SqliteJournal(path=os.path.join(folder, 'journal'))
    job = journal.list().get_item(0)
    entries = journal.lookup(job.get_id()).dup_entries().unpack()
    return [entry['status'] for entry in entries if entry['name'] == name]


@test
def the_example_of_storage():
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, 'base'), 'wb') as image:
            image.write(BASE)
        with open(os.path.join(folder, 'SHA256SUMS'), 'w', encoding='utf-8') as sums:
            sums.write('%s  base\n' % hashlib.sha256(BASE).hexdigest())
        said, command = os.path.join(folder, 'said'), os.path.join(folder, 'attach')
        with open(command, 'w', encoding='utf-8') as script:
            script.write('#!/bin/sh\necho "$@" >>%s\n' % said)
        os.chmod(command, 0o700)
        done = run_example('storage.py', folder, folder, command)
        assert done.returncode == 0 and 'moved' in done.stdout, (done.stdout, done.stderr)
        assert 'done' in logged(folder, 'fetch-image')  # the library read what Python named
        with open(said, encoding='utf-8') as lines:
            assert lines.read().split('\n') == ['attach %s g0' % DESTINATION,
                                                'detach %s g0' % SOURCE, '']


@test
def the_example_of_a_cold_move():
    for probe, spec, code, word in (('true', 'off=1', 0, 'moved'), ('true', '', 0, 'moved'),
                                    ('false', '', 1, 'taken back'),
                                    ('/bin/true', 'fail=define:h2#1', 1, '')):
        with tempfile.TemporaryDirectory() as folder:
            images = os.path.join(folder, 'images')
            os.mkdir(images)
            with open(os.path.join(images, 'base'), 'wb') as image:
                image.write(BASE)
            done = run_example('cold.py', folder, images, probe, spec=spec)
            assert done.returncode == code and word in done.stdout, (done.stdout, done.stderr)
            assert 'done' in logged(folder, 'fetch-image')
            assert 'g0: vda: ' in done.stdout


@test
def an_inventory_that_implements_nothing():
    class Empty(GObject.Object, Migrate.Inventory):
        pass

    job = make_job(inventory=Empty())
    refused(Migrate.Error.UNSUPPORTED, job.run)
    asked, request = Inventory({}), some_request()
    assert Migrate.Inventory.get(asked, request) is False  # it is answered already
    assert Migrate.Inventory.compare_and_set(asked, request) is False


def some_request():
    """A request of a move that is over."""
    requests = []

    def act(request):
        requests.append(request)
        request.answer()

    make_job(hooks=Hooks(act)).run()
    return requests[0]


# ---- the fence, which a recovery asks ----


class Fence(GObject.Object, Migrate.Fence):
    def __init__(self):
        super().__init__()
        self.asked = []

    def do_fence(self, request):
        self.asked.append('fence')
        return True

    def do_reset_stream(self, request):
        self.asked.append('reset-stream')
        return True


@test
def fences():
    request, fence = some_request(), Fence()
    assert Migrate.Fence.fence(fence, request) is True
    assert Migrate.Fence.reset_stream(fence, request) is True
    assert fence.asked == ['fence', 'reset-stream']
    made = Migrate.CommandFence.new(['/bin/false', '{uuid}'], None)
    assert made.props.command == ['/bin/false', '{uuid}'] and made.props.timeout == 30
    made = Migrate.CommandFence(command=['/bin/kill-it', '{host}'], probe=['/bin/probe', '{uuid}'],
                                reset_stream=['/bin/reset'], timeout=9)
    assert made.props.probe == ['/bin/probe', '{uuid}'] and made.props.timeout == 9
    assert made.props.reset_stream == ['/bin/reset']


# ---- chores ----


@test
def chores():
    job = make_job(policy=policy(chores='clock;trim;announce'))
    refused(Migrate.Error.WRONG_STATE, job.run_chores)
    assert job.run().dup_warnings() == []
    assert job.run_chores() is True and finish(job, 'run_chores') is True
    assert job.get_state() == Migrate.State.FINALIZED
    job.set_policy(policy(chores=''))
    refused(Migrate.Error.INVALID, job.run_chores)
    error = refused(Migrate.Error.INVALID, lambda: policy(chores='clock;dishes'))
    assert 'clock, trim, announce' in error.message and 'dishes' in error.message


# ---- last: what concerns the whole process, and the count ----


@test
def events():
    assert not Migrate.events_is_running()
    assert Migrate.events_start() is True and Migrate.events_start() is True
    assert Migrate.events_is_running()


@test
def every_public_call_is_in_this_test():
    missing = GIR.missing()
    print('# %d of %d public calls' % (len(GIR.seen), len(GIR.calls)))
    assert not missing, missing
    assert {name for names in GIR.signals.values() for name in names} == {
        'state-changed', 'progress', 'decision', 'step'}


run()
