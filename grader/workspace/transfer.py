"""Moves progress between machines: exports a document in the format of the progress file, and merges it.

A merge never loses a pass. A document that is damaged or has an unknown format is refused.
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
"""Maximum size of a document; a hundred katas take 30 kB."""

RANKS = {State.PASSED: 3, State.GIVEN_UP: 2, State.SKIPPED: 1, State.STARTED: 1}
"""In a merge the state with the higher rank wins; between equal ranks, the later state."""


@dataclass(frozen=True)
class Merge:
    """The result of an import, as slugs.

    Attributes:
        passed: katas that were not passed here before.
        changed: other katas whose entries changed.
        unknown: katas in the document but not in the catalog; their entries are kept.
    """

    passed: tuple[str, ...]
    changed: tuple[str, ...]
    unknown: tuple[str, ...]


def export_document(workspace: Workspace, version: str) -> bytes:
    """The progress of a workspace as a document.

    Args:
        workspace: the workspace to export.
        version: version of this package, for information.

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
    """Write a document to a file atomically. Overwrites older documents, but no other file.

    Raises:
        UsageError: the path is a folder, or a file with other content.
        ProgressFileError: the file cannot be written.
    """
    try:
        path = path.resolve()
        if path.is_dir():
            raise UsageError(f"{path} is a folder.", "Name a file in it.")
        if (
            path.exists() and not path.is_file()
        ):  # a device or a pipe, which must not be replaced by a file
            path.write_bytes(document)
            return
        if path.exists() and not _is_document(path):
            raise UsageError(
                f"{path} already exists and is not exported progress.", "Name another file."
            )
        write_whole(path, document, COMMON)
    except (OSError, RuntimeError) as error:  # a cycle of links raises RuntimeError
        why = error.strerror if isinstance(error, OSError) else "its links form a cycle"
        raise ProgressFileError(
            f"The progress cannot be written to {path}: {why}.",
            "Free some disk space, or name another file.",
        ) from error


def parse_document(data: bytes, name: str) -> dict[str, Any]:
    """The entries of a document, or of a progress file.

    Args:
        data: the content, at most `LIMIT_BYTES`.
        name: the file's name, for messages.

    Raises:
        UsageError: the document is damaged or has an unknown format.
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
    """Merge imported entries into a workspace's progress. For each kata the more advanced state wins.

    Args:
        workspace: receives the entries.
        imported: entries of a document.
        slugs: the catalog's slugs.
        renamed: current slug by former slug.

    Raises:
        ProgressFileError: the progress cannot be read or written; it is unchanged.
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
    """Merge two entries: the higher-ranked state, the larger number of hints, and otherwise our values over theirs."""
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
    """Whether the value can be encoded in UTF-8, which, unlike JSON, allows no lone surrogates."""
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
        f"{name} is not exported progress, or is damaged: {why}.",
        "`kata progress --export FILE` writes such a file. Nothing was changed.",
    )
