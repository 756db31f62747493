"""Finds the kata that a command without a slug refers to."""

from collections.abc import Mapping
from pathlib import Path

from grader.catalog.index import Index
from grader.workspace.progress import State, Workspace

DONE = (State.PASSED, State.SKIPPED, State.GIVEN_UP)
"""States that `kata next` passes over."""


def current_slug(catalog: Index, states: Mapping[str, State]) -> str | None:
    """The first kata that is not passed, skipped or given up; None if there is none."""
    return next((slug for slug in catalog.slugs if states.get(slug, State.TODO) not in DONE), None)


def slug_of_folder(catalog: Index, workspace: Workspace, folder: Path) -> str | None:
    """The slug, perhaps a former one, of the kata whose folder this is or contains it; None if there is none."""
    inside = folder.relative_to(workspace.root).parts
    return (
        inside[0]
        if inside and (inside[0] in catalog.slugs or inside[0] in catalog.renamed)
        else None
    )


def is_elsewhere(catalog: Index, workspace: Workspace, slug: str, folder: Path) -> bool:
    """Whether this folder belongs to a different kata, which commands without a slug would then refer to."""
    here = slug_of_folder(catalog, workspace, folder)
    return here is not None and catalog.resolve(here) != slug
