"""A cgroup for each grading, with limits that the kernel enforces, if cgroup v2 allows making one.

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
    """The cgroup of one grading.

    Args:
        folder: the cgroup's folder.
        resources: its limits.
    """

    def __init__(self, folder: Path, resources: Resources) -> None:
        self._folder = folder
        self._resources = resources

    def take_in(self, pid: int) -> bool:
        """Move a process into the cgroup, along with everything it starts later; False if the system refuses."""
        try:
            (self._folder / "cgroup.procs").write_text(str(pid))
        except OSError:
            return False
        return True

    def excess(self) -> Excess | None:
        """The limit that the kernel has enforced; None if it has not enforced any."""
        if self._count("memory.events", "oom_kill"):
            return Excess(
                "memory_bytes", self._resources.memory_bytes, self._resources.memory_bytes
            )
        if self._count("pids.events", "max"):
            return Excess("threads", _tasks(self._resources), _tasks(self._resources))
        return None

    def _count(self, file: str, event: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            for line in (self._folder / file).read_text().splitlines():
                name, number = line.split()
                if name == event:
                    return int(number)
        return 0


@contextlib.contextmanager
def limited_group(resources: Resources, parent: Path | None) -> Iterator[Group | None]:
    """A cgroup for one grading, removed afterwards; None if it cannot be made.

    Args:
        resources: its limits.
        parent: the cgroup to make it in; see `usable_parent`.
    """
    if parent is None:
        yield None
        return
    folder = parent / f"{PREFIX}{secrets.token_hex(4)}"
    try:
        folder.mkdir()
        (folder / "memory.max").write_text(str(resources.memory_bytes))
        (folder / "pids.max").write_text(str(_tasks(resources)))
        with contextlib.suppress(OSError):  # missing where the system has no swap
            (folder / "memory.swap.max").write_text("0")
    except OSError:
        with contextlib.suppress(OSError):
            folder.rmdir()
        yield None
        return
    try:
        yield Group(folder, resources)
    finally:
        with contextlib.suppress(OSError):
            (folder / "cgroup.kill").write_text("1")
        # The launcher has exited, so the cgroup is empty unless a process is still exiting.
        with contextlib.suppress(OSError):
            folder.rmdir()


def _tasks(resources: Resources) -> int:
    """The limit of `pids.max`, which counts threads, including the launcher's."""
    return resources.threads + resources.processes
