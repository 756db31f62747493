"""Promises 10 GB, and sends some megabytes of them at once."""

from uvicorn.protocols.http.h11_impl import H11Protocol

from base import app as app


def data_received(self: H11Protocol, data: bytes) -> None:
    self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n" + bytes(8 * 1024 * 1024))


H11Protocol.data_received = data_received
