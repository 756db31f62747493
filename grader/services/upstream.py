"""The upstream: an HTTP service inside the grader. Solutions call it; checks control its answer to each call."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Collection, Sequence

from grader.measure.attempt import AttemptContext
from grader.measure.gates import pass_gate
from grader.measure.timing import WatchStart
from grader.services.service import CheckContext, Running, ServicePerCheck
from grader.services.sweeps.case import Case, Kind, V
from grader.services.sweeps.sweep import Again, Others, Sweep
from grader.services.upstream_asked import Asked
from grader.services.upstream_calls import Behaviour, Call, CallBook, Hold
from grader.services.upstream_http import UpstreamConnection
from grader.services.upstream_wanted import (
    Visitor,
    WantedCalls,
    all_served,
    call_name,
    claim_arrivals,
    listed,
    slots_of,
)

__all__ = [
    "SERVICE",
    "Asked",
    "Call",
    "Case",
    "Hold",
    "Upstream",
    "UpstreamService",
    "running_upstream",
]


class Upstream:
    """The fixture `upstream` of checks.

    By default each call is answered at once with `{"value": N}`, where N is unpredictable and differs between calls.

    Args:
        book: the calls of this check.
        url: where it is served.

    Attributes:
        connections: opened by the solution.
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
        close: bool = False,
        times: int | None = None,
    ) -> None:
        """Set how calls to matching paths are answered from now on; later rules take precedence.

        Args:
            pattern: of paths, with `*` as in file names.
            delay_s: how long to wait before answering.
            status: HTTP status of the answer.
            json: the body, or a function from the call to the body; `{"value": call.value}` by default. Solutions may
                make any call, so the function must have an answer to each: if it raises, the kata is broken.
            never: keep the call open and do not answer.
            drip_s: send the body piece by piece over this time.
            cut: close the connection in the middle of the body.
            close: close the connection without any answer. On a kept connection some clients then repeat a GET.
            times: apply to at most this many calls.

        Raises:
            TypeError: the body is not JSON.
            ValueError: no answer can have this status and a body, or a number of seconds is negative.
        """
        self._book.behaviours.append(
            Behaviour(pattern, delay_s, status, json, never, drip_s, cut, times, close)
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

    def peak(self, pattern: str = "*") -> int:
        """The largest number of calls to matching paths that were under way at the same time, since the check began.

        It is exact only if the solution gives up no call: until the grader sees that connection close, which may be
        after the next call has arrived, the call counts as under way.
        """
        return self._book.peak(pattern)

    @property
    def surplus(self) -> list[Call]:
        """The calls so far that no wanted call matched, in the order of their arrival."""
        return [call for call in self._book.calls if not call.claimed]

    def since(self) -> Asked:
        """The calls from now on."""
        return Asked(self._book)

    async def arrivals(
        self,
        wanted: WantedCalls | str,
        count: int = 1,
        within_s: float | None = None,
        unless: Collection[Visitor] = (),
    ) -> list[Call]:
        """Wait until these calls have arrived, also before now, and return them in the order of `wanted`.

        Args:
            wanted: exactly these calls: a count or a list of JSON bodies for each `[METHOD ]PATH[?QUERY]`. Without a
                method any counts. Each call is returned once, earlier ones first; others stay in `surplus`. Or a
                pattern of paths, to which `count` calls must have arrived since the check began.
            count: of calls that match the pattern.
            within_s: what the README promises; `default_s` by default.
            unless: visitors; the gate also opens once all of them have been answered. Needed for solutions that set
                deadlines: on a busy machine a deadline can pass before the call is made, and the call is then never
                made.

        Raises:
            GateMissed: calls were missing.
            ValueError: `wanted` is wrong.
        """
        book = self._book
        if isinstance(wanted, str):
            return await self._count(wanted, count, within_s, unless)
        return await claim_arrivals(
            book.attempt, book.changed, slots_of(wanted), lambda: book.calls,
            is_enough=lambda: all_served(unless), within_s=within_s,
        )  # fmt: skip

    async def _count(
        self, pattern: str, count: int, within_s: float | None, unless: Collection[Visitor]
    ) -> list[Call]:
        def seen() -> int:
            return max(len(self.calls(pattern)), count if all_served(unless) else 0)

        book, what = self._book, f"calls to {pattern}"
        await pass_gate(book.attempt, what, count, seen, book.changed, within_s=within_s)
        return self.calls(pattern)

    async def given_up(
        self,
        calls: Sequence[Call],
        since: WatchStart | None = None,
        within_s: float | None = None,
    ) -> None:
        """Wait until the solution has given up all these calls: it closed their connections before they were answered.

        Args:
            calls: as `arrivals` returned them.
            since: when the time begins, as `server.now`, `Hold.release` or `Case.strike` returned it; now by default.
            within_s: what the README promises; `default_s` by default.

        Raises:
            GateMissed: some were not given up.
        """
        if not calls:
            return

        def what() -> str:
            kept = listed(call_name(call) for call in calls if not call.left)
            return f"calls given up by the app{f' (not: {kept})' if kept else ''}"

        book = self._book
        await pass_gate(
            book.attempt, what, len(calls), lambda: sum(call.left for call in calls),
            book.changed, within_s=within_s, since=since,
        )  # fmt: skip

    def sweep(
        self,
        visit: Callable[[int], V],
        calls: Callable[[int], WantedCalls | Sequence[WantedCalls]],
        how: Sequence[Kind] = ("status", "cut"),
        others: Sequence[Others] = ("silent", "answered"),
        *,
        again: Again | None = None,
        how_long_s: float | None = None,
        within_s: float | None = None,
        at_once: int | None = None,
        twin: bool = True,
    ) -> AsyncIterator[Case[V]]:
        """Let each call of a visit fail in each way, for a visitor of its own: `async for case in upstream.sweep(…)`.

        The body strikes and states what follows. Before the first case, and with each case's key after its body, a
        visit must succeed: each call is made anew. The page of the check API explains sweeps.

        Args:
            visit: starts the visitor of this key, an unpredictable number, and returns it.
            calls: the wanted calls of a visit by its key; a list of stages if some calls follow answers to others.
            how: kinds of failure; "silent" and "slow" need `how_long_s`, the time that a service may take.
            others: what becomes of the visitor's other calls before.
            again: states what the answer to a good visit must be; status 200 by default.
            within_s: what the README promises for the calls of a visit; `default_s` by default.
            at_once: how many cases are under way side by side; as many as a visit has calls by default.
            twin: a second visitor of the same key must be served while the first one's call is held.
        """
        sweep = Sweep(self._book, visit, calls, again, how_long_s, within_s, at_once, twin)
        return sweep.cases(how, others)

    async def departures(
        self,
        pattern: str,
        count: int,
        within_s: float | None = None,
        unless: Collection[Visitor] = (),
    ) -> None:
        """Wait until the solution has given up this many calls to matching paths (it closed their connections).

        Args:
            pattern: of paths.
            count: how many calls.
            within_s: what the README promises; by default the kata's `default_s`.
            unless: visitors; once all of them have been answered, the gate also opens when the solution has given up
                every call that arrived. See `arrivals`.

        Raises:
            GateMissed: too few calls were given up within the promised time.
        """

        def seen() -> int:
            calls = self.calls(pattern)
            departed = sum(call.left for call in calls)
            return max(departed, count if departed == len(calls) and all_served(unless) else 0)

        what, book = f"calls to {pattern} given up by the app", self._book
        await pass_gate(book.attempt, what, count, seen, book.changed, within_s=within_s)

    def take_stock(self) -> str:
        """How many calls arrived since the previous summary, and how many at once; forgets finished calls."""
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
    async def run(self, context: CheckContext) -> AsyncIterator[Running]:
        """Serve the upstream for one check."""
        with await context.listen() as listening:
            async with running_upstream(listening, context.attempt) as upstream:
                yield Running(
                    upstream, upstream.url, {"UPSTREAM_URL": upstream.url}, upstream.take_stock
                )


SERVICE = UpstreamService()
