"""Helpers for processes. Those that need Linux do nothing elsewhere."""

import contextlib
import ctypes
import os
import signal
import sys

IS_LINUX = sys.platform.startswith("linux")

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36
PR_SET_PTRACER = 0x59616D61
PR_SET_PTRACER_ANY = 2 ** (8 * ctypes.sizeof(ctypes.c_ulong)) - 1
"""From linux/prctl.h."""


def set_process_option(option: int, value: int) -> None:
    """Call `prctl`."""
    if IS_LINUX:
        ctypes.CDLL(None, use_errno=True).prctl(option, ctypes.c_ulong(value), 0, 0, 0)


def send_signal(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process, which may have exited."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def descendants(*parents: int) -> set[int]:
    """Pids of all descendants of these processes, from `/proc/PID/stat`; empty if there is no `/proc`."""
    if not IS_LINUX:
        return set()
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            children.setdefault(parent_of(int(name)), []).append(int(name))
    found: set[int] = set()
    unseen = list(parents)
    while unseen:
        below = set(children.get(unseen.pop(), ())) - found
        found |= below
        unseen += below
    return found


def parent_of(pid: int) -> int:
    """Pid of the parent; 0 if the process does not exist."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return 0
