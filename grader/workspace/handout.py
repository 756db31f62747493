"""Hands out katas: the starter and the text, never over anything that is there."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.atomic import write_new
from grader.catalog.manifest import Kata
from grader.errors import ProgressFileError
from grader.solution.solution import ENTRY
from grader.workspace.progress import Entry, State, Workspace
from grader.workspace.upgrade import README, Part, digests_of


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
        raise ProgressFileError(
            f"{folder} cannot be written: {error.strerror}.",
            "Free some space or mend the permissions.",
        ) from error
    workspace.set_state(kata.slug, State.STARTED, renamed)
    known = workspace.entries(renamed).get(kata.slug, Entry()).known
    if Part.STARTER in written:
        written.add(Part.CHECKS)
    workspace.note_known(
        kata.slug,
        {part: digest for part, digest in digests.items() if part in written or part not in known},
        renamed,
    )
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
