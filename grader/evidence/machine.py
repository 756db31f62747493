"""What the machine did while something was timed: the basis of the clock rule."""

from msgspec import Struct

SELF_MADE_SHARE = 0.8
"""If the solution's own processes had this share of the time of all cores, their waits for a core are its own doing.
Beside other busy processes, which get their share of the cores, they cannot have this much."""


class CpuTimes(Struct, frozen=True, kw_only=True):
    """How long threads ran, and how long they were ready but had no core.

    Source: `/proc/PID/task/TID/schedstat` (Documentation/scheduler/sched-stats.rst of Linux).
    """

    cpu_s: float
    waited_s: float


class Watch(Struct, frozen=True, kw_only=True):
    """A stretch of time in which the machine was watched: the basis of the clock rule. CPU times are None where the
    system does not report them.

    Attributes:
        cores: how many cores the grader may use.
        server: what the threads of the server's processes used.
        others: what other processes used that the solution started or left behind.
        grader: what the grader's own thread used.
        loop_lag_s: the longest delay of the grader's own event loop.
    """

    started_s: float
    ended_s: float
    cores: int = 1
    server: CpuTimes | None = None
    others: CpuTimes | None = None
    grader: CpuTimes | None = None
    loop_lag_s: float = 0.0

    @property
    def elapsed_s(self) -> float:
        """Length of the stretch."""
        return self.ended_s - self.started_s

    @property
    def own_s(self) -> float | None:
        """Seconds of the stretch that the solution itself spent, computing or waiting on purpose. None where the system
        does not report CPU times.

        This is the stretch minus the waits of the server's and the grader's threads for a core, the grader's own
        computing, and the time in which the whole machine was halted. The waits of many threads add up to more than the
        stretch, so the result errs in the solution's favour. When the solution's own processes had nearly all cores,
        nothing else made them wait, and no waits are subtracted.
        """
        if self.server is None or self.grader is None:
            return None
        computed_s = self.server.cpu_s + (self.others.cpu_s if self.others is not None else 0.0)
        if self.others is not None and computed_s >= SELF_MADE_SHARE * self.cores * self.elapsed_s:
            return self.elapsed_s - self.grader.cpu_s - self.halted_s
        return (
            self.elapsed_s
            - self.server.waited_s
            - self.grader.waited_s
            - self.grader.cpu_s
            - self.halted_s
        )

    @property
    def halted_s(self) -> float:
        """Seconds in which the whole machine was halted: the grader's event loop was late, although its thread neither
        computed nor waited for a core.

        This happens when a host pauses a virtual machine, or a laptop sleeps: the clock goes on, but nothing runs.
        """
        if self.grader is None:
            return 0.0
        return max(0.0, self.loop_lag_s - self.grader.waited_s - self.grader.cpu_s)

    @property
    def taken_s(self) -> float | None:
        """Seconds of the stretch that the machine and the grader took from the solution; None if that is unknown."""
        return None if self.own_s is None else self.elapsed_s - self.own_s


class Process(Struct, frozen=True, kw_only=True):
    """A process that does not belong to the grader, and the CPU seconds that it used while the machine was watched."""

    name: str
    pid: int
    cpu_s: float


class Machine(Struct, frozen=True, kw_only=True):
    """What kept the machine busy during the attempts at a check; read only when the clock alone cannot decide.

    Attributes:
        elapsed_s: how long the machine was watched.
        cores: how many cores it has.
        busy_s: CPU seconds used by all processes together.
        steal_s: CPU seconds that the hypervisor gave to others; None if unknown.
        throttled_s: how long a CPU quota held back the grader's cgroup; None if unknown.
        others: the busiest processes, except the solution's and the grader's.
    """

    elapsed_s: float
    cores: int
    busy_s: float
    steal_s: float | None = None
    throttled_s: float | None = None
    others: tuple[Process, ...] = ()
