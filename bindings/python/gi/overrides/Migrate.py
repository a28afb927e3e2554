# Sugar for Python over what introspection gives. No logic of moving guests: what is here only
# wraps, prints, and carries calls between asyncio's thread and one of GLib's.
#
# Found by pygobject through any directory on sys.path that has gi/overrides/Migrate.py in it
# (gi.overrides extends its own path); installed next to pygobject's own overrides.

import asyncio
import threading

from gi.module import get_introspection_module
from gi.overrides import override
from gi.repository import Gio, GLib

Migrate = get_introspection_module('Migrate')

__all__ = []


def export(thing):
    __all__.append(thing.__name__)
    return thing


def _nick(value):
    return value.value_nick


# ---- errors ----


@export
def error_code(error):
    """The Migrate.Error of an exception, or None when it is none of ours."""
    if isinstance(error, GLib.Error) and error.domain == GLib.quark_to_string(
            Migrate.Error.quark()):
        return Migrate.Error(error.code)
    return None


@export
def is_error(error, *codes):
    """Whether an exception is ours and, when codes are given, has one of them."""
    code = error_code(error)
    return code is not None and (not codes or code in codes)


@export
def is_cancelled(error):
    """Whether an exception says that an operation was cancelled, as the hypervisor confirmed."""
    return isinstance(error, GLib.Error) and error.matches(
        Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)


# ---- values ----


def _variant(value):
    if isinstance(value, GLib.Variant):
        return value
    if isinstance(value, bool):
        return GLib.Variant('b', value)
    if isinstance(value, int):
        return GLib.Variant('x', value)
    if isinstance(value, float):
        return GLib.Variant('d', value)
    if isinstance(value, str):
        return GLib.Variant('s', value)
    if isinstance(value, bytes):
        return GLib.Variant('ay', value)
    if isinstance(value, dict):
        return _vardict(value)
    if isinstance(value, (list, tuple)):
        if all(isinstance(each, str) for each in value):
            return GLib.Variant('as', value)
        return GLib.Variant('av', [_variant(each) for each in value])
    raise TypeError('%s cannot be a GVariant; make one yourself' % type(value).__name__)


def _vardict(values):
    if isinstance(values, GLib.Variant):
        return values
    return GLib.Variant('a{sv}', {key: _variant(value) for key, value in values.items()})


class Request(Migrate.Request):
    def answer(self, reply=None):
        """Answers; reply is a dict, a GLib.Variant of a{sv}, or None."""
        return super().answer(None if reply is None else _vardict(reply))

    @property
    def details(self):
        return self.dup_details().unpack()

    def __repr__(self):
        return '<Migrate.Request %s of job %s>' % (_nick(self.get_point()), self.get_job_id())


Request = export(override(Request))


class Finding(Migrate.Finding):
    def __str__(self):
        text = '%s %s: %s' % (_nick(self.get_severity()), self.get_code(), self.get_message())
        if self.is_accepted():
            text += ' (accepted)'
        return text

    def __repr__(self):
        return '<Migrate.Finding %s %s>' % (_nick(self.get_severity()), self.get_code())


Finding = export(override(Finding))


class Report(Migrate.Report):
    # len(), indexing and iteration come from pygobject's Gio.ListModel.

    def __bool__(self):
        return True  # an empty report is a good one, not none

    def __str__(self):
        return '\n'.join(str(finding) for finding in self) or 'nothing found'

    def __repr__(self):
        return '<Migrate.Report of %s: %d findings%s>' % (
            self.get_guest_name(), len(self), ', blocked' if self.is_blocked() else '')


Report = export(override(Report))


class Plan(Migrate.Plan):
    @property
    def details(self):
        return self.dup_details().unpack()

    @property
    def steps(self):
        return [self.get_step(i) for i in range(self.get_n_steps())]

    def __str__(self):
        return '\n'.join(self.dup_effects())

    def __repr__(self):
        return '<Migrate.Plan of %s: %s, %d steps>' % (
            self.get_guest_name(), _nick(self.get_kind()), self.get_n_steps())


Plan = export(override(Plan))


class Facts(Migrate.Facts):
    @property
    def details(self):
        return self.dup_details().unpack()

    def __repr__(self):
        return '<Migrate.Facts of %s, from %s to %s>' % (
            self.get_guest_name(), self.get_source(), self.get_destination())


Facts = export(override(Facts))


class Forecast(Migrate.Forecast):
    @property
    def details(self):
        return self.dup_details().unpack()

    def __str__(self):
        return self.dup_summary()

    def __repr__(self):
        return '<Migrate.Forecast %s, %s>' % (_nick(self.get_convergence()),
                                              _nick(self.get_rung()))


Forecast = export(override(Forecast))


class Baseline(Migrate.Baseline):
    @property
    def details(self):
        return self.dup_details().unpack()

    def __str__(self):
        return '\n'.join(self.dup_advice())

    def __repr__(self):
        return '<Migrate.Baseline %s>' % ' '.join([self.get_model(), *self.dup_features()])


