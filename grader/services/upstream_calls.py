"""The calls of a solution to the upstream, the rules for answering them, and holds."""

import fnmatch
import json as json_module
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Any, Protocol

from grader.evidence.concurrency import peak
from grader.evidence.traffic import EventEnd, ServiceEvent
from grader.measure.attempt import AttemptContext
from grader.measure.gates import Signal, pass_gate
from grader.measure.stillness import RESTLESS, spent_s, stays
from grader.measure.timing import WatchStart
from grader.services.connections import Connections
from grader.services.upstream_wanted import (
    Target,
    WantedCalls,
    body_text,
    claim_arrivals,
    slots_of,
    target_of,
)


@dataclass
class Call:
    """One call of the solution, updated while it is under way.

    Attributes:
        status: of the answer; None before there is one.
        value: an unpredictable number that the default answer carries.
        body: of the request.
        behaviour: how it is answered; chosen when it arrives.
        claimed: whether a check has got it as one of the calls that it wanted.
    """

    method: str
    path: str
    query: str
    body: bytes
    headers: dict[str, str]
    record: ServiceEvent
    status: int | None = None
    value: int = field(default_factory=lambda: secrets.randbelow(10**9))
    behaviour: "Behaviour" = field(default_factory=lambda: Behaviour("*"))
    claimed: bool = False

    @cached_property
    def said(self) -> Any:
        """The JSON that it was or will be answered; fixed when it is answered or first looked at."""
        made = self.behaviour.json
        made = made(self) if callable(made) else made
        return {"value": self.value} if made is None else made

    @cached_property
    def target(self) -> Target:
        """Path and query as they are compared with wanted calls."""
        return target_of(self.path, self.query)

    @cached_property
    def text(self) -> str:
        """The JSON body as it is compared with wanted bodies; `null` if there is none."""
        return body_text(self.json)

    @property
    def json(self) -> object:
        """The body parsed as JSON; None if it is not JSON."""
        try:
            parsed: object = json_module.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return parsed

    @property
    def left(self) -> bool:
        """Whether the solution closed the connection before it was answered."""
        return self.record.end is EventEnd.CLIENT_LEFT

    @property
    def open(self) -> bool:
        """Whether the call is under way."""
        return self.record.end is EventEnd.OPEN


WITH_BODY = {status.value for status in HTTPStatus if status >= 200} - {204, 304}
"""The statuses that a call can be answered with."""


@dataclass
class Behaviour:
    """How calls to matching paths are answered; `Upstream.on` explains each field.

    Attributes:
        remaining: how many more calls it applies to; None for any number.

    Raises:
        TypeError: the body is not JSON.
        ValueError: no answer can have this status and a body, or a number of seconds is negative.
    """

    pattern: str
    delay_s: float = 0.0
    status: int = 200
    json: object | Callable[[Call], object] = None
    never: bool = False
    drip_s: float | None = None
    cut: bool = False
    remaining: int | None = None
    close: bool = False

    def __post_init__(self) -> None:
        # A call that cannot be answered would look as if the app waited for no reason.
        if self.status not in WITH_BODY:
            raise ValueError(f"no answer with a body has the status {self.status}")
        if not self.delay_s >= 0:
            raise ValueError(f"delay_s must not be negative: {self.delay_s}")
        if self.drip_s is not None and not self.drip_s > 0:
            raise ValueError(f"drip_s must be positive: {self.drip_s}")
        if not callable(self.json):
            json_module.dumps(self.json)


class CallingConnection(Protocol):
    """A connection from the solution, as a hold sees it.

    Attributes:
        call: the connection's current call.
    """

    call: Call | None

    def answer(self) -> None:
        """Answer the current call according to its behaviour, unless its client has gone."""


