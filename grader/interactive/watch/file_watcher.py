"""Detects saves of a solution from any editor, and its removal and return."""

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import anyio
from watchfiles import awatch
from watchfiles._rust_notify import WatchfilesRustInternalError

from grader.errors import HarnessError
from grader.solution.contents import LIMIT_ENTRIES, is_ignored
from grader.solution.solution import ENTRY
from grader.tasks import single_error
from grader.workspace.progress import MARKER

STEP_MS = 20
DEBOUNCE_MS = 50
"""Changes in quick succession are one save. It ends after `STEP_MS` without a change, or after `DEBOUNCE_MS`."""

RESCAN_S = 0.5
"""Interval of scans without a notification. They find saves from another machine and from before the watch began."""

POLL_MS = 200
"""Polling interval when the system does not report changes."""

GRACE_S = 0.3
"""How long a file may be missing, because some editors move the old file away before they write the new one."""


@dataclass(frozen=True)
class Saved:
    """The solution has changed."""


@dataclass(frozen=True)
class Gone:
    """The solution is gone."""


@dataclass(frozen=True)
class WorkspaceGone:
    """The workspace is gone."""


@dataclass(frozen=True)
class PollingStarted:
    """The system cannot report changes, for this reason, so the files are now polled."""

    reason: str


FileEvent = Saved | Gone | WorkspaceGone | PollingStarted
State = frozenset[tuple[Path, int, int, int]]


async def follow_saves(
    folder: Path, workspace: Path, tell: Callable[[FileEvent], None], *, polls: bool | None = None
) -> None:
    """Report each save of the solution in this folder, until cancelled or until the workspace is gone.

    Args:
        folder: the learner's folder of one kata.
        workspace: the folder that contains it.
        tell: called with each event.
        polls: poll instead of relying on the system's notifications; None leaves the choice to
            `WATCHFILES_FORCE_POLLING` and the platform.

    Raises:
        HarnessError: neither notifications nor polling work.
    """
    follower = _Follower(folder, workspace, tell)
    while not follower.has_ended:
        try:
            await follower.follow(polls)
        except (OSError, WatchfilesRustInternalError) as error:
            if not follower.has_folder:
                continue
            if polls:
                raise HarnessError(
                    f"The files in {folder} cannot be watched: {error}.",
                    "Fix the permissions of the folder.",
                ) from error
            polls = True
            tell(PollingStarted(_reason(error)))


class _Follower:
    def __init__(self, folder: Path, workspace: Path, tell: Callable[[FileEvent], None]) -> None:
        self.has_ended = False
        self._folder = folder.resolve()  # the system reports resolved paths
        self._workspace = workspace
        self._tell = tell
        self._seen = _state_of(folder)
        if self._seen is None:
            tell(Gone())

    @property
    def has_folder(self) -> bool:
        """Whether the learner's folder exists."""
        return self._folder.is_dir()

    async def follow(self, polls: bool | None) -> None:
        """Scan after every change and every `RESCAN_S`; returns when the folder has been replaced or removed."""
        if not self.has_folder:
            await self.rescan()
            await anyio.sleep(RESCAN_S)
            return
        inode, stop = _inode(self._folder), anyio.Event()
        news = awatch(
            self._folder,
            watch_filter=None,  # `_state_of` filters by name, relative to the learner's folder
            debounce=DEBOUNCE_MS,
            step=STEP_MS,
            stop_event=stop,
            rust_timeout=round(RESCAN_S * 1000),
            yield_on_timeout=True,
            force_polling=polls,
            poll_delay_ms=POLL_MS,
            ignore_permission_denied=True,
        )
        async with single_error(), contextlib.aclosing(news), anyio.create_task_group() as tasks:
            tasks.start_soon(_set_when_cancelled, stop)
            async for _ in news:
                await self.rescan()
                if self.has_ended or _inode(self._folder) != inode:
                    break
            tasks.cancel_scope.cancel()

    async def rescan(self) -> None:
        """Compare the files with the previous scan, and report the difference.

        Notifications are not reported themselves, because one save can cause several, of different kinds.
        """
        if not (self._workspace / MARKER).is_dir():
            self.has_ended = True
            self._tell(WorkspaceGone())
            return
        state = _state_of(self._folder)
        if state is None and self._seen is not None and await self._reappears():
            return  # the next scan reports the save
        before, self._seen = self._seen, state
        if state is None and before is not None:
            self._tell(Gone())
        elif state is not None and state != before:
            self._tell(Saved())

    async def _reappears(self) -> bool:
        with anyio.move_on_after(GRACE_S):
            while _state_of(self._folder) is None:
                await anyio.sleep(STEP_MS / 1000)
            return True
        return False


async def _set_when_cancelled(stop: anyio.Event) -> None:
    """Set `stop` when cancelled; otherwise the thread that waits for changes would delay the cancellation."""
    try:
        await anyio.sleep_forever()
    finally:
        stop.set()


def _state_of(folder: Path) -> State | None:
    """Names, inodes, times and sizes of the files, some of which change on a save; None without an `app.py`."""
    state: set[tuple[Path, int, int, int]] = set()
    for within, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not is_ignored(name)]
        state |= {(Path(within, name), 0, 0, 0) for name in folders}
        for path in (Path(within, name) for name in files if not is_ignored(name)):
            with contextlib.suppress(OSError):
                status = path.lstat()
                state.add((path, status.st_ino, status.st_mtime_ns, status.st_size))
        if len(state) > LIMIT_ENTRIES:  # more than a solution may have
            break
    return frozenset(state) if (folder / ENTRY).exists() else None


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


def _reason(error: Exception) -> str:
    text = str(error)
    return (
        "its limit of watched files is reached"
        if "limit" in text or "Too many open files" in text
        else text
    )
