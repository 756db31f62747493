"""The gradings that nobody has begun, and who gets which. Pure."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grader.authoring.examples import Example


@dataclass(frozen=True)
class Grading:
    """One grading that is to be made: of this example, of the kata of this name."""

    slug: str
    example: Example


class GradingQueue:
    """Hands out gradings so that a worker seldom changes its kata, whose environment takes a second to set up.

    Args:
        examples: by the kata's name, one for each grading, in order.
    """

    def __init__(self, examples: Mapping[str, Sequence[Example]]) -> None:
        self._left = {slug: deque(some) for slug, some in examples.items()}
        self._begun: set[str] = set()

    def take(self, slug: str | None) -> Grading | None:
        """The next grading for a worker at this kata, or at none yet; None when all have been handed out.

        It goes on with its own kata, then begins a fresh one, and in the end helps with the kata that has most left.
        """
        left = {name: len(examples) for name, examples in self._left.items() if examples}
        if not left:
            return None
        fresh = next((name for name in left if name not in self._begun), None)
        chosen = slug if slug in left else fresh or max(left, key=lambda name: left[name])
        self._begun.add(chosen)
        return Grading(chosen, self._left[chosen].popleft())

    def add(self, slug: str, examples: Sequence[Example]) -> None:
        """Queue more gradings of a kata."""
        self._left[slug].extend(examples)

    def drop(self, slug: str) -> None:
        """Hand out no more of a kata."""
        self._left[slug].clear()

    def left(self, slug: str) -> int:
        """How many gradings of a kata have not been handed out."""
        return len(self._left[slug])
