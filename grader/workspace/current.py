"""Which kata is meant: that of the folder, or the first that is not done."""

from collections.abc import Mapping
from pathlib import Path

from grader.catalog.index import Index
from grader.workspace.progress import State, Workspace

DONE = (State.PASSED, State.SKIPPED, State.GIVEN_UP)
"""States of a kata that is not handed out any more."""


def current_slug(catalog: Index, states: Mapping[str, State]) -> str | None:
    """The first kata in order that is neither passed, skipped nor given up, or None."""
    return next((slug for slug in catalog.slugs if states.get(slug, State.TODO) not in DONE), None)


def slug_of_folder(catalog: Index, workspace: Workspace, folder: Path) -> str | None:
    """The kata in whose folder this one lies, if it lies in one."""
    inside = folder.relative_to(workspace.root).parts
    return (
        inside[0]
        if inside and (inside[0] in catalog.slugs or inside[0] in catalog.renamed)
        else None
    )


def is_elsewhere(catalog: Index, workspace: Workspace, slug: str, folder: Path) -> bool:
    """Whether this folder lies in that of another kata, where commands without a slug mean the other one."""
    here = slug_of_folder(catalog, workspace, folder)
    return here is not None and catalog.resolve(here) != slug
