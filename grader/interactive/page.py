"""Writes a report as a web page, compared with the previous run. Overwrites nothing but such pages."""

import os
from pathlib import Path

from grader.atomic import write_whole
from grader.catalog.find import Catalog
from grader.catalog.manifest import Kata
from grader.errors import EvidenceFileError, PageFileError, UsageError
from grader.evidence.files import load_run, saved_runs
from grader.grading.graded import Graded, judged_again
from grader.render.terminal.screen import Screen

PAGE_STARTS = b"<!doctype html"


def require_page_file(file: Path) -> None:
    """Refuse a file that a page cannot be written to, before any work is done.

    Raises:
        UsageError: its folder is missing or not writable, or the file exists and is not a page.
    """
    folder = file.parent
    if not folder.is_dir():
        raise UsageError(
            f"The folder {folder} for the page {file.name} does not exist.",
            "Create it, or name another file.",
        )
    if not file.exists():
        if not os.access(folder, os.W_OK):
            raise UsageError(
                f"The folder {folder} is not writable.",
                "Name a file in a folder that you can write to.",
            )
        return
    if not file.is_file():
        raise UsageError(
            f"{file} is not a regular file, so no page can be written there.",
            "Name a file, such as report.html.",
        )
    if not _is_page(file):
        raise UsageError(
            f"{file} already exists and is not a report page, so it is not overwritten.",
            "Name another file, such as report.html.",
        )


def add_page(
    catalog: Catalog, graded: Graded, run_file: Path | None, file: Path, *, announces: bool
) -> None:
    """Write the page of a report that has just been shown. Arguments and errors: see `save_page`."""
    size_bytes = save_page(catalog, graded, run_file, file)
    if announces:
        Screen().say("", f"The page of this report is {file} ({in_kb(size_bytes)}).")


def in_kb(size_bytes: int) -> str:
    """A size for people, such as "12 kB"."""
    return f"{size_bytes / 1000:.0f} kB"


def save_page(catalog: Catalog, graded: Graded, run_file: Path | None, file: Path) -> int:
    """Write the page of a grading, compared with the previous saved run; returns its size in bytes.

    Args:
        catalog: contains the kata that was graded.
        graded: the grading that the page shows.
        run_file: the grading's saved run; without it there is no comparison.
        file: where to write the page; links are followed.

    Raises:
        UsageError: the page cannot be written to `file`.
        PageFileError: writing failed; an older page is unchanged.
    """
    from grader.render.html.page import render_page  # late: Jinja, needed only for a page

    require_page_file(file)
    previous = (
        _previous(catalog, catalog.kata(graded.run.kata), run_file)
        if run_file is not None
        else None
    )
    page = render_page(graded, previous).encode()
    target = file.resolve()
    try:
        write_whole(target, page)
        target.chmod(0o666 & ~_umask())
    except OSError as error:
        raise PageFileError(
            f"The page {file} cannot be written: {error.strerror}.",
            "Free some disk space, or name another file.",
        ) from error
    return len(page)


def slugs_of(catalog: Catalog, slug: str) -> tuple[str, ...]:
    """The current slug of a kata, then its former ones."""
    return (slug, *(old for old, new in catalog.renamed.items() if new == slug))


def _previous(catalog: Catalog, kata: Kata, run_file: Path) -> Graded | None:
    """The kata's previous readable run, judged by the current rule; None if there is none."""
    runs = saved_runs(run_file.parent, slugs_of(catalog, kata.slug))
    older = runs[: runs.index(run_file)] if run_file in runs else []
    for path in reversed(older):
        try:
            return judged_again(kata, load_run(path))
        except EvidenceFileError:  # damaged: try the run before it
            continue
    return None


def _is_page(file: Path) -> bool:
    """Whether the file may be overwritten: it is a page, or empty."""
    try:
        with open(file, "rb") as opened:
            start = opened.read(len(PAGE_STARTS))
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read: {error.strerror}.", "Name another file."
        ) from error
    return not start or start.lower() == PAGE_STARTS


def _umask() -> int:
    umask = os.umask(0o077)
    os.umask(umask)
    return umask
