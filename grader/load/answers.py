"""Answers, the answers to a crowd, and requests that are still pending."""

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
        headers: names are in lower case.
        body: the whole body, up to 4 MiB.
        watch: of the time from sending to the end.
        attempt: the attempt in which it was sent.
    """

    exchange: Exchange
    headers: Mapping[str, str]
    body: bytes
    watch: Watch
    attempt: AttemptContext

    @property
    def n(self) -> int:
        """The number that replaced `{n}` in the path.

        Raises:
            ValueError: the path had no `{n}`.
        """
        if self.exchange.n is None:
            raise ValueError(f"the path {self.exchange.path} had no {{n}}")
        return self.exchange.n

    @property
    def status(self) -> int | None:
        """The HTTP status; None if there was no answer."""
        return self.exchange.status

    @property
    def elapsed_s(self) -> float:
        """Seconds from the planned time of the request to the last byte of the answer."""
        return self.exchange.elapsed_s


@dataclass(frozen=True)
class Crowd(Sequence[Answer]):
    """The answers to a burst, a steady stream or any other schedule, in the order of its visitors."""

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
        """Seconds from the first planned request to the end of the last exchange."""
        return max(a.exchange.ended_s for a in self.answers) - min(
            a.exchange.planned_s for a in self.answers
        )


class Pending:
    """A request that has been sent; await it to get the answer.

    Attributes:
        what: the request: "GET /rooms/7".
        excused: whether its answer need not be looked at, because the visitor leaves.
    """

    def __init__(
        self,
        visit: Visit,
        attempt: AttemptContext,
        what: str,
        ask: Callable[[anyio.Event], Awaitable[Answer]],
        excused: bool = False,
    ) -> None:
        self.what = what
        self.excused = excused
        self._visit = visit
        self._attempt = attempt
        self._ask = ask
        self._awaited = anyio.Event()
        self._answered = anyio.Event()
        self._answer: Answer | None = None

    async def run(self) -> None:
        """Send the request and wait for its answer; runs in the background."""
        self._answer = await self._ask(self._awaited)
        self._answered.set()

    def begin_patience(self) -> None:
        """Let the visitor's patience count from now. Awaiting the answer does the same.

        Call it for a whole crowd before its answers are awaited one after another, if nothing keeps them waiting but
        the app: otherwise an app that serves them one after another never keeps anybody waiting for long.
        """
        self._awaited.set()

    async def _wait(self) -> Answer:
        self.begin_patience()
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
    def exchange_id(self) -> int | None:
        """Id of the exchange; None while it is not over."""
        return None if self._answer is None else self._answer.exchange.id

    def excuse(self) -> None:
        """Note that its answer need not be looked at: whoever started the visitor does not care for it."""
        self.excused = True

    @property
    def served(self) -> bool:
        """Whether a complete answer has arrived."""
        return (
            self._answer is not None
            and self._answer.status is not None
            and self._answer.exchange.error is None
        )

    @property
    def body(self) -> bytes:
        """The part of the body that has arrived so far."""
        return bytes(self._visit.body)

    async def received(self, text: bytes, count: int = 1, within_s: float | None = None) -> None:
        """Wait until a streamed answer has contained this text `count` times.

        Raises:
            GateMissed: it had not within the promised time.
        """
        await pass_gate(
            self._attempt,
            f"{text.decode(errors='replace')!r} in the answer to {self.what}",
            count,
            lambda: self._visit.body.count(text),
            self._visit.changed,
            within_s=within_s,
        )

    async def events(self, count: int, within_s: float | None = None) -> list[object]:
        """Wait until `count` server-sent events have arrived.

        Returns:
            The data of all events so far, in order: parsed if it is JSON, as text otherwise.

        Raises:
            GateMissed: fewer had arrived within the promised time.
        """
        await pass_gate(
            self._attempt,
            f"events in the answer to {self.what}",
            count,
            lambda: len(event_data(self.body)),
            self._visit.changed,
            within_s=within_s,
        )
        return event_data(self.body)

    def send_body(self) -> None:
        """Send the body of a request that was started with `body_later`."""
        self._visit.send_body()

    def leave(self) -> None:
        """Close the visitor's connection now, as a browser does when its user leaves the page."""
        self.excused = True
        self._visit.leave()


class Lingering:
    """A visitor with an open connection and no request, like an idle browser."""

    def __init__(self, visit: Visit, attempt: AttemptContext) -> None:
        self._visit = visit
        self._attempt = attempt

    async def sent_away(self, within_s: float | None = None) -> None:
        """Wait until the server has closed the connection, which uvicorn does first when it shuts down.

        Raises:
            GateMissed: the connection was still open after the promised time.
        """
        await pass_gate(
            self._attempt,
            "idle connections closed by the server",
            1,
            lambda: int(self._visit.is_over),
            self._visit.ended,
            within_s=within_s,
        )
