"""The upstream's HTTP server: one protocol object per connection adds calls to the book and answers them."""

import asyncio
import json as json_module
import traceback
from http import HTTPStatus

import h11

from grader.evidence.traffic import EventEnd, ServiceEvent
from grader.services.upstream_calls import Call, CallBook

BODY_LIMIT_BYTES = 1024 * 1024
"""The connection is closed if the solution sends a larger body."""

MESSAGE_CHARS = 200
"""Maximum length of a quoted exception message."""

DRIP_STEP_S = 0.1
"""Pause between two pieces of a dripped answer; shorter than any sensible read timeout."""


def fault_of_answer(error: Exception) -> str:
    """What is wrong with the `json` of a kata's `upstream.on`, which raised this."""
    (*_, frame) = traceback.extract_tb(error.__traceback__)
    what = f"{type(error).__name__}: {str(error)[:MESSAGE_CHARS]}"
    return f"{frame.filename}:{frame.lineno}, in the `json` of an upstream's answer, raised {what}"


class UpstreamConnection(asyncio.Protocol):
    """One connection from the solution; carries one call at a time.

    Args:
        book: collects the calls.
        connected: the open connections; this object adds and removes itself.
    """

    def __init__(self, book: CallBook, connected: "set[UpstreamConnection]") -> None:
        self._book = book
        self._connected = connected
        self._http = h11.Connection(h11.SERVER)
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._request: h11.Request | None = None
        self._content = bytearray()
        self._number = 0
        self._rest = b""
        self.call: Call | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Record the connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._number = self._book.connections.add()
        self._connected.add(self)
        if self._book.connections.is_flooded:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Record the end of the connection; the solution has given up a call that is still open on it."""
        self._stop_timer()
        if self.call is not None and self.call.open:
            self._book.note(self.call, ended_s=self._now_s(), end=EventEnd.CLIENT_LEFT)
        self._connected.discard(self)
        self._book.connections.remove(self._number)

    def data_received(self, data: bytes) -> None:
        """Parse the data; close the connection if it is not HTTP."""
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
        """Add the call, now that its request is complete, and answer it unless it is held."""
        assert self._request is not None
        if self._book.attempt.recorder.is_flooded:
            self._close()
            return
        method = self._request.method.decode("latin-1")
        target = self._request.target.decode("latin-1")
        path, _, query = target.partition("?")
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in self._request.headers
        }
        record = self._record(f"{method} {target}")
        body, behaviour = bytes(self._content), self._book.next_behaviour(path)
        self.call = Call(method, path, query, body, headers, record, behaviour=behaviour)
        if not self._book.enter(self.call, self):
            self.answer()

    def _record(self, what: str) -> ServiceEvent:
        recorder = self._book.attempt.recorder
        number = recorder.new_id()
        recorder.add(
            ServiceEvent(
                id=number,
                service=self._book.connections.service,
                connection=self._number,
                what=what,
                began_s=self._now_s(),
            )
        )
        return recorder.events[number]

    def abort(self) -> None:
        """Abort the connection. An open call on it does not count as given up by the solution."""
        self._stop_timer()
        self.call = None
        if self._transport is not None:
            self._transport.abort()

    def answer(self) -> None:
        """Answer the call according to its behaviour, unless the client has gone."""
        if self.call is None or not self.call.open or self.call.behaviour.never:
            return
        self._stop_timer()
        delay_s = self.call.behaviour.delay_s
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._send)

    def _send(self) -> None:
        assert self.call is not None
        behaviour = self.call.behaviour
        if behaviour.close:
            self._break_off()
            return
        try:
            content = json_module.dumps(self.call.said).encode()
        except Exception as error:  # of the kata's own function
            self._book.attempt.abort.break_off(fault_of_answer(error))
            self._break_off()
            return
        self.call.status = behaviour.status
        self._book.note(self.call, answered_s=self._now_s(), outcome=str(behaviour.status))
        head = h11.Response(
            status_code=behaviour.status,
            headers=[("content-type", "application/json"), ("content-length", str(len(content)))],
            reason=HTTPStatus(behaviour.status).phrase.encode(),
        )
        self._write(self._http.send(head))
        if behaviour.cut:
            self._write(content[: len(content) // 2])
            self._break_off()
        elif behaviour.drip_s is not None:
            self._rest = content
            self._drip(max(1, round(len(content) * DRIP_STEP_S / behaviour.drip_s)))
        else:
            self._write(self._http.send(h11.Data(data=content)))
            self._finish()

    def _break_off(self) -> None:
        """Close the connection in place of the rest of the answer."""
        assert self.call is not None
        self._book.note(self.call, ended_s=self._now_s(), end=EventEnd.CUT)
        self._close()

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
        self._book.note(self.call, ended_s=self._now_s(), end=EventEnd.ANSWERED)
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
        return self._book.attempt.clock.now()
