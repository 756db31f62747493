"""Watches the machine while something is timed, so that a slow answer can be laid at the right door."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import anyio

from grader.evidence.machine import CpuTimes, Watch
from grader.measure.backoff import Pace
from grader.measure.cores import usable_cores
from grader.measure.sampler import cpu_times, own_cpu_times, since

TICK_S = 0.01
"""Period of the grader's own heartbeat, from which its loop's lag is read; it is slower where that would keep the
grader busy.
"""

PATIENCE = 10
"""How many times longer than asked `let_run` takes at most, on a machine that gives the server nothing."""


class Clock:
    """Seconds since the run began, from the system's monotonic clock."""

    def __init__(self) -> None:
        self._zero = time.monotonic()

    def now(self) -> float:
        """Seconds since this clock was made."""
        return time.monotonic() - self._zero


@dataclass(frozen=True)
class Opening:
    """Where a watch began."""

    at_s: float
    server: CpuTimes | None
    others: CpuTimes | None
    other_pids: tuple[int, ...]
    grader: CpuTimes | None


class Watcher:
    """Reads CPU and waiting times of the server and of the grader around a stretch of time.

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
            pids: gives the pids of the server's processes at the moment of asking.
            others: the same for everything else that the solution has started.
        """
        self._pids, self._others = pids, others

    def open(self) -> Opening:
        """Begin a watch."""
        others = tuple(self._others())
        return Opening(
            self._clock.now(), cpu_times(self._pids()), cpu_times(others), others, own_cpu_times()
        )

    def close(self, opening: Opening) -> Watch:
        """End a watch."""
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
        """Wait until the server has had so many seconds; what it and the grader waited for a core does not count.

        For what a wrong solution is bound to do in that time, however busy the machine is. Plain seconds where the
        system does not tell.
        """
        opening = self.open()
        while True:
            watch = self.close(opening)
            missing_s = seconds - (watch.elapsed_s if watch.own_s is None else watch.own_s)
            if missing_s <= 0 or watch.elapsed_s > PATIENCE * seconds:
                return
            await anyio.sleep(missing_s)

    async def beat(self) -> None:
        """The heartbeat; runs until it is cancelled."""
        pace = Pace(TICK_S)
        while True:
            late_s = await pace.pause()
            self._lags.append((self._clock.now(), late_s))
