"""What the solution's processes hold and use, seen from outside.

Through psutil on every system; the split of a thread's time into running and waiting for a core only on Linux, from
`/proc/PID/task/TID/schedstat` (nanoseconds running, nanoseconds ready but not running).
"""

import os
import threading
from collections.abc import Iterable
from pathlib import Path

import psutil

from grader.evidence.model import CpuTimes, Sample


def take_sample(pids: Iterable[int], at_s: float) -> Sample:
    """Add up what these processes and their descendants hold now; processes that end meanwhile count as gone."""
    processes: dict[int, psutil.Process] = {}
    for pid in pids:
        try:
            root = psutil.Process(pid)
            for process in (root, *root.children(recursive=True)):
                processes[process.pid] = process
        except psutil.Error:
            continue
    count = threads = descriptors = memory_bytes = 0
    cpu_s = 0.0
    for process in processes.values():
        try:
            with process.oneshot():
                times = process.cpu_times()
                threads += process.num_threads()
                descriptors += process.num_fds()
                memory_bytes += process.memory_info().rss
                cpu_s += times.user + times.system
                count += 1
        except psutil.Error:
            continue
    return Sample(at_s=at_s, processes=count, threads=threads, descriptors=descriptors, memory_bytes=memory_bytes, cpu_s=cpu_s)


def cpu_times(pids: Iterable[int]) -> CpuTimes | None:
    """Running and waiting time of all threads of these processes so far; None where the system does not tell."""
    total_run = total_wait = 0
    seen = False
    for pid in pids:
        for tid in _threads(pid):
            times = _schedstat(f"/proc/{pid}/task/{tid}/schedstat")
            if times is not None:
                seen = True
                total_run += times[0]
                total_wait += times[1]
    return CpuTimes(cpu_s=total_run / 1e9, waited_s=total_wait / 1e9) if seen else None


def own_cpu_times() -> CpuTimes | None:
    """The same for the calling thread of the grader."""
    times = _schedstat(f"/proc/self/task/{threading.get_native_id()}/schedstat")
    return CpuTimes(cpu_s=times[0] / 1e9, waited_s=times[1] / 1e9) if times is not None else None


def since(before: CpuTimes | None, now: CpuTimes | None) -> CpuTimes | None:
    """What was used between two readings; a thread that ended in between can only make it too small."""
    if before is None or now is None:
        return None
    return CpuTimes(cpu_s=max(0.0, now.cpu_s - before.cpu_s), waited_s=max(0.0, now.waited_s - before.waited_s))


def _threads(pid: int) -> list[str]:
    try:
        return os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []


def _schedstat(path: str) -> tuple[int, int] | None:
    try:
        fields = Path(path).read_bytes().split()
        return int(fields[0]), int(fields[1])
    except (OSError, IndexError, ValueError):
        return None
