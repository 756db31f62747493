"""The load client: visitors that come alone, together, at a rate, that leave early or read slowly.

A small HTTP/1.1 client on asyncio transports and h11. The reasons for not taking a client library, and what it was
measured against, are in docs/decisions/0004-load-client.md.
"""

import asyncio
import contextlib
import itertools
import json as json_module
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import anyio
import anyio.abc
import h11

from grader.evidence.machine import Watch
from grader.evidence.traffic import Burst, Exchange, ExchangeError
from grader.judge.rule import PATIENCE_SHARE
from grader.judge.witnesses import is_own_doing
from grader.load.sse import event_data
from grader.measure.attempt import AttemptContext
from grader.measure.gates import Signal, pass_gate, pause_s
from grader.measure.timing import Clock, WatchStart
from grader.process.sockets import OwnSockets, Sockets

GIVE_UP_S = 3.0
"""When a visitor stops waiting for an answer; design: deadlines are generous, right apps need 0.22 s at worst."""

GIVE_UP_CROWD_S = 5.0
"""The same for crowds of more than 20."""

PATIENCE_LOOK_S = 0.03
"""How often it is looked, once the patience may be over, whether the time was the app's own doing."""

BODY_LIMIT_BYTES = 4 * 1024 * 1024
"""Answers longer than this are cut off and count as an error."""

EVENTS_LIMIT = 20_000
"""Answers in more pieces than this are cut off too: each piece costs the grader's own time."""

INTERIM_LIMIT = 20
"""How many interim answers (status 1xx) may come before the one."""

BODY_KEPT_CHARS = 500
"""How much of a body goes into the evidence."""

SETTLE_LOOKS = 10
"""How often `settle` asks. Each answer takes several turns of the server's event loop, and of the grader's own."""

CUT_LOOK_S = 0.02
"""How often it is looked whether a crowd can be cut off."""

SLOW_BUFFER_BYTES = 4096
"""Receive buffer of a visitor that reads slowly, so that the kernel does not read ahead for it."""


Address = tuple[str, int]
"""Host and port."""


@dataclass(frozen=True)
class Answer:
    """What came back for one request.

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
    """The answers to a burst or a steady stream, in the order of the requests."""

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
    """A request under way; await it for its answer."""

    def __init__(self, visit: "Visit", attempt: AttemptContext, what: str) -> None:
        self._visit = visit
        self._attempt = attempt
        self._what = what
        self._answered = anyio.Event()
        self._answer: Answer | None = None

    async def _run(self, request: Callable[[], Awaitable[Answer]]) -> None:
        self._answer = await request()
        self._answered.set()

    async def _wait(self) -> Answer:
        await self._answered.wait()
        assert self._answer is not None
        return self._answer

    def __await__(self) -> Any:
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
        """Wait until this text has come so many times, for an answer that comes in parts.

        Raises:
            GateMissed: it had not before the deadline.
        """
        what = f"{text.decode(errors='replace')!r} in the answer to {self._what}"
        await pass_gate(
            self._attempt,
            what,
            count,
            lambda: self._visit.body.count(text),
            self._visit.changed,
            deadline_s,
        )

    async def events(self, count: int, deadline_s: float | None = None) -> list[object]:
        """Wait until so many server-sent events have come.

        Returns:
            The data of all so far, in their order: parsed where it is JSON, as text where not.

        Raises:
            GateMissed: they had not before the deadline.
        """

        def seen() -> int:
            return len(event_data(self.body))

        await pass_gate(
            self._attempt,
            f"events in the answer to {self._what}",
            count,
            seen,
            self._visit.changed,
            deadline_s,
        )
        return event_data(self.body)

    def leave(self) -> None:
        """Close the visitor's connection now, as a browser does when its user goes away."""
        self._visit.leave()


class Lingering:
    """A visitor who is connected and asks nothing, as browsers are between two pages."""

    def __init__(self, visit: "Visit", attempt: AttemptContext) -> None:
        self._visit = visit
        self._attempt = attempt
        visit.over.add_done_callback(lambda _: visit.changed.set())

    async def sent_away(self, deadline_s: float | None = None) -> None:
        """Wait until the server has closed the connection, which is how uvicorn begins to shut down.

        Raises:
            GateMissed: it had not before the deadline.
        """
        what = "idle connections closed by the server"
        await pass_gate(
            self._attempt,
            what,
            1,
            lambda: int(self._visit.over.done()),
            self._visit.changed,
            deadline_s,
        )


