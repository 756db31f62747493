"""A TCP relay in front of a service: counts the connections that a solution opens, from outside of it."""

import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import anyio
import anyio.abc
from anyio.abc import ByteStream, SocketAttribute, SocketListener

from grader.harness.connections import Connections

CHUNK_BYTES = 64 * 1024

Dial = Callable[[], Awaitable[ByteStream]]
"""Opens a connection to the service behind the relay."""


@contextlib.asynccontextmanager
async def running_tap(listening: socket.socket, dial: Dial, connections: Connections) -> AsyncIterator[None]:
    """Relay each connection on this socket to the service, for the length of one check."""
    listener = await SocketListener.from_socket(listening)

    async def serve(stream: ByteStream) -> None:
        with contextlib.suppress(OSError, anyio.BrokenResourceError, anyio.ClosedResourceError):
            await _relay(stream, dial, connections)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, serve)
        yield
        tasks.cancel_scope.cancel()


async def _relay(client: ByteStream, dial: Dial, connections: Connections) -> None:
    client.extra(SocketAttribute.raw_socket).setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    number = connections.add()
    try:
        async with client, await dial() as service, anyio.create_task_group() as pumps:
            pumps.start_soon(_pump, service, client, pumps.cancel_scope)
            await _pump(client, service, pumps.cancel_scope)
    finally:
        connections.remove(number)


async def _pump(source: ByteStream, target: ByteStream, scope: anyio.CancelScope) -> None:
    """Copy until one side closes; then the whole connection ends, as both services here never half-close."""
    with contextlib.suppress(anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
        while True:
            await target.send(await source.receive(CHUNK_BYTES))
    scope.cancel()
