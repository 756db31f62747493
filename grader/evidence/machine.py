"""How the machine fared while something was timed: the base of the clock rule."""

from msgspec import Struct

SELF_MADE_SHARE = 0.8
"""Of the time of all cores, the share that the solution's own processes must have had for its waits to be its own
doing. Beside others' processes, which get their share of the cores, it cannot have so much."""


class CpuTimes(Struct, frozen=True, kw_only=True):
    """How long threads ran and how long they were ready but had no core; None where the system does not say.

    Source: `/proc/PID/task/TID/schedstat` (Documentation/scheduler/sched-stats.rst of Linux).
    """

    cpu_s: float
    waited_s: float


class Watch(Struct, frozen=True, kw_only=True):
    """A stretch of time in which the machine was watched: the base of the clock rule.

    Attributes:
        server: what the threads of the solution's processes used in this stretch.
        others: the same for what runs beside the server's own processes: started by the solution, or left over by it.
        grader: the same for the grader's own thread.
        loop_lag_s: how late the grader's own event loop was at worst.
        cores: how many the grader may use.
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
        """Length of the stretch in seconds."""
        return self.ended_s - self.started_s

    @property
    def own_s(self) -> float | None:
        """Seconds of the stretch that were the code's own: waiting on purpose, or computing.

        Taken off are the waits of the server's and the grader's threads for a core, the grader's own computing, and the
        time in which the whole machine stood still. With many threads the waits add up to more than the stretch, so the
        result errs in the solution's favour. None where the system does not tell. When the solution's own processes had
        nearly all cores to themselves, nobody else made them wait.
        """
        if self.server is None or self.grader is None:
            return None
        computed_s = self.server.cpu_s + (self.others.cpu_s if self.others is not None else 0.0)
        if self.others is not None and computed_s >= SELF_MADE_SHARE * self.cores * self.elapsed_s:
            return self.elapsed_s - self.grader.cpu_s - self.stood_still_s
        return (
            self.elapsed_s
            - self.server.waited_s
            - self.grader.waited_s
            - self.grader.cpu_s
            - self.stood_still_s
        )

    @property
    def stood_still_s(self) -> float:
        """Seconds that nobody can account for: the grader's loop was late, and had neither computed nor waited for a
        core.

        So it is when a virtual machine is halted by its host, or a laptop sleeps: its clock goes on, and nothing in it
        runs.
        """
        if self.grader is None:
            return 0.0
        return max(0.0, self.loop_lag_s - self.grader.waited_s - self.grader.cpu_s)

    @property
    def taken_s(self) -> float | None:
        """Seconds of the stretch that the machine and the grader took from the solution; None where that is unknown."""
        return None if self.own_s is None else self.elapsed_s - self.own_s


class Process(Struct, frozen=True, kw_only=True):
    """A process that is not the grader's, and the CPU seconds that it used while the machine was watched."""

    name: str
    pid: int
    cpu_s: float


class Machine(Struct, frozen=True, kw_only=True):
    """What kept the machine busy during the attempts at a check; looked at only when the clock alone cannot tell.

    Attributes:
        elapsed_s: how long it was watched.
        cores: how many there are.
        busy_s: CPU seconds used by all processes together.
        steal_s: CPU seconds that the hypervisor gave to others; None where the system does not tell.
        throttled_s: how long a cgroup limit held the grader's group back; None where there is none.
        others: the processes that used most, the solution and the grader not among them.
    """

    elapsed_s: float
    cores: int
    busy_s: float
    steal_s: float | None = None
    throttled_s: float | None = None
    others: tuple[Process, ...] = ()
