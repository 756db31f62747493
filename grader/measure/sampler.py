"""What the solution's processes hold and use, seen from outside.

Through psutil on every system; the split of a thread's time into running and waiting for a core only on Linux, from
`/proc/PID/task/TID/schedstat` (nanoseconds running, nanoseconds ready but not running).
"""

import os
import threading
from collections.abc import Iterable

import psutil

from grader.evidence.machine import CpuTimes
from grader.evidence.server import Sample


def take_sample(pids: Iterable[int], at_s: float) -> Sample:
    """Add up what these processes and their descendants hold now.

    A process that has ended holds nothing any more. The CPU seconds that it used stay in `cpu_s` all the same: the
    kernel keeps them with the process, and with its parent once that has waited for it.
    """
    roots = set(pids)
    count = threads = descriptors = memory_bytes = 0
    cpu_s = own_cpu_s = 0.0
    children: dict[int, float] = {}
    for process in _with_descendants(roots):
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        used_s = max(times.user + times.system, _precise_s(process.pid))
        cpu_s += used_s + times.children_user + times.children_system
        if process.pid in roots:
            own_cpu_s += used_s
        holdings = _holdings(process)
        if holdings is None:
            continue
        count += 1
        threads += holdings[0]
        descriptors += holdings[1]
        memory_bytes += holdings[2]
        if process.pid not in roots:
            children[process.pid] = used_s
    return Sample(
        at_s=at_s,
        processes=count,
        threads=threads,
        descriptors=descriptors,
        memory_bytes=memory_bytes,
        cpu_s=cpu_s,
        own_cpu_s=own_cpu_s,
        children=children,
    )


def _with_descendants(pids: Iterable[int]) -> list[psutil.Process]:
    processes: dict[int, psutil.Process] = {}
    for pid in pids:
        try:
            root = psutil.Process(pid)
            for process in (root, *root.children(recursive=True)):
                processes[process.pid] = process
        except psutil.Error:
            continue
    return list(processes.values())


def _precise_s(pid: int) -> float:
    """CPU seconds of the threads that live, in nanoseconds where psutil has ticks of 10 ms; 0 where the system does not
    tell.
    """
    times = cpu_times((pid,))
    return times.cpu_s if times is not None else 0.0


def _holdings(process: psutil.Process) -> tuple[int, int, int] | None:
    """Threads, descriptors and memory of a process; None when it has ended, waited for by its parent or not."""
    try:
        with process.oneshot():
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            return process.num_threads(), process.num_fds(), process.memory_info().rss
    except psutil.Error:
        return None


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


def is_running(pid: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        return psutil.Process(pid).status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:  # it is there, and not ours to look at
        return True


def own_cpu_times() -> CpuTimes | None:
    """The same for the calling thread of the grader."""
    times = _schedstat(f"/proc/self/task/{threading.get_native_id()}/schedstat")
    return CpuTimes(cpu_s=times[0] / 1e9, waited_s=times[1] / 1e9) if times is not None else None


def since(before: CpuTimes | None, now: CpuTimes | None) -> CpuTimes | None:
    """What was used between two readings; a thread that ended in between can only make it too small."""
    if before is None or now is None:
        return None
    return CpuTimes(
        cpu_s=max(0.0, now.cpu_s - before.cpu_s), waited_s=max(0.0, now.waited_s - before.waited_s)
    )


def _threads(pid: int) -> list[str]:
    try:
        return os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []


def _schedstat(path: str) -> tuple[int, int] | None:
    try:
        with open(path, "rb", buffering=0) as file:
            fields = file.read().split()
        return int(fields[0]), int(fields[1])
    except (OSError, IndexError, ValueError):
        return None
