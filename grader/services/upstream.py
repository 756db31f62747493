"""The upstream: an HTTP service inside the grader which a solution calls and which checks steer call by call."""

import asyncio
import contextlib
import fnmatch
import itertools
import json as json_module
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol

import h11

from grader.evidence.traffic import EventEnd, ServiceEvent
from grader.measure.attempt import AttemptContext
from grader.measure.gates import Signal, pass_gate
from grader.services.connections import Connections
from grader.services.service import Running, ServicePerCheck, Surroundings

BODY_LIMIT_BYTES = 1024 * 1024
"""A solution that sends more than this in one call is cut off."""

DRIP_STEP_S = 0.1
"""Pause between two bytes of a dripped answer; shorter than any sensible read timeout."""


class Visitor(Protocol):
    """A visitor of the solution, as `server.start` gives one."""

    @property
    def served(self) -> bool:
        """Whether a whole answer has come."""


def all_served(visitors: Collection[Visitor]) -> bool:
    """Whether there are some and all of them have been answered."""
    return bool(visitors) and all(visitor.served for visitor in visitors)


@dataclass
class Call:
    """One call of the solution, live: what came, and what becomes of it.

    Attributes:
        status: of the answer; None as long as there is none.
        value: an unpredictable number that the default answer carries.
        body: what the solution sent.
    """

    method: str
    path: str
    query: str
    body: bytes
    headers: dict[str, str]
    record: ServiceEvent
    status: int | None = None
    value: int = field(default_factory=lambda: secrets.randbelow(10**9))

    @property
    def json(self) -> object:
        """What the solution sent, read as JSON; None when it is none."""
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
        """Whether the call is still under way."""
        return self.record.end is EventEnd.OPEN


@dataclass
class Behaviour:
    """How calls to matching paths are answered; see `Upstream.on` for the meaning of each."""

    pattern: str
    delay_s: float = 0.0
    status: int = 200
    json: object | Callable[[Call], object] = None
    never: bool = False
    drip_s: float | None = None
    cut: bool = False
    left_to_do: int | None = None


class Hold:
    """Calls that wait until they are released; made by `Upstream.hold`."""

    def __init__(self, upstream: "Upstream", patterns: Sequence[str]) -> None:
        self._upstream = upstream
        self._patterns = patterns
        self.waiting: list[UpstreamConnection] = []
        self.released = False

    def covers(self, path: str) -> bool:
        """Whether a call to this path is to be held now."""
        return not self.released and any(
            fnmatch.fnmatchcase(path, pattern) for pattern in self._patterns
        )

    @property
    def calls(self) -> list[Call]:
        """Calls held now, whose client is still there."""
        return [
            connection.call
            for connection in self.waiting
            if connection.call is not None and connection.call.open
        ]

    async def arrivals(self, count: int, deadline_s: float | None = None) -> None:
        """Wait until so many calls are held at the same time: proof that they are under way at once.

        Raises:
            GateMissed: they were not before the deadline (3 s; 5 s above 20).
        """
        what = f"calls to {' and '.join(self._patterns)} under way at once"
        attempt = self._upstream.attempt
        await pass_gate(
            attempt, what, count, lambda: len(self.calls), self._upstream.changed, deadline_s
        )

    def release(self) -> None:
        """Let all held calls go on, and hold no further ones. Once is enough: later, their connections may carry calls
        that others hold.
        """
        if self.released:
            return
        self.released = True
        for connection in self.waiting:
            connection.answer()