class CallBook:
    """The calls of one check, shared by the fixture and the connections on which they arrive.

    Args:
        attempt: records calls and connections.

    Attributes:
        changed: set whenever a call arrives or changes.
        calls: all calls so far, in the order of their arrival.
        behaviours: how calls are answered; later ones take precedence.
        holds: the holds in force.
    """

    def __init__(self, attempt: AttemptContext) -> None:
        self.attempt = attempt
        self.connections = Connections("upstream", attempt)
        self.changed = Signal()
        self.calls: list[Call] = []
        self.behaviours: list[Behaviour] = []
        self.holds: list[Hold] = []

    def matching(self, pattern: str) -> list[Call]:
        """All calls so far to matching paths, in the order of their arrival."""
        return [call for call in self.calls if fnmatch.fnmatchcase(call.path, pattern)]

    def peak(self, pattern: str) -> int:
        """The largest number of calls to matching paths that were under way at the same time."""
        records = [call.record for call in self.matching(pattern)]
        return peak((record.began_s, record.ended_s) for record in records)

    def next_behaviour(self, path: str) -> Behaviour:
        """The behaviour for a call to this path; counts the call if the behaviour is limited."""
        for behaviour in reversed(self.behaviours):
            if behaviour.remaining != 0 and fnmatch.fnmatchcase(path, behaviour.pattern):
                if behaviour.remaining is not None:
                    behaviour.remaining -= 1
                return behaviour
        return Behaviour("*")

    def enter(self, call: Call, connection: CallingConnection) -> bool:
        """Add a call that has just arrived; returns whether a hold keeps it waiting."""
        self.calls.append(call)
        hold = next((hold for hold in self.holds if hold.covers(call)), None)
        if hold is not None:
            hold.take(connection)
        self.changed.set()
        return hold is not None

    def note(self, call: Call, **changes: object) -> None:
        """Change a call's evidence, and let gates check their conditions."""
        call.record = self.attempt.recorder.change_event(call.record.id, **changes)
        self.changed.set()


class Hold:
    """Calls that wait until they are released; made by `Upstream.hold`."""

    def __init__(self, book: CallBook, patterns: Sequence[str]) -> None:
        self._book = book
        self._patterns = patterns
        self.waiting: list[CallingConnection] = []
        self.released = False

    def covers(self, call: Call) -> bool:
        """Whether a call that arrives now is held."""
        return not self.released and any(
            fnmatch.fnmatchcase(call.path, pattern) for pattern in self._patterns
        )

    def take(self, connection: CallingConnection) -> None:
        """Let a connection's call wait."""
        self.waiting.append(connection)

    @property
    def calls(self) -> list[Call]:
        """The calls held now whose client is still connected."""
        return [
            connection.call
            for connection in self.waiting
            if connection.call is not None and connection.call.open
        ]

    @property
    def surplus(self) -> list[Call]:
        """The calls held now that `arrivals` has not returned."""
        return [call for call in self.calls if not call.claimed]

    async def arrivals(
        self, wanted: int | WantedCalls, within_s: float | None = None
    ) -> list[Call]:
        """Wait until these calls are held at the same time, which proves that they are under way together.

        Args:
            wanted: exactly these calls: a count or a list of JSON bodies for each `[METHOD ]PATH[?QUERY]`. Each call is
                returned once; others stay in `surplus`. A number counts all calls held, and returns all of them.
            within_s: what the README promises; `default_s` by default.

        Raises:
            GateMissed: calls were missing.
            ValueError: `wanted` is wrong.
        """
        book = self._book
        if not isinstance(wanted, int):
            return await claim_arrivals(
                book.attempt, book.changed, slots_of(wanted), lambda: self.calls, within_s=within_s
            )
        what = f"calls to {' and '.join(self._patterns)} under way at once"
        await pass_gate(
            book.attempt, what, wanted, lambda: len(self.calls), book.changed, within_s=within_s
        )
        return self.calls

    async def saturated(
        self, for_s: float | None = None, within_s: float | None = None
    ) -> list[Call]:
        """Wait until calls are held and no further one has come for a while; returns the calls held then.

        A cap is read then: an app with a wrong cap has had the time to make more calls.

        Args:
            for_s: how long no call may come, in the app's own time; `default_s` by default.
            within_s: within what time the first call must come; `default_s` by default.

        Raises:
            GateMissed: no call was held.
        """
        await self.arrivals(1, within_s)
        attempt = self._book.attempt
        for_s, begin = attempt.default_s if for_s is None else for_s, attempt.watcher.open()
        while not await stays(attempt, lambda: len(self.waiting), for_s):
            if spent_s(attempt, begin) > RESTLESS * for_s:
                break
        return self.calls

    def release(self) -> WatchStart:
        """Answer all held calls, and hold no further ones; returns the moment.

        A second release does nothing: its connections may by then carry new calls, held by other holds.
        """
        if not self.released:
            self.released = True
            for connection in self.waiting:
                connection.answer()
        return self._book.attempt.watcher.open()
