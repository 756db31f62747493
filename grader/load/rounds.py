"""The load of `kata run`: rounds of simultaneous visitors, with the requests that the manifest lists."""

import itertools
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from grader.catalog.load import LoadRequest, RunPlan
from grader.errors import SolutionError
from grader.evidence.traffic import ExchangeError
from grader.load.answers import Answer, Pending
from grader.load.visitors import Visitors

WITHIN_S = 4.0
"""How long an answer may take before the visitors of a round lose patience, which is 1.25 times this."""

FIRST_ERROR_STATUS = 400
"""The lowest status that counts as an error."""

WORDS = {
    ExchangeError.REFUSED: "refused",
    ExchangeError.CLOSED: "connection closed",
    ExchangeError.MALFORMED: "malformed answer",
    ExchangeError.TOO_LARGE: "endless answer",
}


@dataclass(frozen=True)
class Round:
    """The result of one round.

    Attributes:
        asked: how many visitors there were.
        answered_s: how long each complete answer took, sorted; without errors and visitors that left on purpose.
        errors: the number of each kind: a status, or why there was no answer.
    """

    number: int
    asked: int
    answered_s: tuple[float, ...]
    errors: Mapping[str, int] = field(default_factory=dict)

    @property
    def median_s(self) -> float | None:
        """Median time of the answers; None if there were none."""
        return statistics.median(self.answered_s) if self.answered_s else None

    @property
    def slowest_s(self) -> float | None:
        """Time of the slowest answer; None if there was none."""
        return max(self.answered_s, default=None)


class Load:
    """Sends a kata's load.

    Args:
        visitors: send the requests.
        plan: the requests.
        count: number of visitors in a round.
    """

    def __init__(self, visitors: Visitors, plan: RunPlan, count: int) -> None:
        self._visitors = visitors
        self._plan = plan
        self._count = count
        self._numbers: Iterator[int] = itertools.cycle(range(1, plan.numbers + 1))
        self._rounds = itertools.count(1)

    async def begin(self) -> None:
        """Send the requests that precede the load.

        Raises:
            SolutionError: the app answered one with an error.
        """
        for request in self._plan.first:
            answer = await self._start(request, 1)
            if error := _error_of(answer):
                raise SolutionError(
                    f"The app answers {request.method} {request.path} with {error}. "
                    "The load begins with this request.",
                    "Fix that first; `kata check` shows more.",
                )

    async def send_round(self) -> Round:
        """Send one round and wait for all answers."""
        pending = self.start_round()
        for visitor in pending:  # not one after another
            visitor.begin_patience()
        answers = [await visitor for visitor in pending]
        return _round(next(self._rounds), answers)

    def start_round(self) -> Sequence[Pending]:
        """Send one round and return at once."""
        requests = itertools.islice(itertools.cycle(self._plan.load), self._count)
        return [self._start(request, next(self._numbers)) for request in requests]

    def _start(self, request: LoadRequest, number: int) -> Pending:
        asked = request.of_visitor(number)
        return self._visitors.start(
            asked.method,
            asked.path,
            json=asked.json,
            headers=asked.headers,
            within_s=WITHIN_S,
            leave_after_s=asked.leave_after_s,
        )


def _round(number: int, answers: Sequence[Answer]) -> Round:
    errors = Counter(error for answer in answers if (error := _error_of(answer)))
    whole = [
        answer.elapsed_s
        for answer in answers
        if answer.exchange.error is None and not _error_of(answer)
    ]
    return Round(number, len(answers), tuple(sorted(whole)), dict(errors))


def _error_of(answer: Answer) -> str:
    """The status if it is an error, or why there was no answer; otherwise empty."""
    if answer.exchange.error is ExchangeError.LEFT:
        return ""
    if answer.exchange.error is not None:
        return WORDS.get(answer.exchange.error, "no answer")
    return (
        str(answer.status)
        if answer.status is not None and answer.status >= FIRST_ERROR_STATUS
        else ""
    )