Baseline = export(override(Baseline))


class Progress(Migrate.Progress):
    @property
    def details(self):
        return self.dup_details().unpack()

    def __str__(self):
        text = '%s %3.0f %%' % (_nick(self.get_phase()), self.get_fraction() * 100)
        if self.get_rate() > 0:
            text += ', %.1f MiB/s' % (self.get_rate() / 1048576)
        if self.has_time_left():
            text += ', %.1f s left' % (self.get_time_left_ms() / 1000)
        return text

    def __repr__(self):
        return '<Migrate.Progress %s>' % self


Progress = export(override(Progress))


class Decision(Migrate.Decision):
    @property
    def details(self):
        return self.dup_details().unpack()

    def __str__(self):
        return '%s: %s' % (self.get_what(), self.get_why())

    def __repr__(self):
        return '<Migrate.Decision at %d ms %s>' % (self.get_at_ms(), self.get_what())


Decision = export(override(Decision))


class Result(Migrate.Result):
    @property
    def details(self):
        return self.dup_details().unpack()

    @property
    def decisions(self):
        return [self.get_decision(i) for i in range(self.get_n_decisions())]

    def __str__(self):
        text = '%s: %s in %d ms' % (self.get_guest_name(), _nick(self.get_outcome()),
                                    self.get_total_ms())
        if self.has_downtime():
            text += ', downtime %d ms' % self.get_downtime_ms()
        return text

    def __repr__(self):
        return '<Migrate.Result %s>' % self


Result = export(override(Result))


class Failure(Migrate.Failure):
    @property
    def details(self):
        return self.dup_details().unpack()

    def __str__(self):
        remedy = self.get_remedy()
        return self.get_message() + (' (%s)' % remedy if remedy else '')

    def __repr__(self):
        what = 'cancelled' if self.is_cancelled() else _nick(self.get_code())
        return '<Migrate.Failure %s in phase %s>' % (what, _nick(self.get_phase()))


Failure = export(override(Failure))


class Job(Migrate.Job):
    def retune(self, values, cancellable=None):
        """Changes policy keys while the job runs; values is a dict, or a GLib.Variant of a{sv}."""
        return super().retune(_vardict(values), cancellable)

    def __repr__(self):
        return '<Migrate.Job %s of %s: %s>' % (self.get_id(), self.get_guest(),
                                               _nick(self.get_state()))


Job = export(override(Job))


class JobRecord(Migrate.JobRecord):
    @property
    def values(self):
        return self.dup_values().unpack()

    @property
    def entries(self):
        return self.dup_entries().unpack()

    @property
    def samples(self):
        return self.dup_samples().unpack()

    def __repr__(self):
        return '<Migrate.JobRecord %s of %s: %s>' % (self.get_id(), self.get_guest_name(),
                                                     _nick(self.get_state()))


JobRecord = export(override(JobRecord))


# ---- asyncio ----


