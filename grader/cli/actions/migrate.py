"""Rewrites katas in the current format: `kata migrate`."""

from collections.abc import Sequence
from pathlib import Path

from grader.authoring.migrate.migrate import Migration, migrate_kata
from grader.catalog.index import find_index
from grader.formats import KATA_FORMAT
from grader.render.proof import place, sentence
from grader.render.terminal.screen import Screen


def migrate_katas(slugs: Sequence[str], katas: Path | None) -> None:
    """Migrate katas and show what was done and what remains. Takes the arguments of `kata migrate`.

    Raises:
        UnknownKata: there is no kata with one of these slugs; none is migrated then.
        KataPackageError: a kata cannot be migrated; those before it are.
    """
    index, screen = find_index(katas), Screen()
    for slug in list(dict.fromkeys(map(index.resolve, slugs))):
        _show(screen, slug, migrate_kata(index.folder / slug))


def _show(screen: Screen, slug: str, migration: Migration) -> None:
    if not migration.is_done:
        screen.say(f"{slug} has format {KATA_FORMAT} already; nothing was changed.")
        return
    screen.say(f"{slug} has format {KATA_FORMAT} now. What remains for you:")
    for problem in migration.problems:
        screen.say(f"{place(slug, problem)}: {sentence(problem)}")
    screen.say(f"Then prove it: kata verify {slug}", "")
