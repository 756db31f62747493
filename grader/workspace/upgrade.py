"""Finds handed-out katas that an upgrade of this package has changed.

The progress file has a digest of each part of a kata. Each change is reported once. The learner's files are left
alone: a new README is written beside the old one.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from grader.atomic import COMMON, write_new, write_whole
from grader.catalog.index import Index
from grader.catalog.readme import learners_readme
from grader.solution.solution import ENTRY
from grader.workspace.progress import Entry, State, Workspace

README = "README.md"
NEW_README = "README.new"
"""Stem of the name of a newer README in the learner's folder."""

DIGEST_CHARS = 32
SUFFIXES_OF_CHECKS = (".py", ".sql")
"""Files with these suffixes in a kata's folder count as its checks: `checks.py` and, for example, a schema."""


class Part(StrEnum):
    """A part of a kata whose changes matter to learners."""

    STARTER = "starter"
    README = "readme"
    CHECKS = "checks"


@dataclass(frozen=True)
class Change:
    """A kata that has changed since it was handed out or a change was last announced.

    Attributes:
        folder: the learner's folder of the kata.
        source: the folder of the kata itself.
        parts: the changed parts, except those whose new version the learner already has.
        digests: digests of all parts as they are now.
        known: digests of the parts as the learner knows them.
        is_passed: whether the kata was passed before the change; it stays passed.
        is_untouched: whether `app.py` is still the former starter.
    """

    slug: str
    folder: Path
    source: Path
    parts: tuple[Part, ...]
    digests: Mapping[str, str]
    known: Mapping[str, str]
    is_passed: bool
    is_untouched: bool


def digests_of(source: Path) -> dict[str, str]:
    """The digest of each part of a kata; of the README as learners get it.

    Raises:
        OSError: a part cannot be read.
    """
    checks = [
        path
        for path in sorted(source.iterdir())
        if path.suffix in SUFFIXES_OF_CHECKS and not path.name.startswith(".")
    ]
    return {
        Part.STARTER.value: digest_of(source / "starter" / ENTRY),
        Part.README.value: _digest([learners_readme(source / README)]),
        Part.CHECKS.value: digest_of(*checks),
    }


def find_changes(catalog: Index, workspace: Workspace, slug: str | None = None) -> list[Change]:
    """The handed-out katas with changes that the learner has not been told about.

    Args:
        catalog: the katas as they are now.
        workspace: contains the handed-out katas.
        slug: look at this kata only; None means all.

    Raises:
        ProgressFileError: the progress cannot be read.
    """
    entries = workspace.entries(catalog.renamed)
    slugs = [slug] if slug is not None else [slug for slug in catalog.slugs if slug in entries]
    return [
        change
        for slug in slugs
        for change in _change(catalog, workspace, slug, entries.get(slug, Entry()))
    ]


def accept_change(change: Change, workspace: Workspace, renamed: Mapping[str, str]) -> None:
    """Record that the learner has been told about this change.

    Raises:
        ProgressFileError: the progress cannot be written, so the change will be reported again.
    """
    workspace.record_known(change.slug, change.digests, renamed)


def write_new_readme(change: Change) -> Path:
    """Write the new README beside the learner's; returns its path.

    If it cannot be written, returns the path of the original in the kata's folder.
    """
    original = change.source / README
    try:
        data = learners_readme(original)
        for path in _names_of_new_readmes(change.folder):
            if not path.exists():
                write_new(path, data)
            elif digest_of(path) == change.known.get(Part.README):
                # Left from an earlier change, and not edited since.
                write_whole(path, data, COMMON)
            if path.read_bytes() == data:
                return path
    except OSError:
        pass
    return original


def _change(catalog: Index, workspace: Workspace, slug: str, entry: Entry) -> Iterator[Change]:
    folder, source = workspace.kata_folder(slug, catalog.renamed), catalog.folder / slug
    if not entry.known or not folder.is_dir():
        return
    try:
        digests = digests_of(source)
    except OSError:  # an incomplete package is reported by the command that needs it
        return
    if any(digests[part] != digest for part, digest in entry.known.items() if part in digests):
        app, readme = _digest_or_empty(folder / ENTRY), _digest_or_empty(folder / README)
        has = {Part.STARTER: app, Part.README: readme}
        parts = tuple(
            part
            for part in Part
            if entry.known.get(part, digests[part]) != digests[part] != has.get(part)
        )
        is_untouched = app == entry.known.get(Part.STARTER)
        yield Change(
            slug,
            folder,
            source,
            parts,
            digests,
            entry.known,
            entry.state is State.PASSED,
            is_untouched,
        )


def _names_of_new_readmes(folder: Path) -> Iterator[Path]:
    yield folder / f"{NEW_README}.md"
    yield from (folder / f"{NEW_README}-{number}.md" for number in range(2, 1000))


def digest_of(*paths: Path) -> str:
    """A digest of the contents of these files.

    Raises:
        OSError: a file cannot be read.
    """
    return _digest(path.read_bytes() for path in paths)


def _digest(contents: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for data in contents:
        digest.update(f"{len(data)}\n".encode() + data)
    return digest.hexdigest()[:DIGEST_CHARS]


def _digest_or_empty(path: Path) -> str:
    try:
        return digest_of(path) if path.is_file() else ""
    except OSError:
        return ""