@export
class AsyncRunner:
    """Runs jobs for an asyncio program, on one thread with a GLib main context of its own.

        async with Migrate.AsyncRunner() as runner:
            result = await runner.run('guest', 'qemu+ssh://a/system', 'qemu+ssh://b/system',
                                      on_progress=lambda job, progress: print(progress))

    Every operation takes a guest with its two hosts, or a job that job() made. Hosts are
    Migrate.Host objects or URIs; a URI is made into a host once, so that all jobs of a runner
    share its connections and its limits.

    on_progress (job, progress), on_decision (job, decision) and on_state (job, before, now) are
    called in the asyncio loop that made the job; hooks are called in the runner's thread, and may
    answer their request later, from any thread.

    Cancelling the task that awaits an operation cancels it in the library and waits for the
    hypervisor's answer; only then is CancelledError raised. The error that the operation ended
    with is its __cause__; there is none when it was too late and the operation had succeeded.

    Leaving “async with” waits until all operations are at rest and the thread has ended.
    """

    def __init__(self):
        self._context = GLib.MainContext.new()
        self._main_loop = GLib.MainLoop.new(self._context, False)
        self._hosts = {}
        self._lock = threading.Lock()
        self._open = 0  # operations that have not come to rest
        self._closed = False
        self._waiting = []  # what to call when the thread ends
        self._thread = threading.Thread(target=self._main, name='migrate-async')
        self._thread.start()

    # the thread

    def _main(self):
        self._context.push_thread_default()
        self._main_loop.run()
        self._context.pop_thread_default()
        with self._lock:
            waiting, self._waiting = self._waiting, None
        for call in waiting:
            call()

    def _invoke(self, function):
        # Not invoke_full(): that would run it here while the thread has not yet begun.
        source = GLib.idle_source_new()
        source.set_priority(GLib.PRIORITY_DEFAULT)
        source.set_callback(lambda *_: function() and False)
        source.attach(self._context)

    def _enter(self):
        with self._lock:
            if self._closed:
                raise RuntimeError('this Migrate.AsyncRunner is closed')
            self._open += 1

    def _leave(self):
        with self._lock:
            self._open -= 1
            quit_now = self._closed and self._open == 0
        if quit_now:
            self._invoke(self._main_loop.quit)

    def close(self):
        """Takes no more operations; the thread ends when the last one is at rest."""
        with self._lock:
            quit_now = not self._closed and self._open == 0
            self._closed = True
        if quit_now:
            self._invoke(self._main_loop.quit)

    async def aclose(self):
        """As close(), and waits for the end of the thread."""
        loop = asyncio.get_running_loop()
        ended = loop.create_future()
        with self._lock:
            gone = self._waiting is None
            if not gone:
                self._waiting.append(lambda: _tell(loop, _settle, ended, None, None))
        self.close()
        if not gone:
            await _uncancelled(ended)
        self._thread.join()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.aclose()

    # carrying

    def _host(self, host):
        if not isinstance(host, str):
            return host
        if host not in self._hosts:
            self._hosts[host] = Migrate.Host(uri=host)
        return self._hosts[host]

    async def _call(self, begin, cancellable=None):
        """Runs begin(done) in the thread; done(value, error) ends it, from that thread."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()

        def done(value, error):
            _tell(loop, _settle, future, value, error)
            self._leave()

        def start():
            try:
                begin(done)
            except BaseException as error:  # pylint: disable=broad-except
                done(None, error)

        self._enter()
        self._invoke(start)
        return await _uncancelled(future, cancellable)

    async def job(self, guest, source, destination, *, on_progress=None, on_decision=None,
                  on_state=None, **properties):
        """Makes a job in the runner's thread; properties are Migrate.Job's (policy, journal, …)."""
        loop = asyncio.get_running_loop()

        def make(done):
            job = Migrate.Job(guest=guest, source=self._host(source),
                              destination=self._host(destination), **properties)
            for name, handler in (('progress', on_progress), ('decision', on_decision),
                                  ('state-changed', on_state)):
                if handler is not None:
                    job.connect(name, lambda job, *rest, call=handler: _tell(loop, call, job,
                                                                             *rest))
            done(job, None)

        return await self._call(make)

    async def _operate(self, verb, job, hosts, options, *arguments):
        if not isinstance(job, Migrate.Job):
            job = await self.job(job, *hosts, **options)
        elif hosts or options:
            raise TypeError('a job has its hosts and options already')
        cancellable = Gio.Cancellable()

        def begin(done):
            def finished(_, result):
                try:
                    value, error = getattr(job, verb + '_finish')(result), None
                except GLib.Error as failed:
                    value, error = None, failed
                done(value, error)

            getattr(job, verb + '_async')(*arguments, cancellable, finished)

        return await self._call(begin, cancellable)

    async def check(self, job, *hosts, **options):
        return await self._operate('check', job, hosts, options)

    async def plan(self, job, *hosts, **options):
        return await self._operate('plan', job, hosts, options)

    async def prepare(self, job, *hosts, **options):
        return await self._operate('prepare', job, hosts, options)

    async def migrate(self, job, *hosts, **options):
        return await self._operate('migrate', job, hosts, options)

    async def finalize(self, job, *hosts, **options):
        return await self._operate('finalize', job, hosts, options)

    async def run(self, job, *hosts, **options):
        return await self._operate('run', job, hosts, options)

    async def follow(self, job, *hosts, **options):
        return await self._operate('follow', job, hosts, options)

    async def run_chores(self, job, *hosts, **options):
        return await self._operate('run_chores', job, hosts, options)

    async def cancel(self, job):
        return await self._operate('cancel', job, (), {})

    async def detach(self, job):
        return await self._operate('detach', job, (), {})

    async def retune(self, job, values):
        return await self._operate('retune', job, (), {}, _vardict(values))

    async def finish_now(self, job):
        return await self._operate('finish_now', job, (), {})

    async def pause(self, job):
        return await self._operate('pause', job, (), {})

    async def give_up(self, job):
        return await self._operate('give_up', job, (), {})

    async def revert(self, job, up_to_risk):
        return await self._operate('revert', job, (), {}, up_to_risk)


def _tell(loop, call, *args):
    try:
        loop.call_soon_threadsafe(call, *args)
    except RuntimeError:
        pass  # the loop was closed: nobody is left who would listen


def _settle(future, value, error):
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(value)


async def _uncancelled(future, cancellable=None):
    """Waits to the end, whatever is cancelled meanwhile; then cancels as was asked."""
    cancelled = None
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError as asked:
            cancelled = cancelled or asked
            if cancellable is not None:
                cancellable.cancel()
    if cancelled is None:
        return future.result()
    raise cancelled from future.exception()
