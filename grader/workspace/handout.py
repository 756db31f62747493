"""Hands out katas: the starter and the text, never over anything that is there."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.catalog.find import Catalog
from grader.catalog.manifest import Kata
from grader.errors import ProgressFileError
from grader.evidence.files import write_new
from grader.workspace.progress import Entry, State, Workspace
from grader.workspace.solution import ENTRY
from grader.workspace.upgrade import README, Part, digests_of

DONE = (State.PASSED, State.SKIPPED, State.GIVEN_UP)
"""States of a kata that is not handed out any more."""


@dataclass(frozen=True)
class Handout:
    """A kata in the learner's hands.

    Attributes:
        folder: where it lies.
        is_new: files were written just now.
    """

    kata: Kata
    folder: Path
    is_new: bool


def current_slug(catalog: Catalog, states: Mapping[str, State]) -> str | None:
    """The first kata in order that is neither passed, skipped nor given up, or None."""
    return next((slug for slug in catalog.slugs if states.get(slug, State.TODO) not in DONE), None)


def slug_of_folder(catalog: Catalog, workspace: Workspace, folder: Path) -> str | None:
    """The kata in whose folder this one lies, if it lies in one."""
    inside = folder.relative_to(workspace.root).parts
    return inside[0] if inside and (inside[0] in catalog.slugs or inside[0] in catalog.renamed) else None


def is_elsewhere(catalog: Catalog, workspace: Workspace, slug: str, folder: Path) -> bool:
    """Whether this folder lies in that of another kata, where commands without a slug mean the other one."""
    here = slug_of_folder(catalog, workspace, folder)
    return here is not None and catalog.resolve(here) != slug


def hand_out(kata: Kata, workspace: Workspace, renamed: Mapping[str, str]) -> Handout:
    """Put a kata's starter and text into the workspace, where they are not there already.

    Raises:
        ProgressFileError: the workspace cannot be written.
    """
    folder = workspace.kata_folder(kata.slug, renamed)
    try:
        folder.mkdir(exist_ok=True)
        written = {part for part, source, name in _parts(kata) if _put(source, folder / name)}
        digests = digests_of(kata.folder)
    except OSError as error:
        raise ProgressFileError(f"{folder} cannot be written: {error.strerror}.", "Free some space or mend the permissions.") from error
    workspace.set_state(kata.slug, State.STARTED, renamed)
    known = workspace.entries(renamed).get(kata.slug, Entry()).known
    if Part.STARTER in written:
        written.add(Part.CHECKS)
    workspace.note_known(kata.slug, {part: digest for part, digest in digests.items() if part in written or part not in known}, renamed)
    return Handout(kata, folder, bool(written))


def _parts(kata: Kata) -> tuple[tuple[Part, Path, str], ...]:
    return (Part.STARTER, kata.starter, ENTRY), (Part.README, kata.readme, README)


def _put(source: Path, target: Path) -> bool:
    """Copy a file, unless something of that name is there; returns whether it was copied."""
    if target.exists():
        return False
    try:
        write_new(target, source.read_bytes())
    except FileExistsError:
        return False
    return True
