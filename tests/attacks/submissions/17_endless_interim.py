"""Answers 103 over and over, and never anything else."""

from uvicorn.protocols.http.h11_impl import H11Protocol

from base import app as app


def more(self: H11Protocol) -> None:
    if not self.transport.is_closing():
        self.transport.write(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" * 200)
        self.loop.call_later(0.001, more, self)


H11Protocol.data_received = lambda self, data: more(self)
