"""Hands out katas: the starter and the text, never over anything that is there."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.catalog.find import Catalog
from grader.catalog.manifest import Kata
from grader.errors import ProgressFileError
from grader.workspace.progress import State, Workspace
from grader.workspace.solution import ENTRY

README = "README.md"


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
    """The first kata in order that is neither passed nor skipped, or None."""
    done = (State.PASSED, State.SKIPPED)
    return next((slug for slug in catalog.slugs if states.get(slug, State.TODO) not in done), None)


def hand_out(kata: Kata, workspace: Workspace, renamed: Mapping[str, str]) -> Handout:
    """Put a kata's starter and text into the workspace, where they are not there already.

    Raises:
        ProgressFileError: the workspace cannot be written.
    """
    folder = workspace.kata_folder(kata.slug, renamed)
    is_new = False
    try:
        folder.mkdir(exist_ok=True)
        for source, name in ((kata.starter, ENTRY), (kata.readme, README)):
            if not (folder / name).exists():
                shutil.copyfile(source, folder / name)
                is_new = True
    except OSError as error:
        raise ProgressFileError(f"{folder} cannot be written: {error.strerror}.", "Free some space or mend the permissions.") from error
    workspace.set_state(kata.slug, State.STARTED, renamed)
    return Handout(kata, folder, is_new)
