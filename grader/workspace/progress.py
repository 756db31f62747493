"""The learner's workspace and progress: `.kata/progress.json`, keyed by slug.

Written whole or not at all, under a lock, so that it survives being killed at any moment. Entries of unknown slugs and
unknown keys are kept as they are; a file of a newer format is refused and never touched.
"""

import contextlib
import fcntl
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from grader.atomic import write_whole
from grader.errors import NoWorkspace, ProgressFileError
from grader.formats import PROGRESS_FORMAT, Format

FORMAT = Format(PROGRESS_FORMAT)
MARKER = ".kata"
RUNS = "runs"


class State(StrEnum):
    """How far a learner is with one kata."""

    TODO = "todo"
    STARTED = "started"
    SKIPPED = "skipped"
    GIVEN_UP = "given_up"
    """Its solution was shown before it was passed."""
    PASSED = "passed"


@dataclass(frozen=True)
class Entry:
    """What the progress file says of one kata.

    Attributes:
        at: when it came into this state, in ISO 8601; empty when nobody knows.
        hints: how many were shown.
        known: digests of the kata's parts as they were when it was handed out, or when the learner was last told of a
            change.
    """

    state: State = State.TODO
    at: str = ""
    hints: int = 0
    known: Mapping[str, str] = field(default_factory=dict)


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
        return (
            folder if folder.exists() else next((path for path in older if path.exists()), folder)
        )

    def entries(self, renamed: Mapping[str, str]) -> dict[str, Entry]:
        """What the file says, by slug. What an entry lacks, or has wrong, is as in a new one.

        Raises:
            ProgressFileError: the file is unreadable, damaged, or of a newer format.
        """
        return {
            slug: _entry(raw)
            for slug, raw in rename(read_table(self.progress_file)["katas"], renamed).items()
        }

    def states(self, renamed: Mapping[str, str]) -> dict[str, State]:
        """State by slug, of all katas that the file knows.

        Raises:
            ProgressFileError: the file is unreadable, damaged, or of a newer format.
        """
        entries = rename(read_table(self.progress_file)["katas"], renamed)
        return {
            slug: State(entry["state"])
            for slug, entry in entries.items()
            if entry.get("state") in tuple(State)
        }

    def set_state(self, slug: str, state: State, renamed: Mapping[str, str]) -> None:
        """Note a new state; one that is `passed` stays so.

        Raises:
            ProgressFileError: the file cannot be read or written.
        """

        def change(entries: dict[str, Any]) -> None:
            entry = entries.setdefault(slug, {})
            if entry.get("state") not in (State.PASSED, state):
                now = datetime.now(UTC).isoformat(timespec="seconds")
                entry |= {"state": state.value, "at": now}
                if state is State.GIVEN_UP:
                    entry["gave_up_at"] = now  # stays when it is passed later

        self.update(change, renamed)

    def note_hints(self, slug: str, count: int, renamed: Mapping[str, str]) -> None:
        """Note how many hints of a kata were shown; never fewer than before.

        Raises:
            ProgressFileError: the file cannot be read or written.
        """

        def change(entries: dict[str, Any]) -> None:
            entry = entries.setdefault(slug, {})
            entry["hints"] = max(count, _entry(entry).hints)

        self.update(change, renamed)

    def note_known(self, slug: str, digests: Mapping[str, str], renamed: Mapping[str, str]) -> None:
        """Note which parts of a kata the learner has, or knows of.

        Args:
            slug: the kata's.
            digests: by part; the other parts stay as they are noted.
            renamed: old slug to new slug.

        Raises:
            ProgressFileError: the file cannot be read or written.
        """

        def change(entries: dict[str, Any]) -> None:
            entry = entries.setdefault(slug, {})
            entry["known"] = {**_entry(entry).known, **digests}

        self.update(change, renamed)

    def update(self, change: Callable[[dict[str, Any]], None], renamed: Mapping[str, str]) -> None:
        """Change the entries, by today's slugs, while nobody else does.

        Raises:
            ProgressFileError: the file cannot be read or written.
        """
        with _locked(self.root / MARKER / "lock"):
            table = read_table(self.progress_file)
            before = _encoded(table) if self.progress_file.exists() else b""
            table["katas"] = rename(table["katas"], renamed)
            change(table["katas"])
            after = _encoded(table)
            if after != before:  # a full disk is no matter where nothing changes
                _write(self.progress_file, after)


def _entry(raw: Mapping[str, Any]) -> Entry:
    state, at, hints, known = (raw.get(key) for key in ("state", "at", "hints", "known"))
    digests = known if isinstance(known, dict) else {}
    return Entry(
        state=State(state) if state in tuple(State) else State.TODO,
        at=at if isinstance(at, str) else "",
        hints=hints if type(hints) is int and hints > 0 else 0,
        known={part: digest for part, digest in digests.items() if isinstance(digest, str)},
    )


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
        raise ProgressFileError(
            f"{folder} cannot become a workspace: {error.strerror}.", "Go to a folder of your own."
        ) from error
    return Workspace(folder)


def read_table(path: Path) -> dict[str, Any]:
    """The whole progress file; an empty one when there is none.

    Raises:
        ProgressFileError: the file is unreadable, damaged, or of a newer format.
    """
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {"format": PROGRESS_FORMAT, "katas": {}}
    except OSError as error:
        raise ProgressFileError(
            f"The progress file {path} cannot be read: {error.strerror}.", "Mend its permissions."
        ) from error
    except (ValueError, RecursionError) as error:
        raise _damaged(path, str(error)) from error
    if not isinstance(table, dict) or type(table.get("format")) is not int:
        raise _damaged(path, "it has no format number")
    refusal = FORMAT.refusal(table["format"])
    if refusal is not None and refusal.is_newer:
        raise ProgressFileError(
            refusal.sentence(f"The progress file {path}"),
            f"It was written by a newer version and is left as it is. {refusal.hint}",
        )
    if refusal is not None:
        raise _damaged(path, f"there is no format {refusal.found}")
    table = FORMAT.migrated(table)
    if not is_table_of_tables(table.get("katas")):
        raise _damaged(path, "`katas` is not a table of tables")
    return table


def is_table_of_tables(value: object) -> bool:
    """Whether this can be the entries of a progress file."""
    return isinstance(value, dict) and all(isinstance(entry, dict) for entry in value.values())


def _damaged(path: Path, why: str) -> ProgressFileError:
    return ProgressFileError(
        f"The progress file {path} is damaged: {why}.",
        f"Restore it, or move it away to start anew: mv {path} {path}.old",
    )


def rename(entries: dict[str, Any], renamed: Mapping[str, str]) -> dict[str, Any]:
    """Entries by the slugs of today."""
    return {
        renamed.get(slug, slug) if renamed.get(slug) not in entries else slug: entry
        for slug, entry in entries.items()
    }


def _encoded(table: Mapping[str, Any]) -> bytes:
    return json.dumps(table, indent=2).encode() + b"\n"


def _write(path: Path, data: bytes) -> None:
    try:
        write_whole(path, data)
    except OSError as error:
        raise ProgressFileError(
            f"The progress file {path} cannot be written: {error.strerror}.",
            "Free some space or mend the permissions.",
        ) from error


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(open(path, "w"))
        except OSError as error:
            raise ProgressFileError(
                f"{path} cannot be written: {error.strerror}.",
                "Mend the permissions of the workspace.",
            ) from error
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
