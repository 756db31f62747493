"""Shows the learner's progress and what to type next: `kata` without a command."""

import os
import shlex
from pathlib import Path

from grader.catalog.find import Catalog, find_catalog
from grader.catalog.manifest import Kata
from grader.interactive.changes import show_changes
from grader.render.paths import shown
from grader.render.terminal.workspace import WorkspaceScreen
from grader.solution.solution import ENTRY
from grader.workspace.current import is_elsewhere
from grader.workspace.overview import overview_of
from grader.workspace.progress import Entry, Workspace, find_workspace


def show_overview() -> None:
    """Show progress by tier, the current kata, and what to type next."""
    path = os.environ.get("KATA_PATH")
    catalog = find_catalog(Path(path) if path else None)
    screen, workspace = WorkspaceScreen(), find_workspace(Path.cwd())
    if workspace is None:
        first = catalog.kata(catalog.slugs[0])
        screen.say(
            "There is no workspace in this folder or above it.", "", "To start, type: kata next"
        )
        screen.say(
            f"It makes this folder your workspace and hands out the first of {len(catalog.slugs)} katas:"
        )
        screen.kata(first.title, first.slug)
        screen.say("", "All commands: kata --help")
        return
    show_changes(screen, catalog, workspace)
    overview = overview_of(catalog, workspace.entries(catalog.renamed))
    screen.overview(overview)
    screen.say("")
    if overview.current is None:
        screen.the_end(overview)
    else:
        _show_current(screen, catalog, workspace, overview.current)


def _show_current(
    screen: WorkspaceScreen, catalog: Catalog, workspace: Workspace, slug: str
) -> None:
    kata, folder = catalog.kata(slug), workspace.kata_folder(slug, catalog.renamed)
    screen.kata(kata.title, slug)
    if not folder.is_dir():
        screen.say(kata.teaches, "", "To get it, type: kata next")
        return
    hints = min(workspace.entries(catalog.renamed).get(slug, Entry()).hints, len(kata.hints))
    screen.say(f"{shown(folder / ENTRY)}, {hints} of {len(kata.hints)} hints seen", "")
    if is_elsewhere(catalog, workspace, slug, Path.cwd()):
        screen.say(
            f"You are in the folder of another kata, so first: cd {shlex.quote(shown(folder))}"
        )
    if _is_untouched(kata, folder):
        screen.say(
            f"Read {shown(folder / 'README.md')}, then fix {shown(folder / ENTRY)}.",
            "To open both in your editor, type: kata open",
        )
    screen.say(
        "When it is fixed, type: kata check", "Or keep kata watch running. Stuck? Type: kata hint"
    )


def _is_untouched(kata: Kata, folder: Path) -> bool:
    try:
        return (folder / ENTRY).read_bytes() == kata.starter.read_bytes()
    except OSError:
        return False