class Visit(asyncio.Protocol):
    """One connection and the one request on it."""

    def __init__(
        self,
        clock: Clock,
        read_bytes_per_s: float | None = None,
        patience_s: float = PATIENCE_SHARE * GIVE_UP_S,
    ) -> None:
        self.clock = clock
        self.patience_s = patience_s
        self.sent_s: float | None = None
        self.first_byte_s: float | None = None
        self.last_byte_s: float | None = None
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.error: ExchangeError | None = None
        self.over = asyncio.get_running_loop().create_future()
        self.changed = Signal()
        self._http = h11.Connection(h11.CLIENT)
        self._events = 0
        self._interim = 0
        self._transport: asyncio.Transport | None = None
        self._read_bytes_per_s = read_bytes_per_s

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def send(self, request: h11.Request, content: bytes) -> None:
        """Send the whole request at once."""
        assert self._transport is not None
        parts = [self._http.send(request)]
        if content:
            parts.append(self._http.send(h11.Data(data=content)))
        parts.append(self._http.send(h11.EndOfMessage()))
        self.sent_s = self.clock.now()
        self._transport.write(b"".join(part for part in parts if part))

    def data_received(self, data: bytes) -> None:
        if self.over.done():
            return
        now_s = self.clock.now()
        self.first_byte_s = self.first_byte_s or now_s
        self._parse(data, now_s)
        self.changed.set()
        if (
            self._read_bytes_per_s is not None
            and self._transport is not None
            and not self.over.done()
        ):
            self._transport.pause_reading()
            asyncio.get_running_loop().call_later(len(data) / self._read_bytes_per_s, self._read_on)

    def _read_on(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def _parse(self, data: bytes, now_s: float) -> None:
        try:
            self._http.receive_data(data)
            while not self.over.done():
                event = self._http.next_event()
                self._events += 1
                if self._events > EVENTS_LIMIT:
                    self.finish(ExchangeError.TOO_LARGE)
                elif (
                    event is h11.NEED_DATA
                    or event is h11.PAUSED
                    or isinstance(event, h11.ConnectionClosed)
                ):
                    return
                else:
                    self._take(event, now_s)
        except h11.RemoteProtocolError:
            self.finish(ExchangeError.MALFORMED if data else ExchangeError.CLOSED)

    def _take(self, event: object, now_s: float) -> None:
        """Take in one part of the answer."""
        if isinstance(event, h11.InformationalResponse):
            self._interim += 1
            if self._interim > INTERIM_LIMIT:
                self.finish(ExchangeError.MALFORMED)
        elif isinstance(event, h11.Response):
            self.status = event.status_code
            self.headers = {
                name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers
            }
        elif isinstance(event, h11.Data):
            self.body += event.data
            if len(self.body) > BODY_LIMIT_BYTES:
                self.finish(ExchangeError.TOO_LARGE)
        elif isinstance(event, h11.EndOfMessage):
            self.last_byte_s = now_s
            self.finish(None)

    def eof_received(self) -> None:
        if not self.over.done():
            self._parse(b"", self.clock.now())

    def connection_lost(self, exc: Exception | None) -> None:
        self.finish(ExchangeError.CLOSED)

    def leave(self) -> None:
        """Go away without waiting for the answer."""
        self.finish(ExchangeError.LEFT)

    def finish(self, error: ExchangeError | None) -> None:
        """End the visit, once; later calls change nothing."""
        if not self.over.done():
            self.error = error
            self.over.set_result(self.clock.now())
        if self._transport is not None:
            self._transport.close()


class Visitors:
    """Sends requests to one server and records each exchange; base of the `server` fixture.

    Args:
        addresses: host and port of each server process; visitors are dealt out to them in turn, so that the share of
            each worker is no matter of chance (docs/decisions/0003-a-socket-for-each-worker.md).
        attempt: records exchanges and bursts.
        tasks: task group in which requests under way live.
        sockets: where visitors get theirs from; new ones of this network by default.
    """

    def __init__(
        self,
        addresses: Sequence[Address],
        attempt: AttemptContext,
        tasks: anyio.abc.TaskGroup,
        sockets: Sockets | None = None,
    ) -> None:
        self._sockets = sockets or OwnSockets()
        self.addresses = tuple(addresses)
        self._next_address = itertools.cycle(self.addresses)
        self.attempt = attempt
        self._tasks = tasks

    async def get(self, path: str, **options: Any) -> Answer:
        """`request` with GET."""
        return await self.request("GET", path, **options)

    async def post(self, path: str, json: object = None, **options: Any) -> Answer:
        """`request` with POST."""
        return await self.request("POST", path, json=json, **options)

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        headers: Mapping[str, str] | None = None,
        give_up_s: float = GIVE_UP_S,
        patience_s: float | None = None,
        leave_after_s: float | None = None,
        read_bytes_per_s: float | None = None,
    ) -> Answer:
        """Send one request and wait for its end. Never raises for what the server does: see `Answer.exchange`.

        Args:
            method: HTTP method.
            path: with query, if any.
            json: body, sent as JSON.
            headers: further headers.
            give_up_s: when the visitor stops waiting in any case.
            patience_s: when the visitor stops waiting if so much of the time was certainly the app's own doing; a third
                of `give_up_s` by default, less in haste. Must be above what the task grants, so that a timer set to
                just that is in time.
            leave_after_s: when the visitor goes away on purpose, seconds after sending.
            read_bytes_per_s: how fast the visitor reads; None for as fast as it comes.
        """
        pending = self.start(
            method,
            path,
            json=json,
            headers=headers,
            give_up_s=give_up_s,
            patience_s=patience_s,
            leave_after_s=leave_after_s,
            read_bytes_per_s=read_bytes_per_s,
        )
        return await pending._wait()

    def start(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        headers: Mapping[str, str] | None = None,
        give_up_s: float = GIVE_UP_S,
        patience_s: float | None = None,
        leave_after_s: float | None = None,
        read_bytes_per_s: float | None = None,
    ) -> Pending:
        """Send one request and go on; await the result for its answer. Arguments as for `request`."""
        visit = Visit(
            self.attempt.clock,
            read_bytes_per_s,
            self._patience_s(give_up_s) if patience_s is None else patience_s,
        )

        async def run() -> Answer:
            (connection,) = await self._sockets.take(1)
            opening = self.attempt.watcher.open()
            planned_s = self.attempt.clock.now()
            try:
                if await self._connect(visit, connection, read_bytes_per_s is not None):
                    visit.send(*self._message(method, path, json, headers))
                    if leave_after_s is not None:
                        asyncio.get_running_loop().call_later(leave_after_s, visit.leave)
                await self._end(visit, opening, planned_s + give_up_s)
            finally:  # whoever is cancelled leaves no connection behind
                visit.leave()
            exchange = self._record(visit, method, path, None, planned_s)
            return self._answer(visit, exchange, self.attempt.watcher.close(opening))

        pending = Pending(visit, self.attempt, f"{method} {path}")
        self._tasks.start_soon(pending._run, run)
        return pending

    @contextlib.asynccontextmanager
    async def lingering(self) -> AsyncIterator[Lingering]:
        """Meanwhile a visitor is connected who asks nothing; by it is seen from outside that a server begins to shut
        down.
        """
        visit = Visit(self.attempt.clock)
        (connection,) = await self._sockets.take(1)
        await self._connect(visit, connection)
        try:
            yield Lingering(visit, self.attempt)
        finally:
            visit.leave()

    async def settle(self, path: str, *, give_up_s: float = GIVE_UP_S) -> Answer:
        """Let the server begin whatever visitors have sent before: asks for a cheap path, 10 times, one after another.

        Goes by the server's own steps and not by the clock, so it is as good on a busy machine. Returns the last
        answer, which is the first without a status if there is one.

        Args:
            path: of a route that is answered by the event loop alone, such as `/health`.
            give_up_s: when one of these visitors stops waiting.
        """
        answer = await self.get(path, give_up_s=give_up_s)
        for _ in range(SETTLE_LOOKS - 1):
            if answer.status is None:
                break
            answer = await self.get(path, give_up_s=give_up_s)
        return answer

    async def burst(
        self,
        method: str,
        path: str | Sequence[str],
        *,
        count: int,
        numbers: Sequence[int] | None = None,
        json: object | Callable[[int], object] = None,
        headers: Mapping[str, str] | None = None,
        give_up_s: float | None = None,
        cut_off_s: float | None = None,
    ) -> Crowd:
        """Send `count` requests at the same moment, each on a connection of its own, opened before.

        Args:
            method: HTTP method.
            path: `{n}` in it stands for a number of each visitor's own; several paths are taken in turn.
            count: how many visitors.
            numbers: their numbers; unpredictable distinct ones by default.
            json: body of each, or what makes it from the visitor's number.
            headers: further headers.
            give_up_s: when visitors stop waiting; 3 s, or 5 s for more than 20.
            cut_off_s: the limit of a `within` that follows: when it is passed and that is certainly the code's own
                doing, the rest is not waited for. Makes failing fast.
        """
        base = 1000 + secrets.randbelow(900_000)
        numbers = numbers or range(base, base + count)
        give_up_s = give_up_s or (GIVE_UP_S if count <= 20 else GIVE_UP_CROWD_S)
        clock = self.attempt.clock
        visits = [Visit(clock, patience_s=PATIENCE_SHARE * give_up_s) for _ in range(count)]
        sockets = await self._sockets.take(count)
        async with anyio.create_task_group() as connecting:
            for visit, connection in zip(visits, sockets, strict=True):
                connecting.start_soon(self._connect, visit, connection)
        paths = [
            (path if isinstance(path, str) else path[i % len(path)]).replace("{n}", str(numbers[i]))
            for i in range(count)
        ]
        messages = [
            self._message(method, paths[i], json(numbers[i]) if callable(json) else json, headers)
            for i in range(count)
        ]
        opening = self.attempt.watcher.open()
        planned_s = clock.now()
        for visit, message in zip(visits, messages, strict=True):
            if not visit.over.done():
                visit.send(*message)
        async with self._cutting(visits, opening, cut_off_s):
            for visit in visits:
                await self._end(visit, opening, planned_s + give_up_s)
        watch = self.attempt.watcher.close(opening)
        exchanges = [
            self._record(visits[i], method, paths[i], numbers[i], planned_s) for i in range(count)
        ]
        return self._crowd(visits, exchanges, watch, steady=False)

    async def steady(
        self,
        method: str,
        path: str,
        *,
        rate_per_s: float,
        duration_s: float,
        headers: Mapping[str, str] | None = None,
        give_up_s: float = GIVE_UP_S,
        cut_off_s: float | None = None,
    ) -> Crowd:
        """Send requests at a fixed rate, however slowly they are answered (an open loop).

        Latencies count from the planned moment, so a server that stalls cannot slow its own load down and hide the
        stall (coordinated omission). `cut_off_s` is as for `burst`, but for an `each_within`.
        """
        clock = self.attempt.clock
        base = 1000 + secrets.randbelow(900_000)
        count = max(1, round(rate_per_s * duration_s))
        visits = [Visit(clock, patience_s=PATIENCE_SHARE * give_up_s) for _ in range(count)]
        exchanges: list[Exchange | None] = [None] * count
        sockets = await self._sockets.take(count)
        opening = self.attempt.watcher.open()
        begin_s = clock.now()

        async def come(i: int) -> None:
            planned_s = begin_s + i / rate_per_s
            await anyio.sleep(max(0.0, planned_s - clock.now()))
            if await self._connect(visits[i], sockets[i]):
                visits[i].send(
                    *self._message(method, path.replace("{n}", str(base + i)), None, headers)
                )
            await self._end(visits[i], opening, planned_s + give_up_s)
            exchanges[i] = self._record(
                visits[i], method, path.replace("{n}", str(base + i)), base + i, planned_s
            )

        async with self._cutting(visits, opening, cut_off_s), anyio.create_task_group() as coming:
            for i in range(count):
                coming.start_soon(come, i)
        whole = [exchange for exchange in exchanges if exchange is not None]
        return self._crowd(visits, whole, self.attempt.watcher.close(opening), steady=True)

    async def _connect(self, visit: Visit, connection: socket.socket, slow: bool = False) -> bool:
        loop = asyncio.get_running_loop()
        try:
            if slow:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_BUFFER_BYTES)
            connection.setblocking(False)
            await loop.sock_connect(connection, next(self._next_address))
            await loop.create_connection(lambda: visit, sock=connection)
        except OSError:
            connection.close()
            visit.finish(ExchangeError.REFUSED)
            return False
        except BaseException:
            connection.close()
            raise
        return not visit.over.done()

    def _message(
        self, method: str, path: str, json: object, headers: Mapping[str, str] | None
    ) -> tuple[h11.Request, bytes]:
        content = b"" if json is None else json_module.dumps(json).encode()
        fields = [
            ("host", ":".join(map(str, self.addresses[0]))),
            ("accept", "*/*"),
            *(headers or {}).items(),
        ]
        if json is not None:
            fields += [("content-type", "application/json"), ("content-length", str(len(content)))]
        return h11.Request(method=method, target=path, headers=fields), content

    def _patience_s(self, give_up_s: float) -> float:
        return PATIENCE_SHARE * give_up_s * self.attempt.haste

    async def _end(self, visit: Visit, opening: WatchStart, deadline_s: float) -> None:
        """Wait until the visit is over, the deadline has passed, or the app itself has taken more than the visitor's
        patience.
        """
        with anyio.move_on_after(max(0.0, deadline_s - self.attempt.clock.now())):
            # What is the app's own doing is never more than what has passed, so there is nothing to look at before.
            wait_s = max(
                PATIENCE_LOOK_S, opening.at_s + visit.patience_s - self.attempt.clock.now()
            )
            while True:
                with anyio.move_on_after(wait_s):
                    await asyncio.shield(visit.over)
                if visit.over.done():
                    break
                watch = self.attempt.watcher.close(opening)
                if is_own_doing(watch, visit.patience_s):
                    break
                wait_s = pause_s(visit.patience_s, watch.own_s, PATIENCE_LOOK_S)
        visit.finish(ExchangeError.TIMED_OUT)

    @contextlib.asynccontextmanager
    async def _cutting(
        self, visits: Sequence[Visit], opening: WatchStart, limit_s: float | None
    ) -> AsyncIterator[None]:
        """Meanwhile, cut visits off that are certainly too slow by the code's own doing."""

        async def cut(limit_s: float) -> None:
            wait_s = limit_s
            while True:
                await anyio.sleep(wait_s)
                watch = self.attempt.watcher.close(opening)
                now_s = self.attempt.clock.now()
                wait_s = pause_s(limit_s, watch.own_s, CUT_LOOK_S)
                if is_own_doing(watch, limit_s):
                    for visit in visits:
                        if visit.sent_s is not None and now_s - visit.sent_s > limit_s:
                            visit.finish(ExchangeError.CUT_OFF)

        async with anyio.create_task_group() as tasks:
            if limit_s is not None and self.attempt.cuts_off:
                tasks.start_soon(cut, limit_s)
            yield
            tasks.cancel_scope.cancel()

    def _record(
        self, visit: Visit, method: str, path: str, n: int | None, planned_s: float
    ) -> Exchange:
        exchange = Exchange(
            id=self.attempt.recorder.new_id(),
            method=method,
            path=path,
            n=n,
            planned_s=planned_s,
            sent_s=visit.sent_s,
            first_byte_s=visit.first_byte_s,
            last_byte_s=visit.last_byte_s,
            ended_s=visit.last_byte_s or visit.over.result(),
            status=visit.status,
            size_bytes=len(visit.body),
            body=bytes(visit.body[: BODY_KEPT_CHARS * 4]).decode(errors="replace")[
                :BODY_KEPT_CHARS
            ],
            error=visit.error,
            patience_s=visit.patience_s,
        )
        self.attempt.recorder.add(exchange)
        return exchange

    def _answer(self, visit: Visit, exchange: Exchange, watch: Watch) -> Answer:
        return Answer(exchange, visit.headers, bytes(visit.body), watch, self.attempt)

    def _crowd(
        self, visits: Sequence[Visit], exchanges: Sequence[Exchange], watch: Watch, *, steady: bool
    ) -> Crowd:
        burst = Burst(
            id=self.attempt.recorder.new_id(),
            exchanges=tuple(exchange.id for exchange in exchanges),
            steady=steady,
            watch=watch,
        )
        self.attempt.recorder.add(burst)
        answers = tuple(
            self._answer(visit, exchange, watch)
            for visit, exchange in zip(visits, exchanges, strict=True)
        )
        return Crowd(answers, burst, self.attempt)
