"""Answers with headers that never end."""

from uvicorn.protocols.http.h11_impl import H11Protocol

from base import app as app


def more(self: H11Protocol) -> None:
    if not self.transport.is_closing():
        self.transport.write(b"x-more: " + b"y" * 60 + b"\r\n")
        self.loop.call_later(0.0001, more, self)


def data_received(self: H11Protocol, data: bytes) -> None:
    self.transport.write(b"HTTP/1.1 200 OK\r\n")
    more(self)


H11Protocol.data_received = data_received
