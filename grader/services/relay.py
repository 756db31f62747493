"""A TCP relay in front of a service. It counts a solution's connections from outside the solution.

It uses asyncio transports: AnyIO's streams for Unix sockets can resolve a cancelled future, which AnyIO's pytest plugin
would report as an error of the check.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import anyio
import anyio.abc

from grader.services.connections import Connections

Dial = Callable[[Callable[[], asyncio.Protocol]], Awaitable[object]]
"""Opens a connection to the service behind the relay, given a factory for the connection's protocol."""


class End(asyncio.Protocol):
    """One end of a relayed connection. Data that arrives here leaves at the other end; closing one end closes both."""

    def __init__(self) -> None:
        self.other: End | None = None
        self.transport: asyncio.Transport | None = None
        self._early = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Send the data at the other end, or buffer it until there is one."""
        if self.other is None or self.other.transport is None:
            self._early += data
        else:
            self.other.transport.write(data)

    def join(self, other: "End") -> None:
        """Set the other end, and flush the buffer to it."""
        assert other.transport is not None
        self.other = other
        other.transport.write(bytes(self._early))
        self._early.clear()

    def pause_writing(self) -> None:
        """The peer here reads slowly: stop reading at the other end."""
        if (
            self.other is not None
            and self.other.transport is not None
            and not self.other.transport.is_closing()
        ):
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        """Read at the other end again."""
        if (
            self.other is not None
            and self.other.transport is not None
            and not self.other.transport.is_closing()
        ):
            self.other.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Close the other end, once it has sent its buffer."""
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()


class ClientEnd(End):
    """The solution's end; counts as open from acceptance until the solution closes it."""

    def __init__(self, relay: "Relay") -> None:
        super().__init__()
        self._relay = relay
        self._number: int | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection, and connect to the service."""
        super().connection_made(transport)
        self._number = self._relay.connections.add()
        self._relay.ends.add(self)
        if self._relay.connections.is_flooded:
            assert self.transport is not None
            self.transport.abort()
            return
        self._relay.tasks.start_soon(self._relay.reach, self)

    def eof_received(self) -> None:
        """Stop counting the connection now: the loop may accept the solution's next one in the same iteration."""
        self._count_out()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop counting the connection, and close the other end."""
        self._count_out()
        self._relay.ends.discard(self)
        super().connection_lost(exc)

    def _count_out(self) -> None:
        if self._number is not None:
            self._relay.connections.remove(self._number)
            self._number = None


class Relay:
    """The relay of one check.

    Args:
        dial: opens a connection to the service.
        connections: counts the solution's connections.
        tasks: task group in which connections to the service are opened.
    """

    def __init__(self, dial: Dial, connections: Connections, tasks: anyio.abc.TaskGroup) -> None:
        self.connections = connections
        self.tasks = tasks
        self.ends: set[ClientEnd] = set()
        self._dial = dial

    async def reach(self, client: ClientEnd) -> None:
        """Connect the solution's end to the service; if the service refuses, close it."""
        assert client.transport is not None
        service = End()
        service.other = client
        try:
            await self._dial(lambda: service)
        except OSError:
            client.transport.abort()
            return
        client.join(service)
        if client.transport.is_closing():
            assert service.transport is not None
            service.transport.close()


@contextlib.asynccontextmanager
async def running_relay(
    listening: socket.socket, dial: Dial, connections: Connections
) -> AsyncIterator[None]:
    """Relay the connections on this socket to the service for one check."""
    async with anyio.create_task_group() as tasks:
        relay = Relay(dial, connections, tasks)
        server = await asyncio.get_running_loop().create_server(
            lambda: ClientEnd(relay), sock=listening
        )
        try:
            yield
        finally:
            server.close()
            for end in list(relay.ends):
                for transport in (end.transport, end.other.transport if end.other else None):
                    if transport is not None:
                        transport.abort()
            tasks.cancel_scope.cancel()
