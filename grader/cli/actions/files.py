"""Compares, resets and opens the learner's files: `kata diff`, `kata reset` and `kata open`."""

import os
import shlex
from datetime import datetime
from pathlib import Path

import typer

from grader.errors import UsageError
from grader.render.paths import shown
from grader.render.terminal.screen import Screen
from grader.render.terminal.workspace import WorkspaceScreen
from grader.solution.contents import is_ignored
from grader.solution.solution import ENTRY
from grader.tools.editor import editor_command, run_editor
from grader.workspace import backup
from grader.workspace.difference import differences_of_folders
from grader.workspace.target import command_of, recently_finished_slug, target_of, workspace_of
from grader.workspace.upgrade import Part, digest_of


def show_diff(slug: str | None, katas: Path | None) -> None:
    """Show what the learner has changed in the starter, as a unified diff."""
    target = target_of(slug or recently_finished_slug(katas), None, katas, "diff")
    screen = WorkspaceScreen()
    found = differences_of_folders(target.kata.starter.parent, target.path, target.path.name)
    if screen.differences(found) == 0:
        screen.say(f"Nothing has changed: {shown(target.path)} is still the starter.")


def reset_kata(slug: str | None, katas: Path | None) -> None:
    """Put the starter back. The learner's file is kept beside it, with the date and time in its name."""
    target, screen = target_of(slug, None, katas, "reset"), Screen()
    done = backup.reset(target.kata, target.path, datetime.now().astimezone())
    if not done.is_done:
        screen.say(f"There is nothing to reset: {shown(done.app)} is already the starter.")
        return
    screen.say(f"{shown(done.app)} is the starter again.")
    if done.backup is not None:
        kept = shown(done.backup)
        screen.say(
            f"Your version is kept in {kept}",
            "To restore it, type: " + shlex.join(["cp", kept, shown(done.app)]),
        )
    others = sorted(
        path.name
        for path in target.path.glob("*.py")
        if path not in (done.app, done.backup) and not _is_backup(path)
    )
    if others:
        screen.say(f"Other files were not touched: {', '.join(others)}")
    workspace_of(target).record_known(
        target.kata.slug, {Part.STARTER: digest_of(target.kata.starter)}, target.catalog.renamed
    )


def _is_backup(path: Path) -> bool:
    return is_ignored(path.name)


def open_files(slug: str | None, katas: Path | None) -> None:
    """Open the kata's app.py and README in $VISUAL or $EDITOR."""
    target = target_of(slug, None, katas, "open")
    app = target.path / ENTRY
    if not app.exists():
        raise UsageError(
            f"{shown(app)} is missing.", f"`{command_of('reset', slug)}` puts the starter back."
        )
    readmes = sorted(target.path.glob("README*.md"))
    editor = editor_command(os.environ)
    if editor is None:
        for path in (app, *readmes):
            typer.echo(path)
        raise UsageError(
            "Neither $VISUAL nor $EDITOR is set, so nothing was opened.",
            "Set one, for example `export EDITOR=nano`, or open the files above yourself.",
        )
    run_editor(*editor, (app, *readmes))
