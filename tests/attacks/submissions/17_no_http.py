"""Answers with bytes that are no HTTP."""

from uvicorn.protocols.http.h11_impl import H11Protocol

from base import app as app


def data_received(self: H11Protocol, data: bytes) -> None:
    self.transport.write(bytes(range(256)) * 100)


H11Protocol.data_received = data_received
