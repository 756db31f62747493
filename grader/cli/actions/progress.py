"""Shows the learner's progress, exports and imports it: `kata progress`."""

import os
import sys
from importlib.metadata import version
from pathlib import Path

from grader.catalog.find import Catalog, find_catalog
from grader.errors import ProgressFileError, UsageError
from grader.render.paths import shown
from grader.render.terminal.screen import Screen
from grader.workspace.overview import overview_of
from grader.workspace.progress import State, find_workspace, make_workspace, require_workspace
from grader.workspace.transfer import (
    LIMIT_BYTES,
    Merge,
    export_document,
    merge_into,
    parse_document,
    save_document,
)

STREAM = "-"


def show_or_move(export_to: str, import_from: str, katas: Path | None) -> None:
    """Show the learner's progress, export it to a file, or merge an exported file into it.

    Args:
        export_to: file to write, or "-" for stdout; empty means no export.
        import_from: file to merge, or "-" for stdin; empty means no import.
        katas: folder of katas; None means the built-in ones.

    Raises:
        UsageError: both files are given, or the file cannot be read.
        ProgressFileError: progress cannot be read or written.
    """
    if export_to and import_from:
        raise UsageError("--export and --import cannot be combined.", "Run one after the other.")
    catalog = find_catalog(katas)
    if export_to:
        _export(export_to)
    elif import_from:
        _import(import_from, catalog)
    else:
        _show_counts(catalog)


def _show_counts(catalog: Catalog) -> None:
    overview = overview_of(catalog, require_workspace(Path.cwd()).entries(catalog.renamed))
    words = {State.STARTED: "started", State.SKIPPED: "skipped", State.GIVEN_UP: "given up"}
    others = [
        f"{overview.count(state)} {word}" for state, word in words.items() if overview.count(state)
    ]
    others.append(f"{overview.hints} hint{'' if overview.hints == 1 else 's'} seen")
    screen = Screen()
    screen.say(
        f"{overview.count(State.PASSED)} of {overview.total} katas passed; {', '.join(others)}.", ""
    )
    screen.say(
        "To continue on another machine, type here: kata progress --export progress.json",
        "and there: kata progress --import progress.json",
    )


def _export(name: str) -> None:
    workspace = require_workspace(Path.cwd())
    document = export_document(workspace, version("fastapi-katas"))
    if name == STREAM:
        _write_to_stdout(document)
        return
    save_document(document, Path(name))
    screen = Screen()
    screen.say(
        f"Exported to {shown(Path(name).absolute())}. On the other machine, type: kata progress --import FILE"
    )
    screen.say(
        f"The file does not contain your solutions: those are the folders in {workspace.root}."
    )


def _import(name: str, catalog: Catalog) -> None:
    entries = parse_document(_read(name), "stdin" if name == STREAM else name)
    screen, workspace = Screen(), find_workspace(Path.cwd())
    if workspace is None:
        workspace = make_workspace(Path.cwd())
        screen.say(
            f"{workspace.root} is now your workspace: katas go here, your progress goes into .kata/."
        )
    _show_merge(screen, merge_into(workspace, entries, catalog.slugs, catalog.renamed))


def _show_merge(screen: Screen, merge: Merge) -> None:
    if not (merge.passed or merge.changed):
        screen.say("The file contains nothing new.")
    if merge.passed:
        screen.say(f"Newly passed here: {', '.join(merge.passed)}.")
    if merge.changed:
        screen.say(f"Also updated: {', '.join(merge.changed)}.")
    if merge.unknown:
        screen.say(
            f"Kept, although this version does not have these katas: {', '.join(merge.unknown)}."
        )
    screen.say("To see where you are, type: kata")


def _read(name: str) -> bytes:
    try:
        if name == STREAM:
            return sys.stdin.buffer.read(LIMIT_BYTES + 1)
        with open(name, "rb") as file:
            return file.read(LIMIT_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"The progress in {name} cannot be read: {error.strerror}.",
            "Name a file written by `kata progress --export`.",
        ) from error


def _write_to_stdout(document: bytes) -> None:
    # Bypasses sys.stdout: after an error Python would retry the write at exit and print a traceback.
    sys.stdout.flush()
    rest = memoryview(document)
    try:
        while rest:
            rest = rest[os.write(sys.stdout.fileno(), rest) :]
    except OSError as error:
        raise ProgressFileError(
            f"The progress cannot be written to stdout: {error.strerror}.", "Name a file instead."
        ) from error
