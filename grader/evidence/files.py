"""Saves runs and loads them."""

import contextlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

import msgspec

from grader.atomic import write_whole
from grader.errors import EvidenceFileError
from grader.evidence.claims import ClockClaim, CountClaim, GateClaim, StatusClaim, ValueClaim
from grader.evidence.encoding import encoded
from grader.evidence.run import Attempt, Run
from grader.evidence.steps import from_1_to_2
from grader.formats import RUN_FORMAT, Format

FORMAT = Format(RUN_FORMAT, {1: from_1_to_2}, "Grade the solution again with `kata check`.")

KEPT_RUNS = 20
"""How many runs of one kata are kept; the oldest are deleted."""


def save_run(run: Run, folder: Path) -> Path:
    """Save a run atomically, and delete the oldest runs of its kata in this folder; returns the path.

    Raises:
        EvidenceFileError: the run cannot be written.
    """
    stamp = run.began_at.replace(":", "").replace("-", "").split(".")[0]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = _unused_path(folder, f"{run.kata}-{stamp}")
        write_whole(path, encoded(run))
        _delete_old_runs(folder, run.kata)
    except OSError as error:
        raise EvidenceFileError(
            f"The run cannot be saved in {folder}: {error.strerror}.",
            "Free some space or fix the permissions.",
        ) from error
    return path


@dataclass(frozen=True)
class SaveResult:
    """Whether and where a run was saved.

    Attributes:
        path: the file; None if the run was not saved.
        unsaved: why saving failed, one sentence; otherwise empty.
    """

    path: Path | None = None
    unsaved: str = ""


def keep_run(run: Run, folder: Path | None) -> SaveResult:
    """Save a run unless `folder` is None. A failure is returned, not raised: a full disk must not lose the verdict."""
    if folder is None:
        return SaveResult()
    try:
        return SaveResult(save_run(run, folder))
    except EvidenceFileError as error:
        return SaveResult(unsaved=error.message)


def load_run(path: Path) -> Run:
    """Load a saved run. A run in an older format is migrated to the current one.

    Raises:
        EvidenceFileError: the file is missing or damaged, or its format cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise EvidenceFileError(f"The run {path} cannot be read: {error.strerror}.") from error
    try:
        found = msgspec.json.decode(data, type=_Head).format
        if refusal := FORMAT.refusal(found):
            raise EvidenceFileError(refusal.sentence(f"The run {path}"), refusal.hint)
        run = msgspec.json.decode(data if found == FORMAT.current else _migrated(data), type=Run)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise EvidenceFileError(f"The run {path} is damaged: {error}.") from error
    for record in run.checks:
        if not all(map(_has_what_it_claims, record.attempts)):
            raise EvidenceFileError(
                f"The run {path} is damaged: {record.name} has a claim about an exchange that it lacks."
            )
    return run


def _has_what_it_claims(attempt: Attempt) -> bool:
    """Whether all exchanges that claims are about were recorded; a time limit is about at least one."""
    known = {exchange.id for exchange in attempt.exchanges}
    for claim in attempt.claims:
        match claim:
            case ClockClaim():
                complete = bool(claim.exchanges) and known.issuperset(claim.exchanges)
            case StatusClaim():
                complete = known.issuperset(claim.exchanges)
            case ValueClaim() | CountClaim() | GateClaim():
                complete = True
            case _:
                assert_never(claim)
        if not complete:
            return False
    return True


def _migrated(data: bytes) -> bytes:
    return msgspec.json.encode(FORMAT.migrated(msgspec.json.decode(data)))


class _Head(msgspec.Struct):
    format: int


def saved_runs(folder: Path, slugs: Collection[str]) -> list[Path]:
    """The saved runs of a kata, oldest first. Files that cannot be read are left out.

    Args:
        folder: the workspace's folder of runs.
        slugs: the kata's current and former names.
    """
    found = []
    for path in (path for slug in slugs for path in folder.glob(f"{slug}-[0-9]*.json")):
        with contextlib.suppress(OSError, RecursionError, msgspec.MsgspecError):
            title = msgspec.json.decode(path.read_bytes(), type=_Title)
            if FORMAT.refusal(title.format) is None and title.kata in slugs:
                # If two runs began in the same second, the one saved first comes first.
                found.append((title.began_at, path.stat().st_mtime_ns, path))
    return [path for *_, path in sorted(found)]


class _Title(msgspec.Struct):
    """The fields that all formats share, read before a migration."""

    format: int
    kata: str
    began_at: str


def _unused_path(folder: Path, stem: str) -> Path:
    candidates = (
        folder / f"{stem}{suffix}.json" for suffix in ("", *(f"-{i}" for i in range(1, 1000)))
    )
    return next(path for path in candidates if not path.exists())


def _delete_old_runs(folder: Path, kata: str) -> None:
    runs = sorted(folder.glob(f"{kata}-[0-9]*.json"), key=lambda path: path.stat().st_mtime_ns)
    for path in runs[:-KEPT_RUNS]:
        path.unlink(missing_ok=True)
