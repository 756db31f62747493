"""The solutions used to prove a kata: its starter, its examples, and junk that no kata may accept."""

import itertools
import shutil
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from grader.catalog.manifest import Kata

JUNK = Path(__file__).parent / "junk"
WRAPPER = "first_answer"
"""The junk app that wraps the kata's reference, imported as `solved`."""


class Kind(StrEnum):
    """The kinds of examples, which decide the required verdict."""

    STARTER = "starter"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    JUNK = "junk"
    MUTANT = "mutant"


@dataclass(frozen=True)
class Example:
    """One solution whose verdict is known in advance.

    Attributes:
        path: a file, or a folder with an `app.py`.
        fails: the checks that it must fail; None if nothing is declared.
        may_fail: further checks that a rejected example may fail, because a deadline of its own may expire.
        is_leisurely: an accepted example that is slow on purpose; the factor of margins does not apply to it.
    """

    kind: Kind
    name: str
    path: Path
    fails: frozenset[str] | None
    is_leisurely: bool = False
    may_fail: frozenset[str] = frozenset()

    @property
    def label(self) -> str:
        """The name shown to people: "rejected/cached"."""
        return f"{self.kind}/{self.name}"


def fewest_failing(examples: Sequence[Example], checks: Collection[str]) -> tuple[Example, ...]:
    """The smallest set of examples that, by the manifest, fails each of these checks.

    Checks for which no failure is declared are ignored.

    Args:
        examples: in the order of their declaration; of several sets of the same size, the earliest wins.
        checks: names of the checks.
    """
    useful = [example for example in examples if (example.fails or frozenset()) & set(checks)]
    wanted = set(checks) & {check for example in useful for check in example.fails or ()}
    sets = (
        some for size in range(len(useful) + 1) for some in itertools.combinations(useful, size)
    )
    return next(
        some
        for some in sets
        if wanted <= {check for example in some for check in example.fails or ()}
    )


def own_examples(kata: Kata) -> Iterator[Example]:
    """The starter, accepted and rejected examples of a kata."""
    yield Example(Kind.STARTER, "app", kata.starter.resolve(), frozenset(kata.starter_fails))
    for path in kata.accepted:
        is_leisurely = path.stem in kata.leisurely
        yield Example(Kind.ACCEPTED, path.stem, path.resolve(), frozenset(), is_leisurely)
    declared = {mistake.file: mistake for mistake in kata.mistakes}
    for path in kata.rejected:
        mistake = declared.get(path.name)
        yield Example(
            Kind.REJECTED,
            path.stem,
            path.resolve(),
            None if mistake is None else frozenset(mistake.fails),
            may_fail=frozenset(() if mistake is None else mistake.may_fail),
        )


def junk_examples(kata: Kata, folder: Path) -> Iterator[Example]:
    """Junk for a kata, written into this folder: apps that are empty, crash, hang, answer each request with 200 or with
    503, or repeat the first answer.
    """
    for source in sorted(JUNK.glob("*.py")):
        target = folder / source.stem
        target.mkdir()
        shutil.copyfile(source, target / "app.py")
        if source.stem == WRAPPER:
            shutil.copyfile(kata.reference, target / "solved.py")
        yield Example(Kind.JUNK, source.stem, target, None)
