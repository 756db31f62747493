"""The learner's workspace and progress: `.kata/progress.json`, keyed by slug.

The file is written atomically and under a lock, so that it survives a kill at any moment. Unknown slugs and keys are
kept. A file of a newer format is refused and left unchanged.
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
    """A learner's state in one kata."""

    TODO = "todo"
    STARTED = "started"
    SKIPPED = "skipped"
    GIVEN_UP = "given_up"
    """Its solution was shown before it passed."""
    PASSED = "passed"


@dataclass(frozen=True)
class Entry:
    """The entry of one kata in the progress file.

    Attributes:
        at: when the kata entered this state, in ISO 8601; empty if unknown.
        hints: number of hints shown.
        known: digests of the kata's parts as they were when it was handed out or a change was last announced.
    """

    state: State = State.TODO
    at: str = ""
    hints: int = 0
    known: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Workspace:
    """A learner's folder, with a subfolder for each kata, named after its slug."""

    root: Path

    @property
    def runs_folder(self) -> Path:
        """The folder of saved runs."""
        return self.root / MARKER / RUNS

    @property
    def progress_file(self) -> Path:
        """The file with the learner's progress."""
        return self.root / MARKER / "progress.json"

    def kata_folder(self, slug: str, renamed: Mapping[str, str]) -> Path:
        """The learner's folder of a kata, even if the kata was handed out under a former slug."""
        folder = self.root / slug
        older = (self.root / old for old, new in renamed.items() if new == slug)
        return (
            folder if folder.exists() else next((path for path in older if path.exists()), folder)
        )

    def entries(self, renamed: Mapping[str, str]) -> dict[str, Entry]:
        """The entries by slug. Missing and invalid values are replaced by defaults.

        Raises:
            ProgressFileError: the file is unreadable, damaged, or of a newer format.
        """
        return {
            slug: _entry(raw)
            for slug, raw in rename(read_table(self.progress_file)["katas"], renamed).items()
        }

    def states(self, renamed: Mapping[str, str]) -> dict[str, State]:
        """The states by slug, of all katas in the file.

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
        """Record a new state; a passed kata stays passed.

        Raises:
            ProgressFileError: the file cannot be read or written.
        """

        def change(entries: dict[str, Any]) -> None:
            entry = entries.setdefault(slug, {})
            if entry.get("state") not in (State.PASSED, state):
                now = datetime.now(UTC).isoformat(timespec="seconds")
                entry |= {"state": state.value, "at": now}
                if state is State.GIVEN_UP:
                    entry["gave_up_at"] = now  # kept when the kata passes later

        self.update(change, renamed)

    def record_hints(self, slug: str, count: int, renamed: Mapping[str, str]) -> None:
        """Record how many hints of a kata were shown; the number never decreases.

        Raises:
            ProgressFileError: the file cannot be read or written.
        """

        def change(entries: dict[str, Any]) -> None:
            entry = entries.setdefault(slug, {})
            entry["hints"] = max(count, _entry(entry).hints)

        self.update(change, renamed)

    def record_known(
        self, slug: str, digests: Mapping[str, str], renamed: Mapping[str, str]
    ) -> None:
        """Record which versions of a kata's parts the learner has or has heard about.

        Args:
            slug: the kata.
            digests: by part; the digests of other parts are kept.
            renamed: current slug by former slug.

        Raises:
            ProgressFileError: the file cannot be read or written.
        """

        def change(entries: dict[str, Any]) -> None:
            entry = entries.setdefault(slug, {})
            entry["known"] = {**_entry(entry).known, **digests}

        self.update(change, renamed)

    def update(self, change: Callable[[dict[str, Any]], None], renamed: Mapping[str, str]) -> None:
        """Change the entries, keyed by current slugs, under the lock.

        Raises:
            ProgressFileError: the file cannot be read or written.
        """
        with _locked(self.root / MARKER / "lock"):
            table = read_table(self.progress_file)
            before = _encoded(table) if self.progress_file.exists() else b""
            table["katas"] = rename(table["katas"], renamed)
            change(table["katas"])
            after = _encoded(table)
            if after != before:  # writing nothing cannot fail on a full disk
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
    """The workspace that contains this folder; None if there is none."""
    for folder in (start, *start.parents):
        if (folder / MARKER).is_dir():
            return Workspace(folder)
    return None


def require_workspace(start: Path) -> Workspace:
    """The workspace that contains this folder.

    Raises:
        NoWorkspace: there is none.
    """
    workspace = find_workspace(start)
    if workspace is None:
        raise NoWorkspace(
            f"There is no workspace in {start} or above it.",
            "`kata next` makes this folder one; `kata check SLUG --solution PATH` needs none.",
        )
    return workspace


def make_workspace(folder: Path) -> Workspace:
    """Turn this folder into a workspace.

    Raises:
        ProgressFileError: the folder is not writable.
    """
    try:
        (folder / MARKER).mkdir(exist_ok=True)
    except OSError as error:
        raise ProgressFileError(
            f"{folder} cannot become a workspace: {error.strerror}.",
            "Change to a folder that you can write to.",
        ) from error
    return Workspace(folder)


def read_table(path: Path) -> dict[str, Any]:
    """The whole progress file; a table without katas if the file does not exist.

    Raises:
        ProgressFileError: the file is unreadable, damaged, or of a newer format.
    """
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {"format": PROGRESS_FORMAT, "katas": {}}
    except OSError as error:
        raise ProgressFileError(
            f"The progress file {path} cannot be read: {error.strerror}.", "Fix its permissions."
        ) from error
    except (ValueError, RecursionError) as error:
        raise _damaged(path, str(error)) from error
    if not isinstance(table, dict) or type(table.get("format")) is not int:
        raise _damaged(path, "it has no format number")
    refusal = FORMAT.refusal(table["format"])
    if refusal is not None and refusal.is_newer:
        raise ProgressFileError(
            refusal.sentence(f"The progress file {path}"),
            f"A newer version wrote it, so it is left unchanged. {refusal.hint}",
        )
    if refusal is not None:
        raise _damaged(path, f"there is no format {refusal.found}")
    table = FORMAT.migrated(table)
    if not is_table_of_tables(table.get("katas")):
        raise _damaged(path, "`katas` is not a table of tables")
    return table


def is_table_of_tables(value: object) -> bool:
    """Whether this has the shape of a progress file's entries."""
    return isinstance(value, dict) and all(isinstance(entry, dict) for entry in value.values())


def _damaged(path: Path, why: str) -> ProgressFileError:
    return ProgressFileError(
        f"The progress file {path} is damaged: {why}.",
        f"Restore it, or move it away to start over: mv {path} {path}.old",
    )


def rename(entries: dict[str, Any], renamed: Mapping[str, str]) -> dict[str, Any]:
    """The entries keyed by current slugs."""
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
            "Free some disk space or fix the permissions.",
        ) from error


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(open(path, "w"))
        except OSError as error:
            raise ProgressFileError(
                f"{path} cannot be written: {error.strerror}.",
                "Fix the permissions of the workspace.",
            ) from error
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
