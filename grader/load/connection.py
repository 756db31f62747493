"""A connection with one exchange: HTTP/1.1 with h11 on an asyncio transport.

docs/decisions/0004-load-client.md says why this is no client library.
"""

import asyncio
import json as json_module
import socket
from collections.abc import Mapping
from dataclasses import dataclass

import h11

from grader.evidence.machine import Watch
from grader.evidence.traffic import Exchange, ExchangeError
from grader.measure.gates import Signal
from grader.measure.timing import Clock

BODY_LIMIT_BYTES = 4 * 1024 * 1024
"""Maximum size of a body; a longer answer is an error (`TOO_LARGE`)."""

EVENTS_LIMIT = 20_000
"""Maximum number of pieces of an answer, because each costs the grader CPU time; more are an error (`TOO_LARGE`)."""

INTERIM_LIMIT = 20
"""Maximum number of interim answers (status 1xx) before the final one."""

BODY_KEPT_CHARS = 500
"""Maximum length of a body in the evidence."""

SLOW_BUFFER_BYTES = 4096
"""Receive buffer of a visitor that reads slowly: small, so that the kernel does not read ahead."""

Address = tuple[str, int]
"""Host and port."""

Message = tuple[h11.Request, bytes]
"""A request as h11 takes it, and its body."""


@dataclass(frozen=True)
class Request:
    """An HTTP request.

    Attributes:
        path: with the query, if any.
        json: the body, sent as JSON; None for no body.
        headers: additional headers.
        n: the number that replaced `{n}` in the path; None if the path had none.
        body_later: the body is sent only when `Visit.send_body` is called.
    """

    method: str
    path: str
    json: object = None
    headers: Mapping[str, str] | None = None
    n: int | None = None
    body_later: bool = False

    def message(self, host: Address) -> Message:
        """The request as h11 takes it, and its body.

        Raises:
            h11.LocalProtocolError: it is not valid HTTP, so that it cannot be sent.
            TypeError: the body is not JSON, or a part of the request has another type than it should.
            ValueError: the same, in other cases.
        """
        content = b"" if self.json is None else json_module.dumps(self.json).encode()
        fields = [
            ("host", ":".join(map(str, host))),
            ("accept", "*/*"),
            *(self.headers or {}).items(),
        ]
        if self.json is not None:
            fields += [("content-type", "application/json"), ("content-length", str(len(content)))]
        # Servers read what is not ASCII as Latin-1.
        raw = [
            (str.encode(name, "latin-1"), str.encode(value, "latin-1")) for name, value in fields
        ]
        head = h11.Request(method=self.method, target=self.path, headers=raw)
        _encoded(h11.Connection(h11.CLIENT), head, content)
        return head, content


def _encoded(http: h11.Connection, request: h11.Request, content: bytes) -> tuple[bytes, bytes]:
    """The head and the body of a request as they are sent."""
    head = http.send(request) or b""
    body = (http.send(h11.Data(data=content)) or b"") if content else b""
    return head, body + (http.send(h11.EndOfMessage()) or b"")


