"""What the machine did during a measurement: the basis of the clock rule."""

from msgspec import Struct

SELF_MADE_SHARE = 0.8
"""If the solution's processes used this share of all cores' time, they only waited for a core because of each other.
They cannot get that much beside other busy processes."""


class CpuTimes(Struct, frozen=True, kw_only=True):
    """How long threads ran, and how long they were ready but had no core.

    Source: `/proc/PID/task/TID/schedstat` (Documentation/scheduler/sched-stats.rst of Linux).
    """

    cpu_s: float
    waited_s: float


class Watch(Struct, frozen=True, kw_only=True):
    """A stretch of time, with CPU times that tell whether the solution or the machine took it. CPU times are None if
    the system does not report them.

    Attributes:
        cores: how many cores the grader may use.
        server: CPU times of the server's processes.
        others: CPU times of other processes that the solution started or left behind.
        grader: CPU times of the grader's own thread.
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
        """The solution's own time: seconds that it spent computing or waiting on purpose. None if the system does not
        report CPU times.

        It is the elapsed time minus the waits of the server's and the grader's threads for a core, the grader's CPU
        time, and the time in which the whole machine was halted. The waits of many threads can add up to more than the
        elapsed time, so the result errs in the solution's favour. If the solution's processes had nearly all cores,
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
        """Seconds in which the whole machine was halted: the grader's event loop was late although its thread neither
        computed nor waited for a core.

        This happens when a host pauses a virtual machine or a laptop sleeps: the clock runs on, but no process does.
        """
        if self.grader is None:
            return 0.0
        return max(0.0, self.loop_lag_s - self.grader.waited_s - self.grader.cpu_s)

    @property
    def taken_s(self) -> float | None:
        """Seconds of the stretch that the machine and the grader took from the solution; None if that is unknown."""
        return None if self.own_s is None else self.elapsed_s - self.own_s


class Process(Struct, frozen=True, kw_only=True):
    """A process that does not belong to the grader.

    Attributes:
        cpu_s: CPU seconds that it used between the two readings.
    """

    name: str
    pid: int
    cpu_s: float


class Machine(Struct, frozen=True, kw_only=True):
    """What kept the machine busy during the attempts at a check; measured only if the clock alone cannot decide.

    Attributes:
        elapsed_s: time between the two readings.
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
