"""Sockets for visitors: of the machine's own network, or of the one that a sandboxed solution lives in."""

import socket
from types import TracebackType
from typing import Protocol, Self

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
        while count > len(self._stock):
            # Others may take from the store meanwhile: what comes is added to what is there then.
            made = await self._launcher.sockets(plain=count - len(self._stock) + SPARE)
            self._stock.extend(made)
        taken = self._stock[:count]
        del self._stock[:count]
        return taken
