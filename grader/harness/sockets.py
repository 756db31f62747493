"""Sockets for visitors: of the machine's own network, or of the one that a sandboxed solution lives in."""

import socket
from types import TracebackType
from typing import Protocol, Self

import anyio

from grader.harness.launcher import Launcher

SPARE = 32
"""So many are asked for beyond what is needed now: visitors that come one by one then wait for the launcher only now and then."""


class Sockets(Protocol):
    """Where visitors get their sockets from."""

    async def take(self, count: int) -> list[socket.socket]:
        """So many unconnected TCP sockets, which are the caller's from now on."""


class OwnSockets:
    """Sockets of the network that the grader itself lives in."""

    async def take(self, count: int) -> list[socket.socket]:
        """So many new ones."""
        return [socket.socket() for _ in range(count)]


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

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
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
