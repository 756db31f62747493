"""Announces, once, what an upgrade changed in katas that were already handed out."""

from pathlib import Path

from grader.catalog.find import Catalog
from grader.errors import BrokenError
from grader.render.paths import shown
from grader.render.terminal.workspace import WorkspaceScreen
from grader.workspace.progress import Workspace
from grader.workspace.upgrade import Part, accept_change, find_changes, write_new_readme


def show_changes(
    screen: WorkspaceScreen, catalog: Catalog, workspace: Workspace, slug: str | None = None
) -> None:
    """Show which handed-out katas an upgrade has changed, and remember that the learner knows.

    Args:
        screen: shows the changes.
        catalog: the katas as they are now.
        workspace: contains the handed-out katas.
        slug: look at this kata only; None means all.
    """
    changes = find_changes(catalog, workspace, slug)
    for change in changes:
        if change.parts and not change.is_passed:
            readme = Path(shown(write_new_readme(change))) if Part.README in change.parts else None
            screen.change(change, readme)
            screen.say("")
    passed = [change.slug for change in changes if change.parts and change.is_passed]
    if passed:
        screen.changes_of_passed(passed)
        screen.say("")
    for change in changes:
        try:
            accept_change(change, workspace, catalog.renamed)
        except BrokenError:  # the change is shown again next time
            return
