"""The learner's workspace and progress: `.kata/progress.json`, keyed by slug.

Written whole or not at all, under a lock, so that it survives being killed at any moment. Entries of unknown slugs
are kept as they are; a file of a newer format is refused and never touched.
"""

import contextlib
import fcntl
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from grader.errors import NoWorkspace, ProgressFileError
from grader.evidence.files import write_whole

FORMAT = 1
MARKER = ".kata"
RUNS = "runs"


class State(StrEnum):
    """How far a learner is with one kata."""

    TODO = "todo"
    STARTED = "started"
    SKIPPED = "skipped"
    PASSED = "passed"


@dataclass(frozen=True)
class Workspace:
    """The folder in which a learner works; katas lie in it by slug."""

    root: Path

    @property
    def runs_folder(self) -> Path:
        """Where the evidence of gradings is kept."""
        return self.root / MARKER / RUNS

    @property
    def progress_file(self) -> Path:
        """The file of the learner's progress."""
        return self.root / MARKER / "progress.json"

    def kata_folder(self, slug: str, renamed: Mapping[str, str]) -> Path:
        """The learner's folder of a kata, also one that was handed out under an older name."""
        folder = self.root / slug
        older = (self.root / old for old, new in renamed.items() if new == slug)
        return folder if folder.exists() else next((path for path in older if path.exists()), folder)

    def states(self, renamed: Mapping[str, str]) -> dict[str, State]:
        """State by slug, of all katas that the file knows.

        Raises:
            ProgressFileError: the file is unreadable, damaged, or of a newer format.
        """
        entries = _rename(_read(self.progress_file)["katas"], renamed)
        return {slug: State(entry["state"]) for slug, entry in entries.items() if entry.get("state") in set(State)}

    def set_state(self, slug: str, state: State, renamed: Mapping[str, str]) -> None:
        """Note a new state; one that is `passed` stays so.

        Raises:
            ProgressFileError: the file cannot be read or written.
        """

        def change(entries: dict[str, Any]) -> None:
            if entries.get(slug, {}).get("state") != State.PASSED:
                entries[slug] = {"state": state.value, "at": datetime.now(UTC).isoformat(timespec="seconds")}

        self._update(change, renamed)

    def _update(self, change: Callable[[dict[str, Any]], None], renamed: Mapping[str, str]) -> None:
        with _locked(self.root / MARKER / "lock"):
            table = _read(self.progress_file)
            table["katas"] = _rename(table["katas"], renamed)
            change(table["katas"])
            _write(self.progress_file, table)


def find_workspace(start: Path) -> Workspace | None:
    """The nearest folder upward that has `.kata/`, or None."""
    for folder in (start, *start.parents):
        if (folder / MARKER).is_dir():
            return Workspace(folder)
    return None


def need_workspace(start: Path) -> Workspace:
    """The nearest workspace upward.

    Raises:
        NoWorkspace: there is none.
    """
    workspace = find_workspace(start)
    if workspace is None:
        raise NoWorkspace(
            f"There is no workspace in {start} or above it.",
            "`kata next` makes one in the current folder; `kata check SLUG --solution PATH` needs none.",
        )
    return workspace


def make_workspace(folder: Path) -> Workspace:
    """Make this folder a workspace.

    Raises:
        ProgressFileError: it is not writable.
    """
    try:
        (folder / MARKER).mkdir(exist_ok=True)
    except OSError as error:
        raise ProgressFileError(f"{folder} cannot become a workspace: {error.strerror}.", "Go to a folder of your own.") from error
    return Workspace(folder)


def _read(path: Path) -> dict[str, Any]:
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {"format": FORMAT, "katas": {}}
    except OSError as error:
        raise ProgressFileError(f"The progress file {path} cannot be read: {error.strerror}.", "Mend its permissions.") from error
    except ValueError as error:
        raise _damaged(path, str(error)) from error
    if not isinstance(table, dict) or type(table.get("format")) is not int:
        raise _damaged(path, "it has no format number")
    if table["format"] > FORMAT:
        raise ProgressFileError(
            f"The progress file {path} has format {table['format']}; this version knows {FORMAT}.",
            "It was written by a newer version and is left as it is: upgrade with `pip install --upgrade fastapi-katas`.",
        )
    katas = table.get("katas")
    if not isinstance(katas, dict) or not all(isinstance(entry, dict) for entry in katas.values()):
        raise _damaged(path, "`katas` is not a table of tables")
    return table


def _damaged(path: Path, why: str) -> ProgressFileError:
    return ProgressFileError(
        f"The progress file {path} is damaged: {why}.", f"Restore it, or move it away to start anew: mv {path} {path}.old"
    )


def _rename(entries: dict[str, Any], renamed: Mapping[str, str]) -> dict[str, Any]:
    return {renamed.get(slug, slug) if renamed.get(slug) not in entries else slug: entry for slug, entry in entries.items()}


def _write(path: Path, table: dict[str, Any]) -> None:
    try:
        write_whole(path, json.dumps(table, indent=2).encode() + b"\n")
    except OSError as error:
        raise ProgressFileError(
            f"The progress file {path} cannot be written: {error.strerror}.", "Free some space or mend the permissions."
        ) from error


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(open(path, "w"))
        except OSError as error:
            raise ProgressFileError(f"{path} cannot be written: {error.strerror}.", "Mend the permissions of the workspace.") from error
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
