"""Which kata a command without a slug means: the folder's, or the first unfinished one."""

from collections.abc import Mapping
from pathlib import Path

from grader.catalog.index import Index
from grader.workspace.progress import State, Workspace

DONE = (State.PASSED, State.SKIPPED, State.GIVEN_UP)
"""States of a finished kata, which `kata next` does not hand out again."""


def current_slug(catalog: Index, states: Mapping[str, State]) -> str | None:
    """The first kata in order that is neither passed, skipped nor given up, or None."""
    return next((slug for slug in catalog.slugs if states.get(slug, State.TODO) not in DONE), None)


def slug_of_folder(catalog: Index, workspace: Workspace, folder: Path) -> str | None:
    """The slug of the kata that this folder belongs to; None when it belongs to none. May be a former slug."""
    inside = folder.relative_to(workspace.root).parts
    return (
        inside[0]
        if inside and (inside[0] in catalog.slugs or inside[0] in catalog.renamed)
        else None
    )


def is_elsewhere(catalog: Index, workspace: Workspace, slug: str, folder: Path) -> bool:
    """Whether this folder belongs to another kata, so that commands without a slug mean that one."""
    here = slug_of_folder(catalog, workspace, folder)
    return here is not None and catalog.resolve(here) != slug
