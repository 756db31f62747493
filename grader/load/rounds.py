"""A kata's kind of load, round after round: so many visitors at once, each asking what the manifest says."""

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

GIVE_UP_S = 5.0
"""When a visitor of a round stops waiting."""

BROKEN_FROM = 400
"""A status from this on is an error."""

WORDS = {
    ExchangeError.REFUSED: "refused",
    ExchangeError.CLOSED: "connection closed",
    ExchangeError.MALFORMED: "malformed answer",
    ExchangeError.TOO_LARGE: "endless answer",
}


@dataclass(frozen=True)
class Round:
    """What came of one round.

    Attributes:
        asked: how many visitors there were.
        answered_s: seconds that each whole answer took, sorted; errors not among them, and not who left on purpose.
        errors: how often each came: a status, or why there was no answer.
    """

    number: int
    asked: int
    answered_s: tuple[float, ...]
    errors: Mapping[str, int] = field(default_factory=dict)

    @property
    def median_s(self) -> float | None:
        """Median of the answers; None when there is none."""
        return statistics.median(self.answered_s) if self.answered_s else None

    @property
    def slowest_s(self) -> float | None:
        """The slowest answer; None when there is none."""
        return max(self.answered_s, default=None)


class Load:
    """Sends a kata's load.

    Args:
        visitors: make the requests.
        plan: what they ask.
        count: how many of them come at once.
    """

    def __init__(self, visitors: Visitors, plan: RunPlan, count: int) -> None:
        self._visitors = visitors
        self._plan = plan
        self._count = count
        self._numbers: Iterator[int] = itertools.cycle(range(1, plan.numbers + 1))
        self._rounds = itertools.count(1)

    async def begin(self) -> None:
        """Ask what is to be asked once.

        Raises:
            SolutionError: the app refuses it.
        """
        for request in self._plan.first:
            answer = await self._start(request, 1)
            if error := _error_of(answer):
                raise SolutionError(
                    f"The app answers {request.method} {request.path} with {error}, and the load begins with that.",
                    "Mend it; `kata check` says more.",
                )

    async def send_round(self) -> Round:
        """Let the visitors of one round come at once, and wait for all of them."""
        pending = self.start_round()
        answers = [await one for one in pending]
        return _round(next(self._rounds), answers)

    def start_round(self) -> Sequence[Pending]:
        """Let the visitors of one round come at once, and go on."""
        requests = itertools.islice(itertools.cycle(self._plan.load), self._count)
        return [self._start(request, next(self._numbers)) for request in requests]

    def _start(self, request: LoadRequest, number: int) -> Pending:
        asked = request.of_visitor(number)
        return self._visitors.start(
            asked.method,
            asked.path,
            json=asked.json,
            headers=asked.headers,
            give_up_s=GIVE_UP_S,
            patience_s=GIVE_UP_S,
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
    """A status that is an error, or why there was no answer; empty when all is well."""
    if answer.exchange.error is ExchangeError.LEFT:
        return ""
    if answer.exchange.error is not None:
        return WORDS.get(answer.exchange.error, "no answer")
    return str(answer.status) if answer.status is not None and answer.status >= BROKEN_FROM else ""