class Upstream:
    """The fixture `upstream` of checks.

    By default each call is answered at once with `{"value": N}`, N unpredictable and different for each call.

    Args:
        attempt: records calls and connections.

    Attributes:
        connections: those that the solution opened.
    """

    def __init__(self, attempt: AttemptContext) -> None:
        self.attempt = attempt
        self.connections = Connections("upstream", attempt)
        self.changed = Signal()
        self.all_calls: list[Call] = []
        self.behaviours: list[Behaviour] = []
        self.holds: list[Hold] = []
        self.served: set[UpstreamConnection] = set()
        self.url = ""

    def on(
        self,
        pattern: str,
        *,
        delay_s: float = 0.0,
        status: int = 200,
        json: object | Callable[[Call], object] = None,
        never: bool = False,
        drip_s: float | None = None,
        cut: bool = False,
        times: int | None = None,
    ) -> None:
        """Say how calls to matching paths are answered from now on; a later rule goes before an earlier one.

        Args:
            pattern: of paths, with `*` as in file names.
            delay_s: wait so long first.
            status: HTTP status of the answer.
            json: body, or what makes it from the call; `{"value": call.value}` by default.
            never: keep the call open without any answer.
            drip_s: send the body byte by byte over so many seconds.
            cut: close the connection in the middle of the body.
            times: hold good for so many calls, then stand back.
        """
        self.behaviours.append(Behaviour(pattern, delay_s, status, json, never, drip_s, cut, times))

    @contextlib.asynccontextmanager
    async def hold(self, *patterns: str) -> AsyncIterator[Hold]:
        """Hold all calls to matching paths until `Hold.release` or the end of the block."""
        hold = Hold(self, patterns)
        self.holds.append(hold)
        try:
            yield hold
        finally:
            hold.release()
            self.holds.remove(hold)

    def calls(self, pattern: str = "*") -> list[Call]:
        """All calls so far to matching paths, in the order of their arrival."""
        return [call for call in self.all_calls if fnmatch.fnmatchcase(call.path, pattern)]

    def value(self, path: str) -> int:
        """The value that the last call to exactly this path was given.

        A path that was never called has a value too, one that nobody can know.
        """
        calls = [call for call in self.all_calls if call.path == path]
        return calls[-1].value if calls else secrets.randbelow(10**9)

    def peak(self, pattern: str = "*") -> int:
        """How many calls to matching paths were under way at the same time, at most, since the check began.

        A call that the solution gives up is under way until its connection is seen to close, which may be after the
        next call has arrived; so this is exact only where nothing is given up.
        """
        records = [call.record for call in self.calls(pattern)]
        steps = [(record.began_s, 1) for record in records]
        steps += [(record.ended_s, -1) for record in records if record.ended_s is not None]
        return max(itertools.accumulate(step for _, step in sorted(steps)), default=0)

    async def arrivals(
        self,
        pattern: str,
        count: int,
        deadline_s: float | None = None,
        unless: Collection[Visitor] = (),
    ) -> None:
        """Wait until so many calls to matching paths have arrived since the check began.

        Args:
            pattern: of paths.
            count: how many calls.
            deadline_s: when to give up; 3 s, or 5 s for more than 20.
            unless: visitors; when all of them have been answered, the gate opens, too. For solutions with deadlines of
                their own: on a busy machine such a deadline can be over before the call is made, and then the call
                never comes.

        Raises:
            GateMissed: they had not before the deadline.
        """

        def seen() -> int:
            return max(len(self.calls(pattern)), count if all_served(unless) else 0)

        await pass_gate(self.attempt, f"calls to {pattern}", count, seen, self.changed, deadline_s)

    async def departures(
        self,
        pattern: str,
        count: int,
        deadline_s: float | None = None,
        patience_s: float | None = None,
        unless: Collection[Visitor] = (),
    ) -> None:
        """Wait until so many calls to matching paths were given up by the solution (it closed their connection).

        Args:
            pattern: of paths.
            count: how many calls.
            deadline_s: when to give up in any case; 3 s, or 5 s for more than 20.
            patience_s: when to give up if so much of the time was certainly the app's own doing.
            unless: visitors; when all of them have been answered, it is enough that all calls that came were given up.
                See `arrivals`.

        Raises:
            GateMissed: they were not before the deadline.
        """

        def seen() -> int:
            calls = self.calls(pattern)
            departed = sum(call.left for call in calls)
            return max(departed, count if departed == len(calls) and all_served(unless) else 0)

        await pass_gate(
            self.attempt,
            f"calls to {pattern} given up by the app",
            count,
            seen,
            self.changed,
            deadline_s,
            patience_s,
        )

    def behaviour(self, path: str) -> Behaviour:
        """The rule for the next call to this path; uses up one of its `times`."""
        for behaviour in reversed(self.behaviours):
            if behaviour.left_to_do != 0 and fnmatch.fnmatchcase(path, behaviour.pattern):
                if behaviour.left_to_do is not None:
                    behaviour.left_to_do -= 1
                return behaviour
        return Behaviour("*")

    def note(self, call: Call, **changes: object) -> None:
        """Change the evidence of a call and wake all gates."""
        call.record = self.attempt.recorder.change_event(call.record.id, **changes)
        self.changed.set()

    def take_stock(self) -> str:
        """How many calls there were since this was last called, and how many at once; forgets those that are over."""
        seen = f"{len(self.all_calls)} calls, {self.peak()} at once"
        self.all_calls = [call for call in self.all_calls if call.open]
        return seen


