"""What comes back from requests: answers, crowds of them, and requests that are still pending."""

from collections.abc import Awaitable, Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import anyio

from grader.evidence.machine import Watch
from grader.evidence.traffic import Burst, Exchange
from grader.load.connection import Visit
from grader.load.sse import event_data
from grader.measure.attempt import AttemptContext
from grader.measure.gates import pass_gate


@dataclass(frozen=True)
class Answer:
    """The answer to one request.

    Attributes:
        exchange: the evidence: times, status, error.
        headers: of the answer, names in lower case.
        body: the whole body, up to 4 MiB.
        watch: how the machine fared meanwhile.
    """

    exchange: Exchange
    headers: Mapping[str, str]
    body: bytes
    watch: Watch
    attempt: AttemptContext

    @property
    def n(self) -> int:
        """The number that stood for `{n}` in the path."""
        if self.exchange.n is None:
            raise ValueError(f"the path {self.exchange.path} had no {{n}}")
        return self.exchange.n

    @property
    def status(self) -> int | None:
        """The HTTP status, or None when no answer came."""
        return self.exchange.status

    @property
    def elapsed_s(self) -> float:
        """Seconds from the planned sending to the last byte."""
        return self.exchange.elapsed_s


@dataclass(frozen=True)
class Crowd(Sequence[Answer]):
    """The answers to a schedule (a burst, a steady stream, any other shape), in the order of its visitors."""

    answers: tuple[Answer, ...]
    burst: Burst
    attempt: AttemptContext

    def __len__(self) -> int:
        return len(self.answers)

    def __getitem__(self, index: Any) -> Any:
        return self.answers[index]

    def __iter__(self) -> Iterator[Answer]:
        return iter(self.answers)

    @property
    def elapsed_s(self) -> float:
        """Seconds from the first planned sending to the last end."""
        return max(a.exchange.ended_s for a in self.answers) - min(
            a.exchange.planned_s for a in self.answers
        )


class Pending:
    """A request that has been sent; await it for its answer."""

    def __init__(
        self,
        visit: Visit,
        attempt: AttemptContext,
        what: str,
        ask: Callable[[], Awaitable[Answer]],
    ) -> None:
        self._visit = visit
        self._attempt = attempt
        self._what = what
        self._ask = ask
        self._answered = anyio.Event()
        self._answer: Answer | None = None

    async def run(self) -> None:
        """Send the request and wait for its answer; runs in the background."""
        self._answer = await self._ask()
        self._answered.set()

    async def _wait(self) -> Answer:
        await self._answered.wait()
        assert self._answer is not None
        return self._answer

    def __await__(self) -> Generator[Any, None, Answer]:
        return self._wait().__await__()

    @property
    def answered(self) -> bool:
        """Whether the exchange is over."""
        return self._answered.is_set()

    @property
    def served(self) -> bool:
        """Whether a whole answer has come."""
        return (
            self._answer is not None
            and self._answer.status is not None
            and self._answer.exchange.error is None
        )

    @property
    def body(self) -> bytes:
        """What has come of the body so far."""
        return bytes(self._visit.body)

    async def received(self, text: bytes, count: int = 1, deadline_s: float | None = None) -> None:
        """Wait until this text has come `count` times, for an answer that comes in parts.

        Raises:
            GateMissed: it had not come that often before the deadline.
        """
        await pass_gate(
            self._attempt,
            f"{text.decode(errors='replace')!r} in the answer to {self._what}",
            count,
            lambda: self._visit.body.count(text),
            self._visit.changed,
            deadline_s,
        )

    async def events(self, count: int, deadline_s: float | None = None) -> list[object]:
        """Wait until `count` server-sent events have come.

        Returns:
            The data of all events so far, in order: parsed if it is JSON, as text otherwise.

        Raises:
            GateMissed: fewer had come before the deadline.
        """
        await pass_gate(
            self._attempt,
            f"events in the answer to {self._what}",
            count,
            lambda: len(event_data(self.body)),
            self._visit.changed,
            deadline_s,
        )
        return event_data(self.body)

    def leave(self) -> None:
        """Close the visitor's connection now, as a browser does when its user goes away."""
        self._visit.leave()


class Lingering:
    """A visitor with an open connection and no request, like a browser between two pages."""

    def __init__(self, visit: Visit, attempt: AttemptContext) -> None:
        self._visit = visit
        self._attempt = attempt

    async def sent_away(self, deadline_s: float | None = None) -> None:
        """Wait until the server has closed the connection, which is how uvicorn begins to shut down.

        Raises:
            GateMissed: it had not closed it before the deadline.
        """
        await pass_gate(
            self._attempt,
            "idle connections closed by the server",
            1,
            lambda: int(self._visit.is_over),
            self._visit.ended,
            deadline_s,
        )
