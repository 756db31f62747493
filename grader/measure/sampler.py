"""Reads from outside what the solution's processes hold and use.

psutil works on every system. Only Linux reports how long a thread ran and how long it waited for a core, in nanoseconds
(`/proc/PID/task/TID/schedstat`).
"""

import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass

import psutil

from grader.evidence.machine import CpuTimes
from grader.evidence.server import Sample


@dataclass(frozen=True)
class _Holdings:
    """The resources that a live process holds."""

    threads: int
    descriptors: int
    memory_bytes: int


@dataclass(frozen=True)
class _Usage:
    """The resources that one process holds and has used.

    Attributes:
        used_s: its own CPU seconds.
        ended_children_s: CPU seconds of the children that it has waited for.
        holdings: None if the process has exited.
    """

    pid: int
    used_s: float
    ended_children_s: float
    holdings: _Holdings | None


def take_sample(pids: Iterable[int], at_s: float) -> Sample:
    """Add up what these processes and their descendants hold now.

    A process that has exited holds nothing, but its CPU seconds still count in `cpu_s`: the kernel keeps them with the
    process, and adds them to its parent once the parent has waited for it.

    Args:
        pids: of the server's own processes; missing ones are ignored.
        at_s: now, on the run's clock.
    """
    roots = set(pids)
    usages = [usage for process in _with_descendants(roots) if (usage := _usage(process))]
    holdings = [usage.holdings for usage in usages if usage.holdings is not None]
    return Sample(
        at_s=at_s,
        processes=len(holdings),
        threads=sum(held.threads for held in holdings),
        descriptors=sum(held.descriptors for held in holdings),
        memory_bytes=sum(held.memory_bytes for held in holdings),
        cpu_s=sum(usage.used_s + usage.ended_children_s for usage in usages),
        own_cpu_s=sum(usage.used_s for usage in usages if usage.pid in roots),
        children={
            usage.pid: usage.used_s
            for usage in usages
            if usage.pid not in roots and usage.holdings is not None
        },
    )


def _usage(process: psutil.Process) -> _Usage | None:
    """The usage of a process; None if it no longer exists."""
    try:
        times = process.cpu_times()
    except psutil.Error:
        return None
    used_s = max(times.user + times.system, _precise_s(process.pid))
    ended_children_s = times.children_user + times.children_system
    return _Usage(process.pid, used_s, ended_children_s, _holdings(process))


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
    """CPU seconds of the live threads, in nanosecond resolution (psutil has ticks of 10 ms); 0 if the system does not
    report them.
    """
    times = cpu_times((pid,))
    return times.cpu_s if times is not None else 0.0


def _holdings(process: psutil.Process) -> _Holdings | None:
    """The holdings of a process; None if it has exited, even if its parent has not waited for it yet."""
    try:
        with process.oneshot():
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            return _Holdings(process.num_threads(), process.num_fds(), process.memory_info().rss)
    except psutil.Error:
        return None


def cpu_times(pids: Iterable[int]) -> CpuTimes | None:
    """CPU times of all threads of these processes so far; None if the system does not report them."""
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
    """Whether a process exists and has not exited."""
    try:
        return psutil.Process(pid).status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:  # it exists, but we may not read it
        return True


def own_cpu_times() -> CpuTimes | None:
    """CPU times of the calling thread so far; None if the system does not report them."""
    times = _schedstat(f"/proc/self/task/{threading.get_native_id()}/schedstat")
    return CpuTimes(cpu_s=times[0] / 1e9, waited_s=times[1] / 1e9) if times is not None else None


def since(before: CpuTimes | None, now: CpuTimes | None) -> CpuTimes | None:
    """The difference between two readings; too small if a thread exited in between."""
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
