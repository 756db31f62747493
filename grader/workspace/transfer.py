"""Moves progress from one machine to another: a document in the form of the progress file, and how two are merged.

A pass is never lost, on either side. A document of another format is refused, and so is what is damaged.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from grader.atomic import COMMON, write_whole
from grader.errors import ProgressFileError, UsageError
from grader.formats import PROGRESS_FORMAT
from grader.workspace.progress import (
    FORMAT,
    State,
    Workspace,
    is_table_of_tables,
    read_table,
    rename,
)

LIMIT_BYTES = 1_000_000
"""Of a document; a hundred katas take 30 kB."""

RANKS = {State.PASSED: 3, State.GIVEN_UP: 2, State.SKIPPED: 1, State.STARTED: 1}
"""Of two states the higher one stays; of two equal ones the later."""


@dataclass(frozen=True)
class Merge:
    """What an import did.

    Attributes:
        passed: katas that were not passed here before, and are now.
        changed: others of which something is known now that was not.
        unknown: katas of the document that the catalog does not have; their entries are kept.
    """

    passed: tuple[str, ...]
    changed: tuple[str, ...]
    unknown: tuple[str, ...]


def export_document(workspace: Workspace, version: str) -> bytes:
    """The progress of a workspace as a document.

    Args:
        workspace: whose.
        version: of this package, for those who read the document.

    Raises:
        ProgressFileError: the progress cannot be read.
    """
    katas = read_table(workspace.progress_file)["katas"]
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return (
        json.dumps(
            {"format": PROGRESS_FORMAT, "exported_at": now, "version": version, "katas": katas},
            indent=2,
        ).encode()
        + b"\n"
    )


def save_document(document: bytes, path: Path) -> None:
    """Write a document into a file: whole or not at all, and over nothing but an older document.

    Raises:
        UsageError: there is something else.
        ProgressFileError: it cannot be written.
    """
    try:
        path = path.resolve()
        if path.is_dir():
            raise UsageError(f"{path} is a folder.", "Name a file in it.")
        if path.exists() and not path.is_file():  # a device or a pipe, which must stay one
            path.write_bytes(document)
            return
        if path.exists() and not _is_document(path):
            raise UsageError(
                f"{path} is there already, and is no exported progress.", "Name another file."
            )
        write_whole(path, document, COMMON)
    except (OSError, RuntimeError) as error:  # links in a circle are a RuntimeError
        why = error.strerror if isinstance(error, OSError) else "its links go in a circle"
        raise ProgressFileError(
            f"The progress cannot be written to {path}: {why}.",
            "Free some space, or name another file.",
        ) from error


def parse_document(data: bytes, name: str) -> dict[str, Any]:
    """The entries of a document, or of a progress file.

    Args:
        data: what was read; more than `LIMIT_BYTES` is refused.
        name: where it was read from, for messages.

    Raises:
        UsageError: it is damaged, or of another format.
    """
    if len(data) > LIMIT_BYTES:
        raise _damaged(name, f"it is larger than {LIMIT_BYTES // 1000} kB")
    try:
        table = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _damaged(name, "it is not JSON") from error
    if not isinstance(table, dict) or type(table.get("format")) is not int:
        raise _damaged(name, "it has no format number")
    if refusal := FORMAT.refusal(table["format"]):
        where = "this machine" if refusal.is_newer else "the machine that exported it"
        raise UsageError(
            refusal.sentence(f"The progress in {name}"),
            f"Upgrade fastapi-katas on {where}, then try again. Nothing was changed.",
        )
    katas = FORMAT.migrated(table).get("katas")
    if not isinstance(katas, dict) or not is_table_of_tables(katas) or not _is_text(katas):
        raise _damaged(name, "`katas` is not a table of tables")
    return katas


def merge_into(
    workspace: Workspace,
    imported: Mapping[str, Any],
    slugs: tuple[str, ...],
    renamed: Mapping[str, str],
) -> Merge:
    """Merge entries into a workspace's progress: of each kata what says more stays.

    Args:
        workspace: into which.
        imported: entries of a document.
        slugs: of the catalog.
        renamed: old slug to new slug.

    Raises:
        ProgressFileError: the progress cannot be read or written; it is as it was.
    """
    incoming = rename(dict(imported), renamed)
    passed, changed = [], []

    def change(entries: dict[str, Any]) -> None:
        for slug, theirs in incoming.items():
            ours = entries.get(slug, {})
            entries[slug] = _merged(ours, theirs)
            if _state(entries[slug]) is State.PASSED and _state(ours) is not State.PASSED:
                passed.append(slug)
            elif entries[slug] != ours:
                changed.append(slug)

    workspace.update(change, renamed)
    return Merge(
        tuple(passed), tuple(changed), tuple(slug for slug in incoming if slug not in slugs)
    )


def _merged(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """One entry of two. What is noted of files in this workspace, and what is not known here, is ours first."""
    merged = {**theirs, **ours}
    if _weight(theirs) > _weight(ours):
        for key in ("state", "at"):
            merged.pop(key, None)
            merged |= {key: theirs[key]} if key in theirs else {}
    hints = [entry["hints"] for entry in (ours, theirs) if type(entry.get("hints")) is int]
    return merged | ({"hints": max(0, *hints)} if hints else {})


def _weight(entry: Mapping[str, Any]) -> tuple[int, str]:
    state = _state(entry)
    rank = RANKS.get(state, 0) if state is not None else 0
    at = entry.get("at")
    return rank, at if rank == RANKS[State.STARTED] and isinstance(at, str) else ""


def _state(entry: Mapping[str, Any]) -> State | None:
    return State(entry["state"]) if entry.get("state") in tuple(State) else None


def _is_text(value: object) -> bool:
    """Whether all of it can be written as UTF-8: JSON can hold halves of characters, which nothing else can."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        return False
    return True


def _is_document(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            parse_document(file.read(LIMIT_BYTES + 1), str(path))
    except UsageError:
        return False
    return True


def _damaged(name: str, why: str) -> UsageError:
    return UsageError(
        f"{name} is no exported progress, or is damaged: {why}.",
        "`kata progress --export FILE` makes one. Nothing was changed.",
    )
