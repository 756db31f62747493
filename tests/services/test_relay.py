"""The relay: passes bytes on in both directions, and counts connections from outside the solution."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest

from grader.measure.attempt import AttemptContext
from grader.services.connections import Connections
from grader.services.relay import running_relay
from tests.conftest import listening_socket
from tests.waiting import until

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Relayed:
    """A running relay in front of a service that sends each line back."""

    address: tuple[str, int]
    connections: Connections
    served: list[asyncio.StreamWriter]

    async def connect(self) -> Stream:
        return await asyncio.open_connection(*self.address)


@pytest.fixture
async def relayed(attempt: AttemptContext) -> AsyncIterator[Relayed]:
    served: list[asyncio.StreamWriter] = []

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(writer)
        while line := await reader.readline():
            writer.write(line)
        writer.close()

    connections = Connections("echo", attempt)
    with listening_socket() as behind, listening_socket() as before:
        server = await asyncio.start_server(echo, sock=behind)
        host, port = behind.getsockname()

        async def dial(protocol: Callable[[], asyncio.Protocol]) -> None:
            await asyncio.get_running_loop().create_connection(protocol, host, port)

        async with running_relay(before, dial, connections):
            yield Relayed(before.getsockname(), connections, served)
        server.close()


async def test_bytes_are_passed_on_in_both_directions(relayed: Relayed) -> None:
    reader, writer = await relayed.connect()
    for line in (b"one\n", b"two\n"):
        writer.write(line)
        assert await reader.readline() == line
    writer.close()
    await relayed.connections.closed()
    assert (relayed.connections.opened, relayed.connections.open) == (1, 0)


async def test_more_than_the_buffers_hold_arrives_whole(relayed: Relayed) -> None:
    reader, writer = await relayed.connect()
    line = b"x" * 50_000 + b"\n"
    count = 200

    async def send() -> None:
        for _ in range(count):
            writer.write(line)
            await writer.drain()

    sending = asyncio.create_task(send())
    for _ in range(count):
        assert await reader.readexactly(len(line)) == line
    await sending
    writer.close()


async def test_a_service_that_closes_closes_the_solutions_end(relayed: Relayed) -> None:
    reader, writer = await relayed.connect()
    writer.write(b"one\n")
    assert await reader.readline() == b"one\n"
    relayed.served[0].close()
    assert await reader.read() == b""
    writer.close()


async def test_a_connection_counts_from_its_acceptance_until_the_solution_closes_it(
    relayed: Relayed,
) -> None:
    _, first = await relayed.connect()
    await until(lambda: relayed.connections.open == 1)
    first.close()
    await until(lambda: relayed.connections.open == 0)
    _, second = await relayed.connect()
    await until(lambda: relayed.connections.opened == 2)
    assert relayed.connections.peak == 1
    second.close()


async def test_a_service_that_refuses_is_a_connection_that_closes(attempt: AttemptContext) -> None:
    async def refuse(protocol: Callable[[], asyncio.Protocol]) -> None:
        raise ConnectionRefusedError

    connections = Connections("echo", attempt)
    with listening_socket() as listening:
        async with running_relay(listening, refuse, connections):
            reader, writer = await asyncio.open_connection(*listening.getsockname())
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
            writer.close()
            await connections.closed()


async def test_connections_of_a_flood_are_closed(
    relayed: Relayed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.services.connections.OPEN_LIMIT", 1)
    _, first = await relayed.connect()
    await until(lambda: relayed.connections.open == 1)
    reader, second = await relayed.connect()
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b""
    for writer in (first, second):
        writer.close()


async def test_the_end_of_the_relay_closes_what_is_open(attempt: AttemptContext) -> None:
    async def never(protocol: Callable[[], asyncio.Protocol]) -> None:
        await asyncio.Event().wait()

    connections = Connections("echo", attempt)
    with listening_socket() as listening:
        async with running_relay(listening, never, connections):
            reader, writer = await asyncio.open_connection(*listening.getsockname())
            await until(lambda: connections.open == 1)
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()
