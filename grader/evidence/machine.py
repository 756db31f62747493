"""What the machine did during a measurement: the basis of the clock rule."""

from msgspec import Struct


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
