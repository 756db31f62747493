"""A learner's progress through the catalog: tiers, states, and the current kata."""

from collections.abc import Mapping
from dataclasses import dataclass

from grader.catalog.index import Index
from grader.workspace.current import current_slug
from grader.workspace.progress import Entry, State


@dataclass(frozen=True)
class TierOverview:
    """A learner's progress in one tier.

    Attributes:
        slugs: the tier's katas, in order.
        states: their states, in the same order.
    """

    number: int
    title: str
    slugs: tuple[str, ...]
    states: tuple[State, ...]

    @property
    def passed(self) -> int:
        """Number of passed katas."""
        return self.states.count(State.PASSED)


@dataclass(frozen=True)
class Overview:
    """A learner's progress in a catalog.

    Attributes:
        current: slug of the current kata; None if none is left.
        hints: number of hints shown for all katas together.
    """

    tiers: tuple[TierOverview, ...]
    current: str | None
    hints: int = 0

    @property
    def total(self) -> int:
        """Number of katas."""
        return sum(len(tier.slugs) for tier in self.tiers)

    def count(self, state: State) -> int:
        """Number of katas in this state."""
        return sum(tier.states.count(state) for tier in self.tiers)

    def slugs(self, *states: State) -> list[str]:
        """The katas in these states, in order."""
        return [
            slug
            for tier in self.tiers
            for slug, state in zip(tier.slugs, tier.states, strict=True)
            if state in states
        ]


def overview_of(catalog: Index, entries: Mapping[str, Entry]) -> Overview:
    """The learner's progress, computed from the entries of the progress file.

    Raises:
        KataPackageError: a kata without a tier in `catalog.toml` has an invalid manifest.
    """
    states = {slug: entries.get(slug, Entry()).state for slug in catalog.slugs}
    numbers = {slug: catalog.tier_of(slug) for slug in catalog.slugs}
    tiers = []
    for number in sorted(set(numbers.values())):
        slugs = tuple(slug for slug in catalog.slugs if numbers[slug] == number)
        tiers.append(
            TierOverview(
                number, catalog.tiers.get(number, ""), slugs, tuple(states[slug] for slug in slugs)
            )
        )
    hints = sum(entries[slug].hints for slug in catalog.slugs if slug in entries)
    return Overview(tuple(tiers), current_slug(catalog, states), hints)


def last_finished(catalog: Index, entries: Mapping[str, Entry]) -> str | None:
    """The kata passed or given up most recently; None if there is none."""
    done = [
        slug
        for slug in catalog.slugs
        if entries.get(slug, Entry()).state in (State.PASSED, State.GIVEN_UP)
    ]
    return max(done, key=lambda slug: entries[slug].at, default=None)
