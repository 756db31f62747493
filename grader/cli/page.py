"""Writes the page of a report: where it may go, what it is compared with, and never over anything that is no page."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from grader.errors import HarnessError, PageFileError, UsageError

if TYPE_CHECKING:
    from grader.catalog.find import Catalog
    from grader.catalog.manifest import Kata
    from grader.render.html import Graded
    from grader.report import Report

PAGE_STARTS = b"<!doctype html"


def need_place(file: Path) -> None:
    """Refuse a place for a page before any work is done for it.

    Raises:
        UsageError: its folder is missing or not writable, or something that is no page lies there.
    """
    folder = file.parent
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder} to write the page {file.name} into.", "Make it, or name another file.")
    if not file.exists():
        if not os.access(folder, os.W_OK):
            raise UsageError(f"The folder {folder} is not writable.", "Name a file in a folder of your own.")
        return
    if not file.is_file():
        raise UsageError(f"{file} is no plain file, so no page can be written there.", "Name a file, such as report.html.")
    if not _is_page(file):
        raise UsageError(f"{file} is there already and is no page; it is left as it is.", "Name another file, such as report.html.")


@contextlib.contextmanager
def runs_folder_for(page: Path | None, kept: Path | None) -> Iterator[Path | None]:
    """Where the evidence of a grading is saved.

    Args:
        page: a page is wanted, which is made of the saved run.
        kept: the folder of the workspace; without one the run is saved for the page alone, and goes afterwards.
    """
    if page is None or kept is not None:
        yield kept
        return
    from grader.harness.rundir import temporary_base

    try:
        folder = tempfile.TemporaryDirectory(prefix="kata-run-", dir=temporary_base())
    except OSError as error:
        raise HarnessError(f"No temporary folder can be made: {error.strerror}.", "Free some space, or set TMPDIR.") from error
    with folder as name:
        yield Path(name)


def add_page(catalog: "Catalog", report: "Report", file: Path, *, says_so: bool) -> None:
    """Write the page of a report that has just been shown; the errors are those of `save_page`."""
    from grader.render.terminal import Screen

    size_bytes = save_page(catalog, report, file)
    if says_so:
        Screen().say("", f"The page of this report is {file} ({in_kb(size_bytes)}).")


def in_kb(size_bytes: int) -> str:
    """The size of a page in words."""
    return f"{size_bytes / 1000:.0f} kB"


def save_page(catalog: "Catalog", report: "Report", file: Path) -> int:
    """Write the page of a report whose run is saved, compared with the run before it; returns its size in bytes.

    Args:
        catalog: has the kata that was graded.
        report: with its `run_file`.
        file: where it goes; a link is followed.

    Raises:
        UsageError: no page can go there.
        PageFileError: it cannot be written; what was there before is still there.
        EvidenceFileError: the run cannot be read.
    """
    from grader.evidence.files import load_run, write_whole
    from grader.render.html import Graded, render_page

    need_place(file)
    run_file = Path(report.run_file)
    page = render_page(Graded(load_run(run_file), report), _before(catalog, catalog.kata(report.kata), run_file)).encode()
    target = file.resolve()
    try:
        write_whole(target, page)
        target.chmod(0o666 & ~_umask())
    except OSError as error:
        raise PageFileError(f"The page {file} cannot be written: {error.strerror}.", "Free some space, or name another file.") from error
    return len(page)


def slugs_of(catalog: "Catalog", slug: str) -> tuple[str, ...]:
    """The name that a kata has, and those that it had."""
    return (slug, *(old for old, new in catalog.renamed.items() if new == slug))


def _before(catalog: "Catalog", kata: "Kata", run_file: Path) -> "Graded | None":
    """The saved run of the same kata before this one, judged by today's rule; None when there is none that can be judged."""
    from grader.errors import EvidenceFileError
    from grader.evidence.files import load_run, saved_runs
    from grader.grading.grade import replay
    from grader.render.html import Graded

    runs = saved_runs(run_file.parent, slugs_of(catalog, kata.slug))
    older = runs[: runs.index(run_file)] if run_file in runs else []
    for path in reversed(older):
        try:
            return Graded(load_run(path), replay(kata, path))
        except EvidenceFileError:  # damaged: the one before it will do
            continue
    return None


def _is_page(file: Path) -> bool:
    """Whether a page lies there, or nothing: an empty file may be overwritten."""
    try:
        with open(file, "rb") as opened:
            start = opened.read(len(PAGE_STARTS))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.", "Name another file.") from error
    return not start or start.lower() == PAGE_STARTS


def _umask() -> int:
    umask = os.umask(0o077)
    os.umask(umask)
    return umask