class Visit(asyncio.Protocol):
    """A connection with one exchange.

    Args:
        clock: the run's clock.
        patience_s: the visitor gives up once this much of the wait is the solution's own time.
        read_bytes_per_s: how fast the visitor reads; None to read data as it arrives.

    Attributes:
        changed: set whenever data has arrived.
        ended: set when the visit is over.
        ended_s: when it ended; None if it is not over.
        error: why there was no complete answer; None if there was one, or if the visit is not over.
        watch: of the wait, if the grader stopped waiting.
    """

    def __init__(
        self, clock: Clock, patience_s: float, read_bytes_per_s: float | None = None
    ) -> None:
        self.patience_s = patience_s
        self.sent_s: float | None = None
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.error: ExchangeError | None = None
        self.ended_s: float | None = None
        self.watch: Watch | None = None
        self.changed = Signal()
        self.ended = Signal()
        self._clock = clock
        self._first_byte_s: float | None = None
        self._last_byte_s: float | None = None
        self._http = h11.Connection(h11.CLIENT)
        self._events = 0
        self._interim = 0
        self._transport: asyncio.Transport | None = None
        self._owns_connection = False
        self._unsent = b""
        self._body_due = False
        self._read_bytes_per_s = read_bytes_per_s

    @property
    def is_over(self) -> bool:
        """Whether the answer is complete, the connection is closed, or the visitor has left."""
        return self.ended_s is not None

    async def connect(self, connection: socket.socket, address: Address) -> bool:
        """Open the connection; returns False if it is refused, which ends the visit.

        Args:
            connection: an unconnected socket, which this visit closes.
            address: the server.
        """
        loop = asyncio.get_running_loop()
        self._owns_connection = True
        try:
            if self._read_bytes_per_s is not None:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_BUFFER_BYTES)
            connection.setblocking(False)
            await loop.sock_connect(connection, address)
            await loop.create_connection(lambda: self, sock=connection)
        except OSError:
            connection.close()
            self.finish(ExchangeError.REFUSED)
            return False
        except BaseException:
            connection.close()
            raise
        return not self.is_over

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def send(self, request: h11.Request, content: bytes, body_later: bool = False) -> None:
        """Send the whole request at once, or only its head if the body is sent later."""
        assert self._transport is not None
        head, body = _encoded(self._http, request, content)
        if body_later and not self._body_due:
            self._unsent, body = body, b""
        self.sent_s = self._clock.now()
        self._transport.write(head + body)

    def send_body(self) -> None:
        """Send the body that has been kept back."""
        self._body_due = True
        if self._unsent and self._transport is not None and not self.is_over:
            self._transport.write(self._unsent)
        self._unsent = b""

    def data_received(self, data: bytes) -> None:
        if self.is_over:
            return
        now_s = self._clock.now()
        self._first_byte_s = self._first_byte_s or now_s
        self._parse(data, now_s)
        self.changed.set()
        if self._read_bytes_per_s is not None and self._transport is not None and not self.is_over:
            self._transport.pause_reading()
            asyncio.get_running_loop().call_later(len(data) / self._read_bytes_per_s, self._read_on)

    def _read_on(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def _parse(self, data: bytes, now_s: float) -> None:
        try:
            self._http.receive_data(data)
            while not self.is_over:
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
        """Handle one part of the answer."""
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
            self._last_byte_s = now_s
            self.finish(None)

    def eof_received(self) -> None:
        if not self.is_over:
            self._parse(b"", self._clock.now())

    def connection_lost(self, exc: Exception | None) -> None:
        self.finish(ExchangeError.CLOSED)

    def leave(self) -> None:
        """Close the connection without waiting for the answer."""
        self.finish(ExchangeError.LEFT)

    def abandon(self, connection: socket.socket) -> None:
        """Leave, and close this socket if it was never passed to `connect`, so that no connection stays open."""
        if not self._owns_connection:
            connection.close()
        self.leave()

    def finish(self, error: ExchangeError | None) -> None:
        """End the visit; only the first call has an effect."""
        if not self.is_over:
            self.error = error
            self.ended_s = self._clock.now()
            self.ended.set()
        if self._transport is not None:
            self._transport.close()

    def exchange(self, number: int, request: Request, planned_s: float) -> Exchange:
        """The evidence of a visit that is over.

        Args:
            number: the exchange's id.
            request: the request.
            planned_s: when it should have been sent. A connection that was closed before then took no time.
        """
        assert self.ended_s is not None
        body = bytes(self.body[: BODY_KEPT_CHARS * 4]).decode(errors="replace")
        return Exchange(
            id=number,
            method=request.method,
            path=request.path,
            n=request.n,
            planned_s=planned_s,
            sent_s=self.sent_s,
            first_byte_s=self._first_byte_s,
            last_byte_s=self._last_byte_s,
            ended_s=max(planned_s, self._last_byte_s or self.ended_s),
            status=self.status,
            size_bytes=len(self.body),
            body=body[:BODY_KEPT_CHARS],
            error=self.error,
            patience_s=self.patience_s,
            watch=self.watch,
        )