class UpstreamConnection(asyncio.Protocol):
    """One connection from the solution; its calls come one after another."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._http = h11.Connection(h11.SERVER)
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._request: h11.Request | None = None
        self._content = bytearray()
        self._number = 0
        self._behaviour = Behaviour("*")
        self._rest = b""
        self.call: Call | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._number = self._upstream.connections.add()
        self._upstream.served.add(self)
        if self._upstream.connections.is_flooded:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        if self.call is not None and self.call.open:
            self._upstream.note(self.call, ended_s=self._now_s(), end=EventEnd.CLIENT_LEFT)
        self._upstream.served.discard(self)
        self._upstream.connections.remove(self._number)

    def data_received(self, data: bytes) -> None:
        try:
            self._http.receive_data(data)
            self._read_on()
        except h11.RemoteProtocolError:
            self._close()

    def _read_on(self) -> None:
        while True:
            event = self._http.next_event()
            if isinstance(event, h11.Request):
                self._request = event
                self._content.clear()
            elif isinstance(event, h11.Data):
                self._content += event.data
                if len(self._content) > BODY_LIMIT_BYTES:
                    self._close()
                    return
            elif isinstance(event, h11.EndOfMessage):
                self._take()
            else:
                return

    def _take(self) -> None:
        assert self._request is not None
        upstream, recorder = self._upstream, self._upstream.attempt.recorder
        if recorder.is_flooded:
            self._close()
            return
        method, target = (
            self._request.method.decode("latin-1"),
            self._request.target.decode("latin-1"),
        )
        path, _, query = target.partition("?")
        number = recorder.new_id()
        recorder.add(
            ServiceEvent(
                id=number,
                service=upstream.connections.service,
                connection=self._number,
                what=f"{method} {target}",
                began_s=self._now_s(),
            )
        )
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in self._request.headers
        }
        self.call = Call(
            method, path, query, bytes(self._content), headers, recorder.events[number]
        )
        self._behaviour = upstream.behaviour(path)
        upstream.all_calls.append(self.call)
        upstream.changed.set()
        for hold in upstream.holds:
            if hold.covers(path):
                hold.waiting.append(self)
                upstream.changed.set()
                return
        self.answer()

    def abort(self) -> None:
        """Drop the connection; whatever call is open on it counts as left by nobody."""
        self._stop_timer()
        self.call = None
        if self._transport is not None:
            self._transport.abort()

    def answer(self) -> None:
        """Answer the call as its behaviour says, unless its client has gone."""
        if self.call is None or not self.call.open or self._behaviour.never:
            return
        self._timer = asyncio.get_running_loop().call_later(self._behaviour.delay_s, self._send)

    def _send(self) -> None:
        assert self.call is not None
        behaviour = self._behaviour
        made = behaviour.json(self.call) if callable(behaviour.json) else behaviour.json
        content = json_module.dumps({"value": self.call.value} if made is None else made).encode()
        self.call.status = behaviour.status
        self._upstream.note(self.call, answered_s=self._now_s(), outcome=str(behaviour.status))
        head = h11.Response(
            status_code=behaviour.status,
            headers=[("content-type", "application/json"), ("content-length", str(len(content)))],
            reason=HTTPStatus(behaviour.status).phrase.encode(),
        )
        self._write(self._http.send(head))
        if behaviour.cut:
            self._write(content[: len(content) // 2])
            self._upstream.note(self.call, ended_s=self._now_s(), end=EventEnd.CUT)
            self._close()
        elif behaviour.drip_s is not None:
            self._rest = content
            self._drip(max(1, round(len(content) * DRIP_STEP_S / behaviour.drip_s)))
        else:
            self._write(self._http.send(h11.Data(data=content)))
            self._finish()

    def _drip(self, step_bytes: int) -> None:
        self._write(self._http.send(h11.Data(data=self._rest[:step_bytes])))
        self._rest = self._rest[step_bytes:]
        if self._rest:
            self._timer = asyncio.get_running_loop().call_later(DRIP_STEP_S, self._drip, step_bytes)
        else:
            self._finish()

    def _finish(self) -> None:
        assert self.call is not None
        self._write(self._http.send(h11.EndOfMessage()))
        self._upstream.note(self.call, ended_s=self._now_s(), end=EventEnd.ANSWERED)
        if self._http.our_state is h11.MUST_CLOSE:
            self._close()
            return
        self._http.start_next_cycle()
        self._read_on()

    def _write(self, data: bytes | None) -> None:
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _now_s(self) -> float:
        return self._upstream.attempt.clock.now()


@contextlib.asynccontextmanager
async def running_upstream(
    listening: socket.socket, attempt: AttemptContext
) -> AsyncIterator[Upstream]:
    """Serve the upstream on this socket for the length of one check."""
    upstream = Upstream(attempt)
    upstream.url = "http://{}:{}".format(*listening.getsockname())
    server = await asyncio.get_running_loop().create_server(
        lambda: UpstreamConnection(upstream), sock=listening
    )
    try:
        yield upstream
    finally:
        server.close()
        for connection in list(upstream.served):
            connection.abort()


class UpstreamService(ServicePerCheck):
    """The upstream as a service of katas."""

    name = "upstream"
    title = "Upstream"

    @contextlib.asynccontextmanager
    async def run(self, surroundings: Surroundings) -> AsyncIterator[Running]:
        """Serve it for one check, on a socket of its own."""
        with await surroundings.listen() as listening:
            async with running_upstream(listening, surroundings.attempt) as upstream:
                yield Running(
                    upstream, upstream.url, {"UPSTREAM_URL": upstream.url}, upstream.take_stock
                )


SERVICE = UpstreamService()
