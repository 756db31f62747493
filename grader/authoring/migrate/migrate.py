"""Migrates a kata to format 2, and finds what remains for its author."""

from dataclasses import dataclass
from pathlib import Path

from grader.atomic import write_whole
from grader.authoring.lint.package import CHECKS, README, parsed_source, read_package
from grader.authoring.lint.promises import constants_of, lint_numbers
from grader.authoring.lint.readme import bullets_of
from grader.authoring.lint.requirements import (
    lint_checks_of_requirements,
    lint_ids,
    lint_sections,
)
from grader.authoring.migrate.manifest_text import migrated_manifest
from grader.authoring.migrate.names import promises_for
from grader.authoring.migrate.readme_text import migrated_readme
from grader.authoring.proof import Problem
from grader.catalog.card import FORMAT, MANIFEST, parsed
from grader.catalog.manifest import Reader, read_manifest
from grader.catalog.promises import DEFAULT
from grader.catalog.readme import REQUIREMENT_ID
from grader.errors import KataPackageError
from grader.formats import KATA_FORMAT

OLD_FORMAT = 1


@dataclass(frozen=True)
class Migration:
    """What became of one kata.

    Attributes:
        folder: of the kata.
        is_done: whether it was migrated now; False if it has the current format already.
        problems: what remains for the author.
    """

    folder: Path
    is_done: bool
    problems: tuple[Problem, ...] = ()


def migrate_kata(folder: Path) -> Migration:
    """Rewrite `kata.toml` and `README.md` of a kata in format 2.

    Each file is written completely or not at all, the manifest last: after an interruption the migration can be
    repeated.

    Raises:
        KataPackageError: the manifest is damaged or has a format that cannot be migrated, or a file cannot be read or
            written.
    """
    manifest, readme = folder / MANIFEST, folder / README
    text, story = _read(manifest), _read(readme)
    found = _format_of(manifest, text)
    if found == KATA_FORMAT:
        return Migration(folder, is_done=False)
    promises = promises_for(story, _constants(folder))
    new_readme = migrated_readme(story, promises[DEFAULT])
    ids = [bullet.id for bullet in bullets_of(new_readme)]
    new_manifest = migrated_manifest(text, promises, [*filter(REQUIREMENT_ID.fullmatch, ids)])
    if new_manifest is None:
        raise KataPackageError(
            f"{manifest} is laid out so that it cannot be migrated.",
            "Write `format = 1` on a line of its own, and remove [promises] and [requirements].",
        )
    Reader(
        manifest, parsed(manifest, new_manifest)
    ).kata()  # a manifest that is wrong stays as it is
    _write(readme, new_readme)
    _write(manifest, new_manifest)
    return Migration(folder, is_done=True, problems=_remaining(folder))


def _format_of(path: Path, text: str) -> object:
    """The format of a manifest, if it can be migrated or is the current one."""
    found = parsed(path, text).get("format")
    if found not in (OLD_FORMAT, KATA_FORMAT) or isinstance(found, bool):
        refusal = FORMAT.refusal(found) if type(found) is int else None
        hint = refusal.hint if refusal is not None and refusal.is_newer else "Write `format = 1`."
        raise KataPackageError(f"{path}: `format` is {found!r}, which cannot be migrated.", hint)
    return found


def _constants(folder: Path) -> dict[float, str]:
    """By seconds, the name that a constant of `checks.py` would give a promise."""
    try:
        tree = parsed_source(_read(folder / CHECKS))
    except SyntaxError:
        return {}
    return {seconds: name.strip("_").lower() for name, seconds, _ in constants_of(tree)}


def _remaining(folder: Path) -> tuple[Problem, ...]:
    """What the author must write: bullets, checks of requirements, promises in place of numbers."""
    try:
        kata, files = read_manifest(folder), read_package(folder)
    except OSError as error:
        raise KataPackageError(f"{error.filename} cannot be read: {error.strerror}.") from error
    return (
        *lint_sections(files),
        *lint_ids(kata, files),
        *lint_checks_of_requirements(kata, files),
        *lint_numbers(kata, files),
    )


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError as error:
        raise KataPackageError(
            f"{path} does not exist.", "Add it, or name another kata."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise KataPackageError(f"{path} cannot be read: {error}.") from error


def _write(path: Path, text: str) -> None:
    try:
        write_whole(path.resolve(), text.encode(), path.stat().st_mode & 0o777)  # a link stays one
    except OSError as error:
        raise KataPackageError(
            f"{path} cannot be written: {error.strerror}.",
            "Fix its permissions, or free some space.",
        ) from error
