"""Processes that gradings start, as tests look for them."""

import contextlib
from collections.abc import Iterator

import psutil

from tests.waiting import wait_until


def launchers() -> list[psutil.Process]:
    """Launchers of solutions and the servers that they forked, with the sandboxes around them."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "grader.child" in " ".join(process.cmdline()):
                found.append(process)
    return found


def outermost(processes: list[psutil.Process]) -> set[psutil.Process]:
    """Processes that no other of these started: launchers, and not their servers, which may exit at any time."""
    found = set()
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.parent() not in processes:
                found.add(process)
    return found


def workers() -> list[psutil.Process]:
    """Workers of the pools of this process: children of their forkservers, which are its own children."""
    forkservers = [
        child for child in psutil.Process().children() if "forkserver" in " ".join(child.cmdline())
    ]
    return [worker for forkserver in forkservers for worker in forkserver.children()]


def command_lines() -> Iterator[str]:
    """The command lines of all processes."""
    return (" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"]))


def has_ended(process: psutil.Process) -> bool:
    """Whether it has exited, whether or not its parent has reaped it."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def started_since(before: set[psutil.Process]) -> set[psutil.Process]:
    """The descendants of this process that are not among these."""
    return set(psutil.Process().children(recursive=True)) - before


def end(processes: set[psutil.Process]) -> None:
    """Kill these processes, and wait until they have exited; their parents may reap them later."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    wait_until(lambda: all(has_ended(process) for process in processes))
