"""Hands out katas: copies starter and README, and never overwrites a file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from grader.atomic import write_new
from grader.catalog.manifest import Kata
from grader.catalog.readme import learners_readme
from grader.errors import ProgressFileError
from grader.solution.solution import ENTRY
from grader.workspace.progress import Entry, State, Workspace
from grader.workspace.upgrade import README, Part, digests_of


@dataclass(frozen=True)
class Handout:
    """A kata that has been handed out.

    Attributes:
        folder: the learner's folder of the kata.
        is_new: whether any file was written.
    """

    kata: Kata
    folder: Path
    is_new: bool


def hand_out(kata: Kata, workspace: Workspace, renamed: Mapping[str, str]) -> Handout:
    """Copy a kata's starter and README into the workspace, unless they are already there.

    Raises:
        ProgressFileError: the workspace is not writable.
    """
    folder = workspace.kata_folder(kata.slug, renamed)
    try:
        folder.mkdir(exist_ok=True)
        written = {part for part, read, name in _parts(kata) if _put(read, folder / name)}
        digests = digests_of(kata.folder)
    except OSError as error:
        raise ProgressFileError(
            f"{folder} is not writable: {error.strerror}.",
            "Free some disk space or fix the permissions.",
        ) from error
    workspace.set_state(kata.slug, State.STARTED, renamed)
    known = workspace.entries(renamed).get(kata.slug, Entry()).known
    if Part.STARTER in written:
        written.add(Part.CHECKS)
    workspace.record_known(
        kata.slug,
        {part: digest for part, digest in digests.items() if part in written or part not in known},
        renamed,
    )
    return Handout(kata, folder, bool(written))


def _parts(kata: Kata) -> tuple[tuple[Part, Callable[[], bytes], str], ...]:
    """Each part, how its content is read, and the name of its file in the learner's folder."""
    return (
        (Part.STARTER, kata.starter.read_bytes, ENTRY),
        (Part.README, partial(learners_readme, kata.readme), README),
    )


def _put(read: Callable[[], bytes], target: Path) -> bool:
    """Write a file unless it exists; returns whether it was written."""
    if target.exists():
        return False
    try:
        write_new(target, read())
    except FileExistsError:
        return False
    return True
