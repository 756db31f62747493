"""Sockets for visitors, in the machine's or a sandbox's network, and listening sockets on ports that users choose."""

import errno
import socket
from collections import deque
from types import TracebackType
from typing import Protocol, Self

import anyio

from grader.errors import HarnessError, PortInUse
from grader.process.launcher import Launcher

SPARE = 32
"""How many spare sockets each request to the launcher includes, so that visitors rarely wait for it."""


LOOPBACK = "127.0.0.1"
BACKLOG = 2048
PORTS_TRIED = 100


def listening_at(port: int) -> socket.socket:
    """A socket that listens on exactly this port of the loopback.

    Raises:
        PortInUse: the port is in use, or this user may not use it.
    """
    try:
        return socket.create_server((LOOPBACK, port), backlog=BACKLOG)
    except OSError as error:
        why = (
            "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
        )
        raise PortInUse(
            f"Port {port} {why}.",
            "Choose another one with --port, or omit it to get the next free one.",
        ) from error


def listening_near(port: int) -> socket.socket:
    """A socket that listens on this port of the loopback, or on the next free one.

    Raises:
        HarnessError: none of `PORTS_TRIED` ports is free.
    """
    for candidate in range(port, min(port + PORTS_TRIED, 65536)):
        try:
            return listening_at(candidate)
        except PortInUse:
            continue
    raise HarnessError(
        f"No port from {port} on is free.", "Close other programs, or choose a port with --port."
    )


class Sockets(Protocol):
    """Supplies visitors with sockets."""

    async def take(self, count: int) -> list[socket.socket]:
        """Take `count` unconnected TCP sockets; the caller closes them."""


class OwnSockets:
    """New sockets in the grader's own network."""

    async def take(self, count: int) -> list[socket.socket]:
        """Make `count` sockets."""
        return [socket.socket() for _ in range(count)]


class MarkedSockets:
    """Sockets in the grader's own network whose ports are remembered, to tell the grader's requests from a person's.

    Args:
        remembered: how many of the latest ports to remember.
    """

    def __init__(self, remembered: int) -> None:
        self.ports: deque[int] = deque(maxlen=remembered)

    async def take(self, count: int) -> list[socket.socket]:
        """Make `count` sockets, each bound to its own port."""
        made = [socket.socket() for _ in range(count)]
        for sock in made:
            sock.bind((LOOPBACK, 0))
            self.ports.append(sock.getsockname()[1])
        return made


class SocketStock:
    """A stock of sockets in the solution's network, which the launcher makes.

    Args:
        launcher: makes the sockets.
        stock: the initial stock.
    """

    def __init__(self, launcher: Launcher, stock: list[socket.socket] | None = None) -> None:
        self._launcher = launcher
        self._stock = stock or []
        self._asking = anyio.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for sock in self._stock:
            sock.close()
        self._stock.clear()

    async def take(self, count: int) -> list[socket.socket]:
        """Take `count` sockets from the stock; the launcher makes missing ones.

        Raises:
            HarnessError: the launcher has exited.
        """
        # One at a time, so that visitors are served in order and only one of them asks the launcher.
        async with self._asking:
            if count > len(self._stock):
                self._stock += await self._launcher.sockets(plain=count - len(self._stock) + SPARE)
            taken, self._stock = self._stock[:count], self._stock[count:]
        return taken


async def listening_socket(launcher: Launcher) -> socket.socket:
    """A socket that listens on a free port of the solution's loopback.

    Raises:
        HarnessError: the launcher cannot make one.
    """
    (made,) = await launcher.sockets(listening=1)
    return no_delay(made)


def no_delay(listening: socket.socket) -> socket.socket:
    """Set TCP_NODELAY on a listening socket; accepted connections inherit it.

    Without it, the second part of an answer waits 40 ms for the peer's delayed acknowledgement. asyncio sets it only if
    `socket.proto` is TCP, but `create_server` leaves that at 0.
    """
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
