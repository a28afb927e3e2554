#!/usr/bin/python3
"""Migrate.AsyncRunner, on the simulated hosts of MIGRATE_SIM: many guests at once, and tasks that
are cancelled midway."""
import asyncio
import gc
import os
import threading
import time

import gi

gi.require_version('Migrate', '1')
from gi.repository import GLib, GObject, Migrate  # noqa: E402

from tap import run, test  # noqa: E402

SOURCE, DESTINATION = 'sim://w/h1', 'sim://w/h2'
N = 500
names = iter('g%d' % i for i in range(N, 600))


def threads():
    """Names of all threads of the process, not only Python's. “gmain” is GLib's own: the first
    GTask starts it, to the end of the process; the simulator has one for its clock."""
    found = []
    for task in os.listdir('/proc/self/task'):
        try:
            with open('/proc/self/task/%s/comm' % task, encoding='utf-8') as file:
                found.append(file.read().strip())
        except OSError:
            pass
    return sorted(name for name in found if name not in ('gmain', 'pool-spawner', 'sim-pacer'))


def wait_for_threads(before):
    """Connections are closed on workers: the level is reached soon, not at once."""
    gc.collect()
    deadline = time.monotonic() + 10
    while len(threads()) > len(before):
        assert time.monotonic() < deadline, (before, threads())
        time.sleep(0.01)


def options(**more):
    return {'journal': Migrate.SqliteJournal.new_none(), **more}


def slow():
    policy = Migrate.Policy()
    policy.set('bandwidth', '2')  # some 60 s on the simulated clock
    return policy


def arun(coroutine):
    before = threads()
    try:
        return asyncio.run(asyncio.wait_for(coroutine, 120))
    finally:
        wait_for_threads(before)


@test
def many_guests_at_once():
    seen = {}
    most_threads = 0
    thread = threading.get_ident()
    other_threads = []

    def on_progress(job, progress):
        nonlocal most_threads
        if threading.get_ident() != thread:
            other_threads.append(job)
        seen.setdefault(job.get_guest(), []).append(progress.get_fraction())
        most_threads = max(most_threads, len(os.listdir('/proc/self/task')))

    async def main():
        async with Migrate.AsyncRunner() as runner:
            source = Migrate.Host(uri=SOURCE, max_outgoing=10)
            destination = Migrate.Host(uri=DESTINATION, max_incoming=10)
            return await asyncio.gather(*(
                runner.run('g%d' % i, source, destination, **options(on_progress=on_progress))
                for i in range(N)))

    begin = time.monotonic()
    results = arun(main())
    print('# %d moves in %.1f s, %d progress callbacks, at most %d threads' % (
        len(results), time.monotonic() - begin, sum(map(len, seen.values())), most_threads))
    assert [result.get_outcome() for result in results] == [Migrate.Outcome.MOVED] * N
    assert len(seen) == N and not other_threads
    assert all(fractions[-1] == 1.0 for fractions in seen.values())


@test
def the_loop_is_not_blocked():
    async def main():
        beats = 0

        async def beat():
            nonlocal beats
            while True:
                beats += 1
                await asyncio.sleep(0.01)

        task = asyncio.create_task(beat())
        async with Migrate.AsyncRunner() as runner:
            await runner.run(next(names), SOURCE, DESTINATION, **options(policy=slow()))
        task.cancel()
        return beats

    assert arun(main()) >= 10


@test
def step_by_step():
    async def main():
        states = []
        async with Migrate.AsyncRunner() as runner:
            job = await runner.job(next(names), SOURCE, DESTINATION, **options(),
                                   on_state=lambda job, before, now: states.append(now))
            assert not (await runner.check(job)).is_blocked()
            assert await runner.prepare(job) and await runner.migrate(job)
            try:
                await runner.cancel(job)
                raise AssertionError('cancelled after the hand-over')
            except GLib.Error as error:
                assert Migrate.is_error(error, Migrate.Error.TOO_LATE), error
            assert await runner.finalize(job)
            assert (await runner.follow(job)).get_outcome() == Migrate.Outcome.MOVED
            policy = job.dup_policy()
            policy.set('chores', 'clock')
            job.set_policy(policy)
            assert await runner.run_chores(job)
            try:
                await runner.run(job, SOURCE)
                raise AssertionError('a job took hosts')
            except TypeError:
                pass
        return states

    assert arun(main())[-1] == Migrate.State.FINALIZED


@test
def an_error_is_raised():
    async def main():
        async with Migrate.AsyncRunner() as runner:
            for source, code in ((SOURCE, Migrate.Error.NOT_FOUND), ('', Migrate.Error.INVALID)):
                try:
                    await runner.check('nobody', source, DESTINATION, **options())
                    raise AssertionError('found nobody')
                except GLib.Error as error:
                    assert Migrate.is_error(error, code), error
            try:
                await runner.job('nobody', SOURCE, DESTINATION, nonsense=1)
                raise AssertionError('took nonsense')
            except TypeError:
                pass

    arun(main())


