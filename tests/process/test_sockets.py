"""The store of sockets, each for one visitor only, however many come at once; and ports that people name."""

import socket

import anyio
import pytest

from grader.errors import PortInUse
from grader.measure.attempt import AttemptContext
from grader.process.launcher import Launcher
from grader.process.sockets import SPARE, MarkedSockets, SocketStock, listening_at, listening_near
from tests.conftest import listening_socket


async def test_no_socket_is_given_out_twice(launcher: Launcher, attempt: AttemptContext) -> None:
    taken: list[socket.socket] = []

    async def take(stock: SocketStock, count: int) -> None:
        taken.extend(await stock.take(count))

    async with launcher.listening(attempt.abort.break_off):
        with SocketStock(launcher) as stock:
            async with anyio.create_task_group() as visitors:
                for count in (1, 5, SPARE + 1, 1, 40, 2, 1):
                    visitors.start_soon(take, stock, count)
    numbers = [one.fileno() for one in taken]
    assert len(numbers) == len(set(numbers)) == 83
    for one in taken:
        one.close()


async def test_what_is_left_in_the_store_is_closed(
    launcher: Launcher, attempt: AttemptContext
) -> None:
    async with launcher.listening(attempt.abort.break_off):
        with SocketStock(launcher) as stock:
            (taken,) = await stock.take(1)
            left = list(stock._stock)
    assert len(left) == SPARE
    assert all(one.fileno() == -1 for one in left)
    assert taken.fileno() != -1
    taken.close()


def test_a_port_that_is_taken_is_refused_and_the_next_free_one_is_found() -> None:
    with listening_socket() as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse) as caught:
            listening_at(port)
        assert caught.value.message == f"Port {port} is in use."
        with listening_near(port) as near:
            assert port < near.getsockname()[1] < port + 100


async def test_marked_sockets_are_known_by_their_ports() -> None:
    sockets = MarkedSockets(remembered=3)
    made = [*await sockets.take(2), *await sockets.take(2)]
    assert list(sockets.ports) == [one.getsockname()[1] for one in made[1:]]
    for one in made:
        one.close()
