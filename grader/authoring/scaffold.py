"""Writes the skeleton of a new kata: a small kata that is true already, for its author to make their own."""

import difflib
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from grader.catalog.card import TIERS
from grader.errors import UsageError

TEMPLATES = Path(__file__).parent / "templates"
"""One folder for each set of services, named after them; placeholders in its files are written as @NAME@."""

SERVICES = ("upstream", "postgres")
"""Those that there are templates for."""

PLAIN = "plain"
"""The template of a kata without services."""

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Skeleton:
    """What was written.

    Attributes:
        folder: of the kata.
        files: within that folder, sorted.
    """

    folder: Path
    files: tuple[str, ...]


def write_skeleton(slug: str, directory: Path, tier: int, services: Iterable[str]) -> Skeleton:
    """Write a new kata into `directory/slug`.

    Args:
        slug: the kata's name; becomes its title, too.
        directory: folder of katas; made if it does not exist.
        tier: in which the kata is to stand.
        services: that the kata needs.

    Raises:
        UsageError: slug, tier or services are wrong, the folder exists already, or it cannot be written.
    """
    _refuse_bad_slug(slug)
    if tier not in TIERS:
        raise UsageError(f"The tier must be from {TIERS[0]} to {TIERS[-1]}, not {tier}.")
    template = template_of(services)
    if (directory / "kata.toml").exists():
        raise UsageError(f"{directory} is a kata itself, and no kata can lie in another one.", "Name another folder with --dir.")
    return _write(template, directory / slug, {"@SLUG@": slug, "@TITLE@": title_of(slug), "@TIER@": str(tier)})


def template_of(services: Iterable[str]) -> Path:
    """The template for a kata with these services.

    Raises:
        UsageError: one of them is unknown.
    """
    wanted = set(services)
    for service in sorted(wanted - set(SERVICES)):
        near = difflib.get_close_matches(service, SERVICES, 1)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(SERVICES)}."
        raise UsageError(f"There is no service `{service}`.", hint)
    return TEMPLATES / ("-".join(service for service in SERVICES if service in wanted) or PLAIN)


def title_of(slug: str) -> str:
    """A title to begin with: "Two at once" for `two-at-once`."""
    return slug.replace("-", " ").capitalize()


def _refuse_bad_slug(slug: str) -> None:
    if SLUG.fullmatch(slug):
        return
    near = re.sub(r"[^a-z0-9]+", "-", slug.lower()).strip("-")
    hint = f"Did you mean {near}?" if near else "Name it like two-at-once."
    raise UsageError(f"`{slug}` is no name for a kata: only lower-case letters, digits and single hyphens between them.", hint)


def _write(template: Path, folder: Path, names: dict[str, str]) -> Skeleton:
    if folder.exists() or folder.is_symlink():
        raise UsageError(f"{folder} exists already; nothing was written.", "Take another name, or another folder with --dir.")
    try:
        folder.mkdir(parents=True)  # fails rather than overwrite what came into being meanwhile
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror}.", "Name another folder with --dir.") from error
    sources = [path for path in sorted(template.rglob("*")) if path.is_file() and path.suffix != ".pyc"]
    try:
        for source in sources:
            target = folder / source.relative_to(template)
            target.parent.mkdir(exist_ok=True)
            target.write_text(_filled_in(source.read_text(encoding="utf-8"), names), encoding="utf-8")
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise UsageError(f"{folder} cannot be written: {error.strerror}.", "Name another folder with --dir.") from error
    return Skeleton(folder, tuple(source.relative_to(template).as_posix() for source in sources))


def _filled_in(text: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(name, value)
    return text
