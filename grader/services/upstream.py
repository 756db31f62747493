"""The upstream: an HTTP service inside the grader, which a solution calls and checks steer call by call."""

import asyncio
import contextlib
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Collection
from typing import Protocol

from grader.measure.attempt import AttemptContext
from grader.measure.gates import pass_gate
from grader.services.service import Running, ServicePerCheck, Surroundings
from grader.services.upstream_calls import Behaviour, Call, CallBook, Hold
from grader.services.upstream_http import UpstreamConnection

__all__ = ["SERVICE", "Call", "Hold", "Upstream", "UpstreamService", "running_upstream"]


class Visitor(Protocol):
    """A visitor of the solution, as `server.start` returns it."""

    @property
    def served(self) -> bool:
        """Whether a whole answer has come."""


def all_served(visitors: Collection[Visitor]) -> bool:
    """Whether there are visitors and all of them have been answered."""
    return bool(visitors) and all(visitor.served for visitor in visitors)


class Upstream:
    """The fixture `upstream` of checks.

    By default each call is answered at once with `{"value": N}`, N unpredictable and different for each call.

    Args:
        book: the calls of this check.
        url: where it is served.

    Attributes:
        connections: those that the solution opened.
        url: what the solution gets as `UPSTREAM_URL`.
    """

    def __init__(self, book: CallBook, url: str = "") -> None:
        self.connections = book.connections
        self.url = url
        self._book = book

    def on(
        self,
        pattern: str,
        *,
        delay_s: float = 0.0,
        status: int = 200,
        json: object | Callable[[Call], object] = None,
        never: bool = False,
        drip_s: float | None = None,
        cut: bool = False,
        times: int | None = None,
    ) -> None:
        """Say how calls to matching paths are answered from now on; a later rule takes precedence over an earlier one.

        Args:
            pattern: of paths, with `*` as in file names.
            delay_s: how long to wait before answering.
            status: HTTP status of the answer.
            json: the body, or a function that makes it from the call; `{"value": call.value}` by default.
            never: keep the call open and do not answer.
            drip_s: send the body piece by piece over this time.
            cut: close the connection in the middle of the body.
            times: apply to this many calls only.
        """
        self._book.behaviours.append(
            Behaviour(pattern, delay_s, status, json, never, drip_s, cut, times)
        )

    @contextlib.asynccontextmanager
    async def hold(self, *patterns: str) -> AsyncIterator[Hold]:
        """Hold all calls to matching paths until `Hold.release` or the end of the block."""
        hold = Hold(self._book, patterns)
        self._book.holds.append(hold)
        try:
            yield hold
        finally:
            hold.release()
            self._book.holds.remove(hold)

    def calls(self, pattern: str = "*") -> list[Call]:
        """All calls so far to matching paths, in the order of their arrival."""
        return self._book.matching(pattern)

    def value(self, path: str) -> int:
        """The value that the last call to exactly this path was given.

        A path that was never called has a value, too: a random one.
        """
        calls = [call for call in self.calls() if call.path == path]
        return calls[-1].value if calls else secrets.randbelow(10**9)

    def peak(self, pattern: str = "*") -> int:
        """The largest number of calls to matching paths that were under way at the same time since the check began.

        A call that the solution gives up is under way until the grader sees its connection close, which may be after
        the next call has arrived. The number is therefore exact only if the solution gives up no call.
        """
        return self._book.peak(pattern)

    async def arrivals(
        self,
        pattern: str,
        count: int,
        deadline_s: float | None = None,
        unless: Collection[Visitor] = (),
    ) -> None:
        """Wait until this many calls to matching paths have arrived since the check began.

        Args:
            pattern: of paths.
            count: how many calls.
            deadline_s: when to give up; 3 s, or 5 s for more than 20.
            unless: visitors; once all of them have been answered, the gate opens, too. For solutions with deadlines of
                their own: on a busy machine such a deadline can pass before the call is made, and then the call never
                comes.

        Raises:
            GateMissed: they had not before the deadline.
        """

        def seen() -> int:
            return max(len(self.calls(pattern)), count if all_served(unless) else 0)

        book = self._book
        await pass_gate(book.attempt, f"calls to {pattern}", count, seen, book.changed, deadline_s)

    async def departures(
        self,
        pattern: str,
        count: int,
        deadline_s: float | None = None,
        patience_s: float | None = None,
        unless: Collection[Visitor] = (),
    ) -> None:
        """Wait until the solution has given up this many calls to matching paths (it closed their connections).

        Args:
            pattern: of paths.
            count: how many calls.
            deadline_s: when to give up in any case; 3 s, or 5 s for more than 20.
            patience_s: when to give up, in own time of the app.
            unless: visitors; once all of them have been answered, it is enough that the solution gave up all calls that
                came. See `arrivals`.

        Raises:
            GateMissed: they were not before the deadline.
        """

        def seen() -> int:
            calls = self.calls(pattern)
            departed = sum(call.left for call in calls)
            return max(departed, count if departed == len(calls) and all_served(unless) else 0)

        what, book = f"calls to {pattern} given up by the app", self._book
        await pass_gate(book.attempt, what, count, seen, book.changed, deadline_s, patience_s)

    def take_stock(self) -> str:
        """How many calls came since the last time, and how many at once; forgets those that have ended."""
        book = self._book
        seen = f"{len(book.calls)} calls, {self.peak()} at once"
        book.calls = [call for call in book.calls if call.open]
        return seen


@contextlib.asynccontextmanager
async def running_upstream(
    listening: socket.socket, attempt: AttemptContext
) -> AsyncIterator[Upstream]:
    """Serve the upstream on this socket for one check."""
    book, connected = CallBook(attempt), set[UpstreamConnection]()
    upstream = Upstream(book, "http://{}:{}".format(*listening.getsockname()))
    server = await asyncio.get_running_loop().create_server(
        lambda: UpstreamConnection(book, connected), sock=listening
    )
    try:
        yield upstream
    finally:
        server.close()
        for connection in list(connected):
            connection.abort()


class UpstreamService(ServicePerCheck):
    """The upstream as a service of katas."""

    name = "upstream"
    title = "Upstream"

    @contextlib.asynccontextmanager
    async def run(self, surroundings: Surroundings) -> AsyncIterator[Running]:
        """Serve it for one check, on a socket of its own."""
        with await surroundings.listen() as listening:
            async with running_upstream(listening, surroundings.attempt) as upstream:
                yield Running(
                    upstream, upstream.url, {"UPSTREAM_URL": upstream.url}, upstream.take_stock
                )


SERVICE = UpstreamService()
