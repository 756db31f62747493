"""Hands out the first kata that is not finished: `kata next`."""

import shlex
from pathlib import Path

from grader.catalog.find import Catalog, find_catalog
from grader.interactive.changes import show_changes
from grader.render.paths import shown
from grader.render.terminal.workspace import WorkspaceScreen
from grader.workspace.current import current_slug, is_elsewhere
from grader.workspace.handout import Handout, hand_out
from grader.workspace.overview import overview_of
from grader.workspace.progress import State, Workspace, find_workspace, make_workspace


def hand_out_next(skip: bool, katas: Path | None) -> None:
    """Hand out the first kata that is neither passed, skipped nor given up.

    Args:
        skip: skip the current kata first.
        katas: folder of katas; None means the built-in ones.
    """
    catalog = find_catalog(katas)
    screen = WorkspaceScreen()
    workspace = find_workspace(Path.cwd())
    if workspace is None:
        workspace = make_workspace(Path.cwd())
        screen.say(
            f"{workspace.root} is now your workspace: katas go here, your progress goes into .kata/.",
            "",
        )
    show_changes(screen, catalog, workspace)
    slug = current_slug(catalog, workspace.states(catalog.renamed))
    if slug is not None and skip:
        workspace.set_state(slug, State.SKIPPED, catalog.renamed)
        screen.say(f"Skipped {slug}. To return to it: kata check {slug}", "")
        slug = current_slug(catalog, workspace.states(catalog.renamed))
    if slug is None:
        screen.the_end(overview_of(catalog, workspace.entries(catalog.renamed)))
        return
    _show_handout(
        screen, hand_out(catalog.kata(slug), workspace, catalog.renamed), catalog, workspace
    )


def _show_handout(
    screen: WorkspaceScreen, handout: Handout, catalog: Catalog, workspace: Workspace
) -> None:
    kata, app, readme = (
        handout.kata,
        shown(handout.folder / "app.py"),
        shown(handout.folder / "README.md"),
    )
    screen.say(f"{kata.title} (tier {kata.tier})", kata.teaches, "")
    if handout.is_new:
        screen.say(f"Handed out: read {readme}, then fix {app}.")
    else:
        screen.say(f"This is already your current kata. Your file is {app}")
    screen.say(f"Its folder: {handout.folder}")
    if is_elsewhere(catalog, workspace, kata.slug, Path.cwd()):
        screen.say(
            f"You are in the folder of another kata, so first: cd {shlex.quote(shown(handout.folder))}"
        )
    screen.say(
        "Then type: kata check",
        "",
        "Also: kata open (in your editor), kata watch (grades every save), kata hint",
    )
