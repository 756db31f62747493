"""Finds out what keeps the machine busy, if the clock alone cannot tell whether the solution caused a miss.

psutil reports busy time and processes on every system. Steal time and throttling (`cpu.stat` of the grader's own
cgroup) are known only on Linux.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from grader.evidence.machine import Machine, Process

OTHERS = 3
"""Maximum number of busy processes to name."""

WORTH_NAMING = 0.05
"""A process must have used more than this share of one core to be named."""

CGROUP_ROOT = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Reading:
    """The counters of the machine at one moment.

    Attributes:
        at_s: time of the reading, on the system's monotonic clock.
        busy_s: CPU seconds of all processes since the machine started.
        steal_s: CPU seconds that the hypervisor gave to others; None if unknown.
        throttled_s: seconds for which a CPU quota held back the grader's cgroup; None if unknown.
        processes: CPU seconds of each process, by pid and name.
    """

    at_s: float
    busy_s: float
    steal_s: float | None
    throttled_s: float | None
    processes: dict[tuple[int, str], float]


def read_counters() -> Reading:
    """Read all counters now. Takes about 10 ms, which is too long for every check."""
    times = psutil.cpu_times()
    return Reading(
        at_s=time.monotonic(),
        busy_s=sum(times)
        - times.idle
        - getattr(times, "iowait", 0.0)
        - getattr(times, "guest", 0.0)
        - getattr(times, "guest_nice", 0.0),
        steal_s=getattr(times, "steal", None),
        throttled_s=_throttled_s(),
        processes=_processes(),
    )


def between(before: Reading, after: Reading, ours: set[int]) -> Machine:
    """What the machine did between two readings.

    Args:
        before: the first reading.
        after: the second reading.
        ours: pids of the grader and its launchers; neither they nor their descendants count as others.
    """
    elapsed_s = after.at_s - before.at_s
    others = [
        Process(name=name, pid=pid, cpu_s=round(cpu_s - before.processes.get((pid, name), 0.0), 3))
        for (pid, name), cpu_s in after.processes.items()
        if pid not in ours and not ours & _ancestors(pid)
    ]
    busiest = sorted(
        (process for process in others if process.cpu_s > WORTH_NAMING * elapsed_s),
        key=lambda process: -process.cpu_s,
    )
    return Machine(
        elapsed_s=elapsed_s,
        cores=os.cpu_count() or 1,
        busy_s=after.busy_s - before.busy_s,
        steal_s=_difference(before.steal_s, after.steal_s),
        throttled_s=_difference(before.throttled_s, after.throttled_s),
        others=tuple(busiest[:OTHERS]),
    )


def _difference(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before


def _processes() -> dict[tuple[int, str], float]:
    found = {}
    for process in psutil.process_iter(["pid", "name", "cpu_times"]):
        times = process.info["cpu_times"]
        if times is not None:
            name = os.fsencode(process.info["name"] or "").decode(errors="replace")
            found[process.info["pid"], name] = times.user + times.system
    return found


def _ancestors(pid: int) -> set[int]:
    try:
        return {parent.pid for parent in psutil.Process(pid).parents()}
    except psutil.Error:
        return set()


def _throttled_s() -> float | None:
    try:
        group = Path("/proc/self/cgroup").read_text().strip().rpartition("::")[2].lstrip("/")
        lines = (CGROUP_ROOT / group / "cpu.stat").read_text().splitlines()
    except OSError:
        return None
    values = dict(line.split() for line in lines if len(line.split()) == 2)
    return int(values["throttled_usec"]) / 1e6 if "throttled_usec" in values else None
