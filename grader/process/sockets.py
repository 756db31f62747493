"""Sockets for visitors, of the machine's own network or of the one that a sandboxed solution lives in; and named ports
for people.
"""

import errno
import socket
from collections import deque
from types import TracebackType
from typing import Protocol, Self

import anyio

from grader.errors import HarnessError, PortInUse
from grader.process.launcher import Launcher

SPARE = 32
"""So many are asked for beyond what is needed now: visitors that come one by one then wait for the launcher only now
and then.
"""


LOOPBACK = "127.0.0.1"
BACKLOG = 2048
PORTS_TRIED = 100


def listening_at(port: int) -> socket.socket:
    """A socket that listens on just this port of the loopback.

    Raises:
        PortInUse: it is taken, or not this user's to take.
    """
    try:
        return socket.create_server((LOOPBACK, port), backlog=BACKLOG)
    except OSError as error:
        why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be had: {error.strerror}"
        raise PortInUse(
            f"Port {port} {why}.",
            "Name another one with --port, or none: then the next free one is taken.",
        ) from error


def listening_near(port: int) -> socket.socket:
    """A socket that listens on this port of the loopback, or on the next free one.

    Raises:
        HarnessError: none of the next hundred is free.
    """
    for candidate in range(port, min(port + PORTS_TRIED, 65536)):
        try:
            return listening_at(candidate)
        except PortInUse:
            continue
    raise HarnessError(
        f"No port from {port} on is free.", "Close other programs, or name a port with --port."
    )


class Sockets(Protocol):
    """Where visitors get their sockets from."""

    async def take(self, count: int) -> list[socket.socket]:
        """So many unconnected TCP sockets, which are the caller's from now on."""


class OwnSockets:
    """Sockets of the network that the grader itself lives in."""

    async def take(self, count: int) -> list[socket.socket]:
        """So many new ones."""
        return [socket.socket() for _ in range(count)]


class MarkedSockets:
    """Sockets of the grader's own network whose ports are known: so its requests are told from other visitors'.

    Args:
        remembered: how many of the last ports are known.
    """

    def __init__(self, remembered: int) -> None:
        self.ports: deque[int] = deque(maxlen=remembered)

    async def take(self, count: int) -> list[socket.socket]:
        """So many new ones, each bound to a port of its own."""
        made = [socket.socket() for _ in range(count)]
        for one in made:
            one.bind((LOOPBACK, 0))
            self.ports.append(one.getsockname()[1])
        return made


class SocketStock:
    """Sockets that the launcher makes, some kept in store.

    Args:
        launcher: makes them, in the solution's network.
        stock: what is in store to begin with.
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
        for one in self._stock:
            one.close()
        self._stock.clear()

    async def take(self, count: int) -> list[socket.socket]:
        """So many, from the store or made now.

        Raises:
            HarnessError: the launcher has ended.
        """
        # One after another: so visitors are served in the order in which they came, and only one of them asks for more.
        async with self._asking:
            if count > len(self._stock):
                self._stock += await self._launcher.sockets(plain=count - len(self._stock) + SPARE)
            taken, self._stock = self._stock[:count], self._stock[count:]
        return taken
