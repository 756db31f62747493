"""Watches the machine during a measurement, to tell a slow solution from a busy machine."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import anyio

from grader.evidence.machine import CpuTimes, Watch
from grader.judge.rule import own_s
from grader.measure.backoff import Backoff
from grader.measure.cores import usable_cores
from grader.measure.sampler import cpu_times, own_cpu_times, since

TICK_S = 0.01
"""Period of the heartbeat that measures the lag of the grader's event loop; longer on a busy machine (`Backoff`)."""

LET_RUN_FACTOR = 10
"""`let_run` takes at most this many times the requested seconds, even if the server never gets a core."""


class Clock:
    """Seconds since the run began, from the system's monotonic clock."""

    def __init__(self) -> None:
        self._zero = time.monotonic()

    def now(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._zero


@dataclass(frozen=True)
class WatchStart:
    """The readings at the beginning of a watch.

    Attributes:
        at_s: when it began, on the run's clock.
        server: CPU times of the server's processes; None if the system does not report them.
        others: CPU times of the processes in `other_pids`.
        other_pids: all other processes that the solution had started by then.
        grader: CPU times of the grader's own thread.
    """

    at_s: float
    server: CpuTimes | None
    others: CpuTimes | None
    other_pids: tuple[int, ...]
    grader: CpuTimes | None


def own_or_elapsed_s(watch: Watch) -> float:
    """The own time of a watch, in seconds; elapsed time if the system does not report CPU times."""
    own = own_s(watch)
    return watch.elapsed_s if own is None else own


class MachineWatcher:
    """Reads the CPU times of the server and the grader at the beginning and the end of each watch.

    Args:
        clock: the run's clock.
    """

    def __init__(self, clock: Clock) -> None:
        self._pids: Callable[[], Iterable[int]] = tuple
        self._others: Callable[[], Iterable[int]] = tuple
        self._clock = clock
        self._cores = usable_cores()
        self._lags: list[tuple[float, float]] = []

    def watch(self, pids: Callable[[], Iterable[int]], others: Callable[[], Iterable[int]]) -> None:
        """Watch a server from now on.

        Args:
            pids: returns the current pids of the server's processes.
            others: returns the current pids of all other processes that the solution has started.
        """
        self._pids, self._others = pids, others

    def open(self) -> WatchStart:
        """Begin a watch. Several may be open at once."""
        others = tuple(self._others())
        return WatchStart(
            self._clock.now(), cpu_times(self._pids()), cpu_times(others), others, own_cpu_times()
        )

    def close(self, opening: WatchStart) -> Watch:
        """The watch from `opening` until now. The same opening may be closed repeatedly."""
        ended_s = self._clock.now()
        return Watch(
            started_s=opening.at_s,
            ended_s=ended_s,
            server=since(opening.server, cpu_times(self._pids())),
            others=since(opening.others, cpu_times(opening.other_pids)),
            cores=self._cores,
            grader=since(opening.grader, own_cpu_times()),
            loop_lag_s=max((lag for at_s, lag in self._lags if at_s >= opening.at_s), default=0.0),
        )

    async def let_run(self, seconds: float) -> None:
        """Wait until the server has had this much own time: elapsed time if the system does not report CPU times.

        Call it before asserting that something did not happen. A wrong solution has then had the time to do it, however
        busy the machine is.

        Args:
            seconds: own time to wait for.
        """
        opening = self.open()
        while True:
            watch = self.close(opening)
            missing_s = seconds - own_or_elapsed_s(watch)
            if missing_s <= 0 or watch.elapsed_s > LET_RUN_FACTOR * seconds:
                return
            await anyio.sleep(missing_s)

    async def beat(self) -> None:
        """Measure the lag of the grader's event loop until cancelled."""
        backoff = Backoff(TICK_S)
        while True:
            late_s = await backoff.pause()
            self._lags.append((self._clock.now(), late_s))
