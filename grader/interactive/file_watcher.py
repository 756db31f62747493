"""Sees when a solution is saved, however its editor does that, and when it goes away and comes back."""

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
"""A burst of changes is one save: it is over when nothing has changed for the first, or after the second."""

LOOK_S = 0.5
"""How often it is looked without a change being told: finds what another machine saved, and what was saved when nothing
was watched.
"""

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
State = frozenset[tuple[Path, int, int, int]]


async def follow_saves(
    folder: Path, workspace: Path, tell: Callable[[News], None], *, polls: bool | None = None
) -> None:
    """Tell of each save of the solution in this folder, until this is cancelled or the workspace is gone.

    Args:
        folder: the learner's folder of one kata.
        workspace: the folder that it lies in.
        tell: called with what is new.
        polls: compare the files instead of being told by the system; None leaves it to `WATCHFILES_FORCE_POLLING` and
            the platform.

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
                raise HarnessError(
                    f"The files in {folder} cannot be watched: {error}.",
                    "Mend the permissions of the folder.",
                ) from error
            polls = True
            tell(Polls(_reason(error)))


class _Follower:
    def __init__(self, folder: Path, workspace: Path, tell: Callable[[News], None]) -> None:
        self.has_ended = False
        self._folder = folder.resolve()  # the system tells of resolved paths
        self._workspace = workspace
        self._tell = tell
        self._seen = _state_of(folder)
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
        this, stop = _inode(self._folder), anyio.Event()
        news = awatch(
            self._folder,
            watch_filter=None,  # names are looked at below, from the learner's folder on, wherever that lies
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
            async for _ in news:
                await self.look()
                if self.has_ended or _inode(self._folder) != this:
                    break
            tasks.cancel_scope.cancel()

    async def look(self) -> None:
        """See what is there, and tell what is new.

        Only what differs counts: one save can come as several changes, and what a change was is told in many ways.
        """
        if not (self._workspace / MARKER).is_dir():
            self.has_ended = True
            self._tell(WorkspaceGone())
            return
        state = _state_of(self._folder)
        if state is None and self._seen is not None and await self._comes_back():
            return  # the next look, which is soon, finds it changed
        before, self._seen = self._seen, state
        if state is None and before is not None:
            self._tell(Gone())
        elif state is not None and state != before:
            self._tell(Saved())

    async def _comes_back(self) -> bool:
        with anyio.move_on_after(GRACE_S):
            while _state_of(self._folder) is None:
                await anyio.sleep(STEP_MS / 1000)
            return True
        return False


async def _set_at_the_end(stop: anyio.Event) -> None:
    """Set this when cancelled: a thread waits for changes, and would be waited for in its turn."""
    try:
        await anyio.sleep_forever()
    finally:
        stop.set()


def _state_of(folder: Path) -> State | None:
    """What changes when a solution is saved: names, inodes, times and sizes of its files; None when
    it has no `app.py`.
    """
    state: set[tuple[Path, int, int, int]] = set()
    for within, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not is_ignored(name)]
        state |= {(Path(within, name), 0, 0, 0) for name in folders}
        for path in (Path(within, name) for name in files if not is_ignored(name)):
            with contextlib.suppress(OSError):
                status = path.lstat()
                state.add((path, status.st_ino, status.st_mtime_ns, status.st_size))
        if len(state) > LIMIT_ENTRIES:  # more could not be graded
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
