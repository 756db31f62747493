"""Saves runs and loads them again."""

import contextlib
import os
import tempfile
from collections.abc import Collection
from pathlib import Path

import msgspec

from grader.errors import EvidenceFileError
from grader.evidence.model import FORMAT, Run

KEPT_RUNS = 20
"""How many runs of one kata are kept; the oldest go first."""


def save_run(run: Run, folder: Path) -> Path:
    """Save a run below this folder, whole or not at all; returns its path.

    Raises:
        EvidenceFileError: it cannot be written.
    """
    stamp = run.began_at.replace(":", "").replace("-", "").split(".")[0]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = _free_name(folder, f"{run.kata}-{stamp}")
        write_whole(path, msgspec.json.encode(run))
        _forget_old_runs(folder, run.kata)
    except OSError as error:
        raise EvidenceFileError(
            f"The run cannot be saved in {folder}: {error.strerror}.", "Free some space or mend the permissions."
        ) from error
    return path


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, even when the process is killed or the power fails in the middle.

    Raises:
        OSError: it cannot be written; what was there before is still there.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".saving-")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def load_run(path: Path) -> Run:
    """Load a saved run.

    Raises:
        EvidenceFileError: it is missing, damaged, or of another format.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise EvidenceFileError(f"The run {path} cannot be read: {error.strerror}.") from error
    try:
        found = msgspec.json.decode(data, type=_Head).format
        if found != FORMAT:
            raise EvidenceFileError(f"The run {path} has format {found}; this grader reads {FORMAT}.", "Use the version that saved it.")
        return msgspec.json.decode(data, type=Run)
    except msgspec.MsgspecError as error:
        raise EvidenceFileError(f"The run {path} is damaged: {error}.") from error


class _Head(msgspec.Struct):
    format: int


def saved_runs(folder: Path, slugs: Collection[str]) -> list[Path]:
    """The saved runs of a kata, the oldest first; what cannot be read is none.

    Args:
        folder: of a workspace.
        slugs: the names that the kata has and had.
    """
    found = []
    for path in (path for slug in slugs for path in folder.glob(f"{slug}-[0-9]*.json")):
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            title = msgspec.json.decode(path.read_bytes(), type=_Title)
            if title.format == FORMAT and title.kata in slugs:
                # Two runs of one second are told apart by the order in which they were saved.
                found.append((title.began_at, path.stat().st_mtime_ns, path))
    return [path for *_, path in sorted(found)]


class _Title(msgspec.Struct):
    format: int
    kata: str
    began_at: str


def _free_name(folder: Path, stem: str) -> Path:
    candidates = (folder / f"{stem}{suffix}.json" for suffix in ("", *(f"-{i}" for i in range(1, 1000))))
    return next(path for path in candidates if not path.exists())


def _forget_old_runs(folder: Path, kata: str) -> None:
    runs = sorted(folder.glob(f"{kata}-[0-9]*.json"), key=lambda path: path.stat().st_mtime_ns)
    for path in runs[:-KEPT_RUNS]:
        path.unlink(missing_ok=True)
