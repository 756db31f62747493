"""The store of sockets: each goes to one visitor only, however many come at once."""

import socket

import anyio

from grader.harness.launcher import Launcher
from grader.harness.recorder import Recorder
from grader.harness.sockets import SPARE, SocketStock


async def test_no_socket_is_given_out_twice(launcher: Launcher, recorder: Recorder) -> None:
    taken: list[socket.socket] = []

    async def take(stock: SocketStock, count: int) -> None:
        taken.extend(await stock.take(count))

    async with launcher.listening(recorder.break_off):
        with SocketStock(launcher) as stock:
            async with anyio.create_task_group() as visitors:
                for count in (1, 5, SPARE + 1, 1, 40, 2, 1):
                    visitors.start_soon(take, stock, count)
    numbers = [one.fileno() for one in taken]
    assert len(numbers) == len(set(numbers)) == 83
    for one in taken:
        one.close()


async def test_what_is_left_in_the_store_is_closed(launcher: Launcher, recorder: Recorder) -> None:
    async with launcher.listening(recorder.break_off):
        with SocketStock(launcher) as stock:
            (taken,) = await stock.take(1)
            left = list(stock._stock)
    assert len(left) == SPARE
    assert all(one.fileno() == -1 for one in left)
    assert taken.fileno() != -1
    taken.close()
