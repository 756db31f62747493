"""The queue from which workers take gradings. Pure."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grader.authoring.examples import Example


@dataclass(frozen=True)
class Grading:
    """A grading in the queue: an example of the kata with this slug."""

    slug: str
    example: Example


class GradingQueue:
    """Hands out gradings so that workers rarely switch katas: setting up a kata's environment takes a second.

    Args:
        examples: by the kata's slug, an example for each grading, in order.
    """

    def __init__(self, examples: Mapping[str, Sequence[Example]]) -> None:
        self._left = {slug: deque(some) for slug, some in examples.items()}
        self._started: set[str] = set()

    def take(self, slug: str | None) -> Grading | None:
        """The next grading for a worker; None when the queue is empty.

        A worker continues with its kata, then takes a kata that no worker has started, and finally helps with the kata
        that has the most gradings left.

        Args:
            slug: of the kata whose environment the worker has; None if it has none.
        """
        left = {name: len(examples) for name, examples in self._left.items() if examples}
        if not left:
            return None
        unstarted = next((name for name in left if name not in self._started), None)
        chosen = slug if slug in left else unstarted or max(left, key=lambda name: left[name])
        self._started.add(chosen)
        return Grading(chosen, self._left[chosen].popleft())

    def add(self, slug: str, examples: Sequence[Example]) -> None:
        """Queue more gradings of a kata."""
        self._left[slug].extend(examples)

    def drop(self, slug: str) -> None:
        """Discard the remaining gradings of a kata."""
        self._left[slug].clear()

    def left(self, slug: str) -> int:
        """How many gradings of a kata are still queued."""
        return len(self._left[slug])
