"""What a watch has seen of the server, of the grader and of the machine."""

import asyncio
import os
import sys
import time

import anyio
import anyio.lowlevel
import pytest
from msgspec.structs import replace

from grader.evidence.machine import CpuTimes, Watch
from grader.measure.timing import LET_RUN_FACTOR, Clock, MachineWatcher, WatchStart
from tests.waiting import until

reports_cpu_times = pytest.mark.skipif(sys.platform != "linux", reason="read from schedstat")


@pytest.fixture
def watcher() -> MachineWatcher:
    return MachineWatcher(Clock())


def compute(seconds: float) -> None:
    """Use this much CPU time in this thread."""
    end_s = time.thread_time() + seconds
    while time.thread_time() < end_s:
        pass


def test_a_clock_counts_from_the_moment_it_was_made() -> None:
    before_s = time.monotonic()
    clock = Clock()
    assert 0 <= clock.now() <= time.monotonic() - before_s


def test_a_watch_lasts_from_its_opening_until_it_is_closed(watcher: MachineWatcher) -> None:
    start = watcher.open()
    first, second = watcher.close(start), watcher.close(start)
    assert first.started_s == second.started_s == start.at_s
    assert first.ended_s <= second.ended_s
    assert first.cores >= 1


def test_without_a_server_the_solution_s_time_is_unknown(watcher: MachineWatcher) -> None:
    watch = watcher.close(watcher.open())
    assert (watch.server, watch.others, watch.own_s) == (None, None, None)


@reports_cpu_times
def test_a_watch_has_the_cpu_times_of_server_and_grader(watcher: MachineWatcher) -> None:
    watcher.watch(lambda: [os.getpid()], tuple)
    start = watcher.open()
    compute(0.05)
    watch = watcher.close(start)
    assert watch.server is not None
    assert watch.grader is not None
    assert watch.server.cpu_s >= 0.04
    assert watch.grader.cpu_s >= 0.04


@reports_cpu_times
def test_processes_that_started_after_the_opening_do_not_count(watcher: MachineWatcher) -> None:
    others: list[int] = []
    watcher.watch(tuple, lambda: others)
    start = watcher.open()
    others.append(os.getpid())
    assert start.other_pids == ()
    assert watcher.close(start).others is None
    assert watcher.close(watcher.open()).others is not None


async def test_a_blocked_event_loop_shows_as_lag_in_the_watches_that_were_open(
    watcher: MachineWatcher,
) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watcher.beat)
        start = watcher.open()
        await anyio.lowlevel.checkpoint()  # the heartbeat begins its pause
        asyncio.get_running_loop().call_soon(time.sleep, 0.2)
        await until(lambda: watcher.close(start).loop_lag_s >= 0.15)
        after = watcher.open()
        assert watcher.close(after).loop_lag_s == 0.0
        tasks.cancel_scope.cancel()


class Shared(MachineWatcher):
    """A watcher of a server that gets this share of the time, and otherwise waits for a core; None: the system does
    not report CPU times.
    """

    def __init__(self, share: float | None) -> None:
        super().__init__(Clock())
        self._share = share

    def close(self, opening: WatchStart) -> Watch:
        watch = super().close(opening)
        if self._share is None:
            return replace(watch, server=None, grader=None)
        waited = CpuTimes(cpu_s=0.0, waited_s=(1 - self._share) * watch.elapsed_s)
        return replace(watch, server=waited, grader=CpuTimes(cpu_s=0.0, waited_s=0.0))


@pytest.mark.parametrize(
    ("share", "elapsed_s"),
    [
        pytest.param(1.0, 0.05, id="alone"),
        pytest.param(0.5, 0.1, id="beside another process"),
        pytest.param(0.0, 0.05 * LET_RUN_FACTOR, id="never gets a core, so the wait is given up"),
        pytest.param(None, 0.05, id="elapsed time counts where CPU times are not reported"),
    ],
)
async def test_a_server_gets_the_seconds_it_is_to_have(
    share: float | None, elapsed_s: float
) -> None:
    watcher = Shared(share)
    start = watcher.open()
    await watcher.let_run(0.05)
    assert watcher.close(start).elapsed_s >= elapsed_s
