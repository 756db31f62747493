"""The resource limits of a solution's processes, and how they are enforced.

The system limits each process (`setrlimit`). Every 0.1 s the keeper of a server adds up from `/proc` what all of its
processes use together. Without `/proc` (macOS) only the system's limits apply.
"""

import contextlib
import os
import resource
import sys
from collections.abc import Iterable
from dataclasses import dataclass

MIB = 1024 * 1024

ADDRESS_SPACE_FLOOR_BYTES = 4 * 1024 * MIB
ADDRESS_SPACE_FACTOR = 4
"""Each process may map four times the memory that all processes may use together, plus 4 GiB, because each thread maps
8 MiB that it never touches. A single huge allocation thus fails immediately, before the keeper measures it."""

SERVERS = 8
"""How many servers of one user may run side by side and use their limits of processes and threads to the full. The
system counts all processes of a user together, and thus only slows a fork bomb down; the keeper limits each server."""

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Resources:
    """The limits for the processes of one server.

    Attributes:
        memory_bytes: resident memory of all processes together; shared memory counts once.
        processes: number of simultaneous processes.
        threads: number of threads in all processes together.
        descriptors: number of descriptors in each process.
        file_bytes: size of each file that a process writes.
        cpu_s: CPU seconds of all processes together, including those that have exited.
    """

    memory_bytes: int = 1024 * MIB
    processes: int = 64
    threads: int = 512
    descriptors: int = 1024
    file_bytes: int = 64 * MIB
    cpu_s: float = 60.0


@dataclass(frozen=True)
class Excess:
    """A limit that was exceeded: `memory_bytes`, `processes`, `threads` or `cpu_s`."""

    what: str
    limit: float
    seen: float


def restrict(resources: Resources, *, alone: bool) -> None:
    """Limit this process and all processes that it starts, as far as the system supports it.

    Args:
        resources: the limits.
        alone: whether nothing else runs as this user, as in a sandbox; only then can the number of processes be
            limited.
    """
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_NOFILE, resources.descriptors)
    _lower(resource.RLIMIT_FSIZE, resources.file_bytes)
    _lower(resource.RLIMIT_CPU, round(resources.cpu_s) + 1)
    if sys.platform.startswith("linux"):
        _lower(
            resource.RLIMIT_AS,
            ADDRESS_SPACE_FACTOR * resources.memory_bytes + ADDRESS_SPACE_FLOOR_BYTES,
        )
        if alone:
            # This limit also counts threads. It does not apply to a user who is root outside of the sandbox.
            _lower(resource.RLIMIT_NPROC, SERVERS * (resources.threads + resources.processes))


def _lower(which: int, limit: int) -> None:
    """Set a limit, unless a stricter one is set already."""
    _, hard = resource.getrlimit(which)
    if hard == resource.RLIM_INFINITY or limit < hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(which, (limit, limit))
    else:
        resource.setrlimit(which, (hard, hard))


def find_excess(
    pids: Iterable[int], resources: Resources, *, ended_cpu_s: float = 0.0
) -> Excess | None:
    """The first limit that the processes of a server exceed; None if they exceed none or the system does not say.

    Args:
        pids: the live processes.
        resources: the limits.
        ended_cpu_s: CPU seconds of processes that have exited and are counted nowhere else.
    """
    known = [usage for usage in map(_usage, pids) if usage is not None]
    if len(known) > resources.processes:
        return Excess("processes", resources.processes, len(known))
    threads = sum(usage.threads for usage in known)
    if threads > resources.threads:
        return Excess("threads", resources.threads, threads)
    cpu_s = ended_cpu_s + sum(usage.cpu_s for usage in known)
    if cpu_s > resources.cpu_s:
        return Excess("cpu_s", resources.cpu_s, cpu_s)
    # This sum is cheap but counts shared memory several times. The exact figure takes 1 ms per process.
    if sum(usage.memory_bytes for usage in known) > resources.memory_bytes:
        memory_bytes = sum(_proportional_bytes(usage) for usage in known)
        if memory_bytes > resources.memory_bytes:
            return Excess("memory_bytes", resources.memory_bytes, memory_bytes)
    return None


@dataclass(frozen=True)
class _Usage:
    pid: int
    threads: int
    cpu_s: float
    memory_bytes: int


def _usage(pid: int) -> _Usage | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # Skip to field 3, because the name before it may contain spaces and parentheses; see proc(5).
            fields = file.read().rpartition(b")")[2].split()
        ticks = sum(int(field) for field in fields[11:15])
        return _Usage(pid, int(fields[17]), ticks / TICKS_PER_S, int(fields[21]) * PAGE_BYTES)
    except (OSError, IndexError, ValueError):
        return None


def _proportional_bytes(usage: _Usage) -> int:
    """Proportional set size: resident memory, with each shared page divided among its users. See proc(5)."""
    try:
        with open(f"/proc/{usage.pid}/smaps_rollup", "rb") as file:
            for line in file:
                if line.startswith(b"Pss:"):
                    return int(line.split()[1]) * 1024
    except (OSError, IndexError, ValueError):
        pass
    return usage.memory_bytes
