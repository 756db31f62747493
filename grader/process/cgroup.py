"""A cgroup for each server, with limits that the kernel enforces, if cgroup v2 allows making one.

It does if the grader runs in a subtree that is delegated to its user, with the controllers `memory` and `pids` enabled:
in most desktop sessions, under `systemd-run --user --scope`, or in a service with `Delegate=yes`. See the kernel's
admin guide, "Control Group v2".
"""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from grader.child.limits import Excess, Resources

ROOT = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")
NEEDED = {"memory", "pids"}
PREFIX = "fastapi-katas-"


def usable_parent(root: Path = ROOT, membership: Path = MEMBERSHIP) -> Path | None:
    """The parent of the grader's cgroup if the grader may make cgroups in it; otherwise None."""
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return None
    own = next(
        (line.removeprefix("0::").lstrip("/") for line in lines if line.startswith("0::")), ""
    )
    if not own:
        return None
    # Not below the grader's own cgroup: a cgroup that contains processes cannot enable controllers for its children
    # (the "no internal processes" rule).
    parent = (root / own).parent
    try:
        given = set((parent / "cgroup.subtree_control").read_text().split())
    except OSError:
        return None
    writable = os.access(parent, os.W_OK) and os.access(parent / "cgroup.procs", os.W_OK)
    return parent if given >= NEEDED and writable else None


class Group:
    """The cgroup of one server.

    Args:
        folder: the cgroup's folder.
        resources: its limits.

    Attributes:
        folder: as passed.
        holds_server: whether the server's keeper has moved into it.
    """

    def __init__(self, folder: Path, resources: Resources) -> None:
        self.folder = folder
        self.holds_server = False
        self._resources = resources

    @contextlib.contextmanager
    def joining(self) -> Iterator[list[int]]:
        """A descriptor with which a process outside of it moves itself in by writing `0`; none if the system refuses.

        The kernel checks the rights of the process that opened the file, so this also works from within a sandbox.
        """
        try:
            descriptor = os.open(self.folder / "cgroup.procs", os.O_WRONLY)
        except OSError:
            yield []
            return
        try:
            yield [descriptor]
        finally:
            os.close(descriptor)

    def excess(self) -> Excess | None:
        """The limit that the kernel has enforced on the server; None if it has not enforced any."""
        if not self.holds_server:
            return None
        if self._count("memory.events", "oom_kill"):
            return Excess(
                "memory_bytes", self._resources.memory_bytes, self._resources.memory_bytes
            )
        if self._count("pids.events", "max"):
            return Excess("threads", _tasks(self._resources), _tasks(self._resources))
        return None

    def _count(self, file: str, event: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            for line in (self.folder / file).read_text().splitlines():
                name, number = line.split()
                if name == event:
                    return int(number)
        return 0


class Groups:
    """Makes the cgroups of a launcher's servers.

    Args:
        resources: limits of each.
        parent: the cgroup to make them in; see `usable_parent`. None if there is none.
    """

    def __init__(self, resources: Resources, parent: Path | None) -> None:
        self._resources = resources
        self._parent = parent
        self._running: set[Path] = set()
        self._ended: set[Path] = set()

    def make(self) -> Group | None:
        """A new cgroup; None if it cannot be made."""
        self._remove_ended()
        if self._parent is None:
            return None
        folder = self._parent / f"{PREFIX}{secrets.token_hex(4)}"
        try:
            folder.mkdir()
            self._running.add(folder)
            (folder / "memory.max").write_text(str(self._resources.memory_bytes))
            (folder / "pids.max").write_text(str(_tasks(self._resources)))
            with contextlib.suppress(OSError):  # missing where the system has no swap
                (folder / "memory.swap.max").write_text("0")
        except OSError:
            self._end(folder)
            return None
        return Group(folder, self._resources)

    def end(self, group: Group) -> None:
        """Kill all processes in a cgroup, and remove it as soon as they have exited."""
        self._end(group.folder)

    def close(self) -> None:
        """End and remove all cgroups. The launcher has exited, so they are empty unless a process is still exiting."""
        for folder in list(self._running):
            self._end(folder)
        self._remove_ended()

    def _end(self, folder: Path) -> None:
        self._running.discard(folder)
        self._ended.add(folder)
        with contextlib.suppress(OSError):
            (folder / "cgroup.kill").write_text("1")
        self._remove_ended()

    def _remove_ended(self) -> None:
        for folder in list(self._ended):
            with contextlib.suppress(OSError):  # a process is still exiting
                folder.rmdir()
                self._ended.discard(folder)


def _tasks(resources: Resources) -> int:
    """The limit of `pids.max`, which counts threads, including the keeper's."""
    return resources.threads + resources.processes
