"""Answers with a body that never ends, in pieces of one byte."""

from uvicorn.protocols.http.h11_impl import H11Protocol

from base import app as app


def more(self: H11Protocol) -> None:
    if not self.transport.is_closing():
        self.transport.write(b"1\r\nx\r\n" * 10_000)
        self.loop.call_later(0.001, more, self)


def data_received(self: H11Protocol, data: bytes) -> None:
    self.transport.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    more(self)


H11Protocol.data_received = data_received
