"""Writes the skeleton of a new kata: a small working kata, for its author to change."""

import difflib
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.authoring.scaffold.compose import compose
from grader.catalog.card import TIERS
from grader.errors import UsageError
from grader.registry import SERVICES
from grader.services.fragment import Fragment
from grader.services.service import find_service

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Skeleton:
    """A new kata on disk.

    Attributes:
        folder: of the kata.
        files: paths within the folder, sorted.
    """

    folder: Path
    files: tuple[str, ...]


def write_skeleton(slug: str, directory: Path, tier: int, services: Iterable[str]) -> Skeleton:
    """Write a new kata into `directory/slug`.

    Args:
        slug: the kata's name, from which its title is derived.
        directory: folder of katas; created if it does not exist.
        tier: of the kata.
        services: names of the kata's services.

    Raises:
        UsageError: slug, tier or services are invalid, or the folder exists already or cannot be written.
        HarnessError: a fragment cannot be read.
    """
    _refuse_bad_slug(slug)
    if tier not in TIERS:
        raise UsageError(f"The tier must be from {TIERS[0]} to {TIERS[-1]}, not {tier}.")
    fragments = chosen_fragments(services)
    if (directory / "kata.toml").exists():
        raise UsageError(
            f"{directory} is itself a kata; a kata cannot contain another kata.",
            "Choose another folder with --dir.",
        )
    return _write(directory / slug, compose(slug, title_of(slug), tier, fragments))


def chosen_fragments(services: Iterable[str]) -> dict[str, Fragment]:
    """The fragments of these services, in the order of the registry.

    Raises:
        UsageError: one of them is unknown.
        HarnessError: a fragment cannot be read.
    """
    wanted = set(services)
    for service in sorted(wanted - set(SERVICES)):
        near = difflib.get_close_matches(service, SERVICES, 1)
        hint = f"Did you mean {near[0]}?" if near else f"Services: {', '.join(SERVICES)}."
        raise UsageError(f"There is no service `{service}`.", hint)
    return {service: find_service(service).fragment() for service in SERVICES if service in wanted}


def title_of(slug: str) -> str:
    """The initial title: "Two at once" for `two-at-once`."""
    return slug.replace("-", " ").capitalize()


def _refuse_bad_slug(slug: str) -> None:
    if SLUG.fullmatch(slug):
        return
    near = re.sub(r"[^a-z0-9]+", "-", slug.lower()).strip("-")
    hint = f"Did you mean {near}?" if near else "Choose a name like two-at-once."
    raise UsageError(
        f"`{slug}` is not a valid name for a kata: use lower-case letters, digits and single hyphens.",
        hint,
    )


def _write(folder: Path, files: Mapping[str, str]) -> Skeleton:
    if folder.exists() or folder.is_symlink():
        raise UsageError(
            f"{folder} exists already; nothing was written.",
            "Choose another name, or another folder with --dir.",
        )
    try:
        folder.mkdir(parents=True)  # fails if the folder was created in the meantime
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be created: {error.strerror}.", "Choose another folder with --dir."
        ) from error
    try:
        for name, text in files.items():
            target = folder / name
            target.parent.mkdir(exist_ok=True)
            target.write_text(text, encoding="utf-8")
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise UsageError(
            f"{folder} cannot be written: {error.strerror}.", "Choose another folder with --dir."
        ) from error
    return Skeleton(folder, tuple(sorted(files)))
