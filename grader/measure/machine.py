"""What keeps the machine busy, looked at only when the clock alone cannot tell whose fault a miss is.

Sources on Linux: `/proc/stat` (all CPU time, steal), `cpu.stat` of the grader's own cgroup (throttling). Elsewhere
psutil gives the busy time and the processes; steal and throttling stay unknown.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from grader.evidence.machine import Machine, Process

OTHERS = 3
"""How many other processes are named."""

WORTH_NAMING = 0.05
"""A process that used less than this share of one core is not named."""

CGROUP_ROOT = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Reading:
    """One look at the machine."""

    at_s: float
    busy_s: float
    steal_s: float | None
    throttled_s: float | None
    processes: dict[tuple[int, str], float]


def look() -> Reading:
    """Read all counters now; takes some 10 ms, which is why it is not done all the time."""
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
    """What happened between two looks.

    Args:
        before: the first look.
        after: the second look.
        ours: pids of the grader and its launcher; they and all that descends from them are not others.
    """
    elapsed_s = after.at_s - before.at_s
    others = [
        Process(name=name, pid=pid, cpu_s=round(cpu_s - before.processes.get((pid, name), 0.0), 3))
        for (pid, name), cpu_s in after.processes.items()
        if pid not in ours and not ours & _ancestors(pid)
    ]
    busiest = sorted(
        (one for one in others if one.cpu_s > WORTH_NAMING * elapsed_s), key=lambda one: -one.cpu_s
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
