"""Sees when a solution is saved, however its editor does that, and when it goes away and comes back."""

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import anyio
from watchfiles import Change, awatch
from watchfiles._rust_notify import WatchfilesRustInternalError

from grader.checks.stage import single_error
from grader.errors import HarnessError
from grader.workspace.contents import is_ignored
from grader.workspace.progress import MARKER
from grader.workspace.solution import ENTRY

STEP_MS = 20
DEBOUNCE_MS = 50
"""A burst of changes is one save: it is over when nothing has changed for the first, or after the second."""

LOOK_S = 0.5
"""How often it is looked whether everything is still there; changes are told by the system meanwhile."""

POLL_MS = 200
"""How often files are compared where the system does not tell."""

GRACE_S = 0.3
"""Some editors put a file aside before they write the new one; for so long it is not gone."""


@dataclass(frozen=True)
class Saved:
    """The solution is not as it was."""


@dataclass(frozen=True)
class Gone:
    """There is no solution any more."""


@dataclass(frozen=True)
class WorkspaceGone:
    """There is no workspace any more."""


@dataclass(frozen=True)
class Polls:
    """The system cannot tell of changes, for this reason; files are compared from now on."""

    reason: str


News = Saved | Gone | WorkspaceGone | Polls


async def follow_saves(folder: Path, workspace: Path, tell: Callable[[News], None], *, polls: bool | None = None) -> None:
    """Tell of each save of the solution in this folder, until this is cancelled or the workspace is gone.

    Args:
        folder: the learner's folder of one kata.
        workspace: the folder that it lies in.
        tell: called with what is new.
        polls: compare the files instead of being told by the system; None leaves it to `WATCHFILES_FORCE_POLLING` and the platform.

    Raises:
        HarnessError: the files cannot be watched at all.
    """
    follower = _Follower(folder, workspace, tell)
    while not follower.has_ended:
        try:
            await follower.follow(polls)
        except (OSError, WatchfilesRustInternalError) as error:
            if not follower.has_folder:
                continue
            if polls:
                raise HarnessError(f"The files in {folder} cannot be watched: {error}.", "Mend the permissions of the folder.") from error
            polls = True
            tell(Polls(_reason(error)))


class _Follower:
    def __init__(self, folder: Path, workspace: Path, tell: Callable[[News], None]) -> None:
        self.has_ended = False
        self._folder = folder.resolve()  # the system tells of resolved paths
        self._workspace = workspace
        self._tell = tell
        self._seen = _mark(folder / ENTRY)
        if self._seen is None:
            tell(Gone())

    @property
    def has_folder(self) -> bool:
        """Whether there is anything to watch."""
        return self._folder.is_dir()

    async def follow(self, polls: bool | None) -> None:
        """Look whenever something has changed, and now and then; ends when the folder is not the same any more."""
        if not self.has_folder:
            await self.look()
            await anyio.sleep(LOOK_S)
            return
        this, stop = _mark(self._folder), anyio.Event()
        news = awatch(
            self._folder,
            watch_filter=self._concerns,
            debounce=DEBOUNCE_MS,
            step=STEP_MS,
            stop_event=stop,
            rust_timeout=round(LOOK_S * 1000),
            yield_on_timeout=True,
            force_polling=polls,
            poll_delay_ms=POLL_MS,
            ignore_permission_denied=True,
        )
        async with single_error(), contextlib.aclosing(news), anyio.create_task_group() as tasks:
            tasks.start_soon(_set_at_the_end, stop)
            async for changes in news:
                await self.look(has_changed=bool(changes))
                if self.has_ended or _inode(_mark(self._folder)) != _inode(this):
                    break
            tasks.cancel_scope.cancel()

    async def look(self, *, has_changed: bool = False) -> None:
        """See what is there, and tell what is new."""
        if not (self._workspace / MARKER).is_dir():
            self.has_ended = True
            self._tell(WorkspaceGone())
            return
        mark = _mark(self._folder / ENTRY)
        if mark is None and self._seen is not None and await self._comes_back():
            return  # and the next look, which is soon, finds it changed
        # A look at the file itself also finds what was saved while nothing was watched, or by another machine.
        is_new, was_there, self._seen = mark != self._seen, self._seen is not None, mark
        if mark is None and was_there:
            self._tell(Gone())
        elif mark is not None and (has_changed or is_new):
            self._tell(Saved())

    async def _comes_back(self) -> bool:
        with anyio.move_on_after(GRACE_S):
            while _mark(self._folder / ENTRY) is None:
                await anyio.sleep(STEP_MS / 1000)
            return True
        return False

    def _concerns(self, change: Change, path: str) -> bool:
        """Whether a change is one of the solution; names count from the learner's folder on, wherever that lies."""
        name = os.path.relpath(path, self._folder)
        return name != os.curdir and not name.startswith(os.pardir) and not is_ignored(name)


async def _set_at_the_end(stop: anyio.Event) -> None:
    """Set this when cancelled: a thread waits for changes, and would be waited for in its turn."""
    try:
        await anyio.sleep_forever()
    finally:
        stop.set()


def _mark(path: Path) -> tuple[int, int, int] | None:
    """What changes when a file is saved; None when there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _inode(mark: tuple[int, int, int] | None) -> int | None:
    return mark[0] if mark is not None else None


def _reason(error: Exception) -> str:
    text = str(error)
    return "its limit of watched files is reached" if "limit" in text or "Too many open files" in text else text