async def when_in_flight(job):
    while not job.is_in_flight():
        await asyncio.sleep(0.001)


@test
def a_cancelled_task_waits_for_the_answer():
    async def main():
        async with Migrate.AsyncRunner() as runner:
            job = await runner.job(next(names), SOURCE, DESTINATION, **options(policy=slow()))
            task = asyncio.create_task(runner.run(job))
            await when_in_flight(job)
            task.cancel()
            task.cancel()  # impatience changes nothing
            try:
                await task
                raise AssertionError('not cancelled')
            except asyncio.CancelledError as error:
                assert Migrate.is_cancelled(error.__cause__), error.__cause__
            # Not before: at rest, the source has it back.
            assert job.get_state() == Migrate.State.CANCELLED and not job.is_in_flight()
            assert job.dup_result().get_outcome() == Migrate.Outcome.STAYED
            # It may move again at once.
            again = await runner.run(job.get_guest(), SOURCE, DESTINATION, **options())
            assert again.get_outcome() == Migrate.Outcome.MOVED

    arun(main())


@test
def a_timeout_cancels():
    async def main():
        async with Migrate.AsyncRunner() as runner:
            job = await runner.job(next(names), SOURCE, DESTINATION, **options(policy=slow()))
            try:
                async with asyncio.timeout(0.05):
                    await runner.run(job)
                raise AssertionError('no timeout')
            except TimeoutError:
                assert job.get_state() == Migrate.State.CANCELLED

    if not hasattr(asyncio, 'timeout'):
        return 'asyncio.timeout is missing before Python 3.11'
    arun(main())


@test
def too_late_to_cancel():
    """After the hand-over the move goes on; the task is cancelled when it is at rest."""
    async def main():
        async with Migrate.AsyncRunner() as runner:
            reached = asyncio.Event()

            def on_state(job, before, now):
                if now == Migrate.State.MIGRATED:
                    reached.set()

            class Slow(GObject.Object, Migrate.Hooks):
                def do_call(self, request):
                    if request.get_point() == Migrate.HookPoint.AFTER_MIGRATE:
                        threading.Timer(0.1, request.answer).start()
                    else:
                        request.answer()
                    return True

            job = await runner.job(next(names), SOURCE, DESTINATION, **options(hooks=Slow()),
                                   on_state=on_state)
            task = asyncio.create_task(runner.run(job))
            await reached.wait()
            task.cancel()
            try:
                await task
                raise AssertionError('not cancelled')
            except asyncio.CancelledError:
                pass
            assert job.dup_result().get_outcome() == Migrate.Outcome.MOVED
            assert job.get_state() == Migrate.State.FINALIZED

    arun(main())


@test
def cancel_while_another_task_runs_it():
    async def main():
        async with Migrate.AsyncRunner() as runner:
            job = await runner.job(next(names), SOURCE, DESTINATION, **options(policy=slow()))
            task = asyncio.create_task(runner.run(job))
            await when_in_flight(job)
            assert await runner.cancel(job) is True
            try:
                await task
                raise AssertionError('not cancelled')
            except GLib.Error as error:
                assert Migrate.is_cancelled(error)

    arun(main())


@test
def detach_and_follow():
    async def main():
        async with Migrate.AsyncRunner() as runner:
            job = await runner.job(next(names), SOURCE, DESTINATION, **options(policy=slow()))
            task = asyncio.create_task(runner.run(job))
            await when_in_flight(job)
            assert await runner.detach(job) is True
            try:
                await task
                raise AssertionError('not left')
            except GLib.Error as error:
                assert Migrate.is_error(error, Migrate.Error.NEEDS_RECOVER), error
            assert (await runner.follow(job)).get_outcome() == Migrate.Outcome.MOVED

    arun(main())


@test
def leaving_waits_for_what_runs():
    async def main():
        async with Migrate.AsyncRunner() as runner:
            job = await runner.job(next(names), SOURCE, DESTINATION, **options(policy=slow()))
            task = asyncio.create_task(runner.run(job))
            await when_in_flight(job)
        assert job.get_state() == Migrate.State.FINALIZED
        assert (await task).get_outcome() == Migrate.Outcome.MOVED
        try:
            await runner.check(job)
            raise AssertionError('went on when closed')
        except RuntimeError:
            pass
        await runner.aclose()  # again

    arun(main())


@test
def a_runner_that_was_never_used_ends():
    before = threads()
    runner = Migrate.AsyncRunner()
    runner.close()
    runner.close()
    wait_for_threads(before)


run()
