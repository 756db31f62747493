"""The command `kata progress`: how far one is, and moving that to another machine.

What the command needs is imported inside of it: `kata --help` stays under 0.3 s that way.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.learner import KatasOption
from grader.cli.paths import shown
from grader.errors import ProgressFileError, UsageError

if TYPE_CHECKING:
    from grader.catalog.find import Catalog
    from grader.render.terminal import Screen
    from grader.workspace.transfer import Merge

STREAM = "-"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("progress")(progress)


def progress(
    export_to: Annotated[str, typer.Option("--export", metavar="FILE", help="Write your progress into this file; - is stdout.")] = "",
    import_from: Annotated[
        str, typer.Option("--import", metavar="FILE", help="Merge the progress of this file into yours; - is stdin. No pass is lost.")
    ] = "",
    katas: KatasOption = None,
) -> None:
    """Say how far you are; move your progress to another machine."""
    from grader.catalog.find import find_catalog

    if export_to and import_from:
        raise UsageError("--export and --import do not go together.", "Do one after the other.")
    catalog = find_catalog(katas)
    if export_to:
        _export(export_to)
    elif import_from:
        _import(import_from, catalog)
    else:
        _count(catalog)


def _count(catalog: "Catalog") -> None:
    from grader.render.terminal import Screen
    from grader.workspace.progress import State, need_workspace
    from grader.workspace.standing import standing_of

    standing = standing_of(catalog, need_workspace(Path.cwd()).entries(catalog.renamed))
    words = {State.STARTED: "begun", State.SKIPPED: "skipped", State.GIVEN_UP: "given up"}
    others = [f"{standing.count(state)} {word}" for state, word in words.items() if standing.count(state)]
    others.append(f"{standing.hints} hint{'' if standing.hints == 1 else 's'} seen")
    screen = Screen()
    screen.say(f"{standing.count(State.PASSED)} of {standing.total} katas passed; {', '.join(others)}.", "")
    screen.say("To go on with another machine: kata progress --export progress.json", "and there: kata progress --import progress.json")


def _export(name: str) -> None:
    from importlib.metadata import version

    from grader.render.terminal import Screen
    from grader.workspace.progress import need_workspace
    from grader.workspace.transfer import export_document, save_document

    workspace = need_workspace(Path.cwd())
    document = export_document(workspace, version("fastapi-katas"))
    if name == STREAM:
        _write_to_stdout(document)
        return
    save_document(document, Path(name))
    screen = Screen()
    screen.say(f"Your progress is in {shown(Path(name).absolute())}. On the other machine, type: kata progress --import FILE")
    screen.say(f"Your solutions are not in it: they are the folders in {workspace.root}.")


def _import(name: str, catalog: "Catalog") -> None:
    from grader.render.terminal import Screen
    from grader.workspace.progress import find_workspace, make_workspace
    from grader.workspace.transfer import merge_into, parse_document

    entries = parse_document(_read(name), "stdin" if name == STREAM else name)
    screen, workspace = Screen(), find_workspace(Path.cwd())
    if workspace is None:
        workspace = make_workspace(Path.cwd())
        screen.say(f"{workspace.root} is now your workspace: katas go here, progress into .kata/.")
    _tell_merge(screen, merge_into(workspace, entries, catalog.slugs, catalog.renamed))


def _tell_merge(screen: "Screen", merge: "Merge") -> None:
    if not (merge.passed or merge.changed):
        screen.say("There was nothing in it that was not known here already.")
    if merge.passed:
        screen.say(f"Newly passed here: {', '.join(merge.passed)}.")
    if merge.changed:
        screen.say(f"Other news of: {', '.join(merge.changed)}.")
    if merge.unknown:
        screen.say(f"Kept, though this version does not have them: {', '.join(merge.unknown)}.")
    screen.say("Where you are now: kata")


def _read(name: str) -> bytes:
    from grader.workspace.transfer import LIMIT_BYTES

    try:
        if name == STREAM:
            return sys.stdin.buffer.read(LIMIT_BYTES + 1)
        with open(name, "rb") as file:
            return file.read(LIMIT_BYTES + 1)
    except OSError as error:
        raise UsageError(f"The progress in {name} cannot be read: {error.strerror}.", "Name the file that was exported.") from error


def _write_to_stdout(document: bytes) -> None:
    # Not through sys.stdout: what could not be written would be tried again, with a traceback, at the end of the process.
    sys.stdout.flush()
    rest = memoryview(document)
    try:
        while rest:
            rest = rest[os.write(sys.stdout.fileno(), rest) :]
    except OSError as error:
        raise ProgressFileError(f"The progress cannot be written to stdout: {error.strerror}.", "Name a file instead.") from error
