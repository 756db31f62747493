"""Visitors of one server: alone, together, at a rate or on any other schedule."""

import contextlib
import itertools
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any

import anyio
import anyio.abc

from grader.load.answers import Answer, Crowd, Lingering, Pending
from grader.load.attendance import Attendance
from grader.load.connection import Address, Request
from grader.load.engine import Engine
from grader.load.planned import PlannedLoad
from grader.load.quiet import until_quiet
from grader.load.shapes import Schedule, Sending, at_once, at_rate
from grader.measure.attempt import AttemptContext
from grader.measure.stillness import spent_s
from grader.measure.timing import WatchStart
from grader.process.sockets import OwnSockets, Sockets

SETTLE_REQUESTS = 10
"""How many requests `settle` sends at most. Each takes several turns of the server's event loop and of the grader's."""

SETTLE_S = 0.2
"""The own time after which two requests are enough: an app that waits before each answer has had many turns."""


class Visitors:
    """Sends requests to one server and records each exchange; base of the `server` fixture.

    Args:
        addresses: host and port of each server process. Visitors use them in turn, so that every worker gets the same
            share (docs/decisions/0003-a-socket-for-each-worker.md).
        attempt: records exchanges and bursts.
        tasks: task group in which pending requests run.
        sockets: supplies the visitors' sockets; by default, new ones in this process's network.

    Attributes:
        attendance: who came, and at whose answers nobody has looked.
    """

    def __init__(
        self,
        addresses: Sequence[Address],
        attempt: AttemptContext,
        tasks: anyio.abc.TaskGroup,
        sockets: Sockets | None = None,
    ) -> None:
        self.addresses = tuple(addresses)
        self.attempt = attempt
        self._engine = Engine(self.addresses, attempt, sockets or OwnSockets())
        self._tasks = tasks
        self.attendance = Attendance(attempt.recorder)

    async def quiet(self, for_s: float | None = None, within_s: float | None = None) -> None:
        """Wait until no visitor and no call to any service is under way, and none has begun for a while.

        Counts are read afterwards: "exactly once" is proved only when a second call has had the time to come.

        Args:
            for_s: how long nothing new may begin, in the app's own time; `default_s` by default.
            within_s: within what time whatever is under way must end; `default_s` by default.

        Raises:
            GateMissed: something did not end, or new calls came again and again.
        """
        await until_quiet(self.attempt, self.attendance, for_s, within_s)

    async def get(self, path: str, **options: Any) -> Answer:
        """Send a GET request; see `request`."""
        return await self.request("GET", path, **options)

    async def post(self, path: str, json: object = None, **options: Any) -> Answer:
        """Send a POST request; see `request`."""
        return await self.request("POST", path, json=json, **options)

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        headers: Mapping[str, str] | None = None,
        within_s: float | None = None,
        leave_after_s: float | None = None,
        read_bytes_per_s: float | None = None,
    ) -> Answer:
        """Send one request and wait for its answer. Arguments as for `start`.

        Raises nothing, whatever the server does; `Answer.exchange` has the error.
        """
        return await self.start(
            method,
            path,
            json=json,
            headers=headers,
            within_s=within_s,
            leave_after_s=leave_after_s,
            read_bytes_per_s=read_bytes_per_s,
        )

    def start(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        headers: Mapping[str, str] | None = None,
        within_s: float | None = None,
        leave_after_s: float | None = None,
        read_bytes_per_s: float | None = None,
        body_later: bool = False,
    ) -> Pending:
        """Send one request and return at once; await the result to get the answer.

        Args:
            method: HTTP method.
            path: with the query, if any.
            json: the body, sent as JSON.
            headers: additional headers.
            within_s: what the README promises for the answer; by default the kata's `default_s`. The visitor gives up
                once the app's own time exceeds 1.25 times this, counted from the moment at which the check awaits
                the answer: time in which the check itself holds a call does not count. If the check makes a service
                slow on purpose, add that time.
            leave_after_s: when the visitor leaves on purpose, in seconds after sending.
            read_bytes_per_s: how fast the visitor reads; None to read data as it arrives.
            body_later: send the body only when `Pending.send_body` is called; until then the request is under way.

        Raises:
            h11.LocalProtocolError, TypeError, ValueError: the request cannot be sent.
        """
        return self._begin(
            Request(method, path, json, headers, body_later=body_later),
            Sending(leave_after_s=leave_after_s, read_bytes_per_s=read_bytes_per_s),
            self.attempt.patience_s(within_s),
        )

    def _begin(self, request: Request, sending: Sending, patience_s: float) -> Pending:
        # Here and not in the background: what is wrong with the request is then a fault of the check's own line.
        message = self._engine.message(request)
        visit = self._engine.visit(sending, patience_s)

        async def ask(awaited: anyio.Event) -> Answer:
            try:
                return await self._engine.send_one(visit, sending, request, message, awaited)
            finally:
                self.attendance.changed.set()

        leaves = sending.leave_after_s is not None
        pending = Pending(visit, self.attempt, f"{request.method} {request.path}", ask, leaves)
        self.attendance.add(pending)
        self._tasks.start_soon(pending.run)
        return pending

    @contextlib.asynccontextmanager
    async def lingering(self) -> AsyncIterator[Lingering]:
        """For the length of this block, an idle visitor is connected, which sees from outside when the server begins to
        shut down.
        """
        visit = self._engine.visit(Sending(), self.attempt.patience_s())
        await self._engine.connect(visit)
        try:
            yield Lingering(visit, self.attempt)
        finally:
            visit.leave()

    async def answers(self, visitors: Iterable[Pending]) -> list[Answer]:
        """The answers to visitors who all wait from now on, so that none gets more time because another took some.

        Args:
            visitors: as returned by `start`.
        """
        waiting = list(visitors)
        for visitor in waiting:
            visitor.begin_patience()
        return [await visitor for visitor in waiting]

    def now(self) -> WatchStart:
        """This moment, for the `since` of gates."""
        return self.attempt.watcher.open()

    async def settle(self, path: str, *, within_s: float | None = None) -> Answer:
        """Wait until the server has begun to handle all earlier requests: requests a cheap path 10 times in a row.

        This counts turns of the server's event loop instead of seconds, so a busy machine does not matter. If the app
        is slow to answer, two requests are enough. Returns the last answer, or the first one without a status.

        Args:
            path: of a route that needs only the event loop, such as `/health`.
            within_s: as for `start`, for each answer.
        """
        opening = self.attempt.watcher.open()
        for number in range(SETTLE_REQUESTS):
            visitor = self.start("GET", path, within_s=within_s)
            visitor.excuse()
            answer = await visitor
            if answer.status is None or (number and spent_s(self.attempt, opening) > SETTLE_S):
                break
        return answer

    async def burst(
        self,
        method: str,
        path: str | Sequence[str],
        *,
        count: int,
        numbers: Sequence[int] | None = None,
        json: object | Callable[[int], object] = None,
        headers: Mapping[str, str] | None = None,
        within_s: float | None = None,
        cut_off_s: float | None = None,
    ) -> Crowd:
        """Send `count` requests at the same moment, each on its own connection, which is already open.

        Args:
            method: HTTP method.
            path: `{n}` is replaced by each visitor's number; several paths are used in turn.
            count: how many visitors.
            numbers: their numbers; unpredictable distinct ones by default.
            json: the body, or a function that returns it for a visitor's number.
            headers: additional headers.
            within_s: what the README promises for each answer; by default the kata's `default_s`. Visitors give up
                once the app's own time since their planned request exceeds 1.25 times this.
            cut_off_s: the limit of the `within` that follows. Once the app's own time exceeds it, the grader stops
                waiting, so that a wrong app fails sooner.
        """
        return await self.send(
            method, path, at_once(count, numbers), json=json, headers=headers,
            within_s=within_s, cut_off_s=cut_off_s,
        )  # fmt: skip

    async def steady(
        self,
        method: str,
        path: str,
        *,
        rate_per_s: float,
        duration_s: float,
        headers: Mapping[str, str] | None = None,
        within_s: float | None = None,
        cut_off_s: float | None = None,
    ) -> Crowd:
        """Send requests at a fixed rate, however slow the answers are (an open loop).

        Latencies count from the planned times, so a server that stalls cannot slow down its own load and hide the stall
        (coordinated omission). `cut_off_s` is the limit of the `each_within` that follows.
        """
        schedule = at_rate(rate_per_s, duration_s)
        return await self.send(
            method, path, schedule, headers=headers, within_s=within_s, cut_off_s=cut_off_s
        )

    async def send(
        self,
        method: str,
        path: str | Sequence[str],
        schedule: Schedule,
        *,
        json: object | Callable[[int], object] = None,
        headers: Mapping[str, str] | None = None,
        within_s: float | None = None,
        cut_off_s: float | None = None,
    ) -> Crowd:
        """Send the requests of any schedule. Arguments as for `burst`.

        Latencies count from the planned times. The evidence shows requests that a busy grader sent late.
        """
        paths = itertools.cycle([path] if isinstance(path, str) else path)
        requests = [
            Request(
                method,
                next(paths).replace("{n}", str(n)),
                json(n) if callable(json) else json,
                headers,
                n,
            )
            for n in schedule.numbers(1000 + secrets.randbelow(900_000))
        ]
        return await self._send(PlannedLoad(schedule, requests, within_s, cut_off_s))

    async def _send(self, load: PlannedLoad) -> Crowd:
        """Send a load; visitors that are planned to leave need not be looked at."""
        with self.attendance.crowd(len(load.requests)):
            crowd = await self._engine.send(load)
        self.attendance.excuse(
            answer.exchange.id
            for sending, answer in zip(load.schedule.sendings, crowd, strict=True)
            if sending.leave_after_s is not None
        )
        return crowd
