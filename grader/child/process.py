"""Helpers for processes. Those that need Linux do nothing elsewhere."""

import contextlib
import ctypes
import os
import signal
import socket
import sys
import time

IS_LINUX = sys.platform.startswith("linux")

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36
PR_SET_PTRACER = 0x59616D61
PR_SET_PTRACER_ANY = 2 ** (8 * ctypes.sizeof(ctypes.c_ulong)) - 1
"""From linux/prctl.h."""


FORK_S = 2.0
"""How long a refused fork is tried again: processes that use up the limit are killed meanwhile."""

FORK_POLL_S = 0.02


def set_process_option(option: int, value: int) -> None:
    """Call `prctl`."""
    if IS_LINUX:
        ctypes.CDLL(None, use_errno=True).prctl(option, ctypes.c_ulong(value), 0, 0, 0)


def send_signal(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process, which may have exited."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def fork() -> int:
    """Fork this process. While the system refuses for lack of processes, try again for `FORK_S`.

    Raises:
        OSError: the system still refuses.
    """
    ends = time.monotonic() + FORK_S
    while True:
        try:
            return os.fork()
        except BlockingIOError:
            if time.monotonic() > ends:
                raise
            time.sleep(FORK_POLL_S)


class Wakeup:
    """Becomes readable when a child of this process exits or stops. A process has at most one."""

    def __init__(self) -> None:
        self._read, self._write = socket.socketpair()
        for end in (self._read, self._write):
            end.setblocking(False)
        signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def fileno(self) -> int:
        """The descriptor, for `select`."""
        return self._read.fileno()

    def clear(self) -> None:
        """Make it unreadable until the next child exits."""
        with contextlib.suppress(BlockingIOError):
            self._read.recv(4096)

    def close(self) -> None:
        """Handle SIGCHLD by default again, and close the descriptors."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._read.close()
        self._write.close()


def children() -> list[int]:
    """Pids of the children that the main thread has forked or adopted, read so fast that even a process that lives for
    a millisecond is among them; empty if the system has no `/proc/PID/task/TID/children`.
    """
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", "rb") as file:
            return [int(pid) for pid in file.read().split()]
    except (OSError, ValueError):
        return []


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
