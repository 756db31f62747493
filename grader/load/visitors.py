"""Visitors of one server: they come alone, together, at a rate or on any other schedule."""

import contextlib
import itertools
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import anyio.abc

from grader.judge.rule import PATIENCE_SHARE
from grader.load.answers import Answer, Crowd, Lingering, Pending
from grader.load.connection import Address, Request
from grader.load.engine import Engine, PlannedLoad
from grader.load.shapes import Schedule, Sending, at_once, at_rate
from grader.measure.attempt import AttemptContext
from grader.measure.gates import DEADLINE_S, default_deadline_s
from grader.process.sockets import OwnSockets, Sockets

SETTLE_LOOKS = 10
"""How many requests `settle` sends. Each answer takes several turns of the server's event loop, and of the grader's."""


class Visitors:
    """Sends requests to one server and records each exchange; base of the `server` fixture.

    Args:
        addresses: host and port of each server process; visitors are dealt out to them in turn, so that each worker's
            share is not left to chance (docs/decisions/0003-a-socket-for-each-worker.md).
        attempt: records exchanges and bursts.
        tasks: task group in which pending requests run.
        sockets: supplies the visitors' sockets; by default, new ones in this process' network.
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

    async def get(self, path: str, **options: Any) -> Answer:
        """`request` with GET."""
        return await self.request("GET", path, **options)

    async def post(self, path: str, json: object = None, **options: Any) -> Answer:
        """`request` with POST."""
        return await self.request("POST", path, json=json, **options)

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        headers: Mapping[str, str] | None = None,
        give_up_s: float = DEADLINE_S,
        patience_s: float | None = None,
        leave_after_s: float | None = None,
        read_bytes_per_s: float | None = None,
    ) -> Answer:
        """Send one request and wait for its end. Arguments as for `start`.

        Never raises for anything that the server does: see `Answer.exchange`.
        """
        return await self.start(
            method,
            path,
            json=json,
            headers=headers,
            give_up_s=give_up_s,
            patience_s=patience_s,
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
        give_up_s: float = DEADLINE_S,
        patience_s: float | None = None,
        leave_after_s: float | None = None,
        read_bytes_per_s: float | None = None,
    ) -> Pending:
        """Send one request and return at once; await the result for its answer.

        Args:
            method: HTTP method.
            path: with query, if any.
            json: body, sent as JSON.
            headers: further headers.
            give_up_s: when the visitor stops waiting in any case.
            patience_s: when the visitor stops waiting if so much of the time was certainly the app's own; a third of
                `give_up_s` by default, less in haste. Must be above what the task grants: a timer set to exactly that
                is in time.
            leave_after_s: when the visitor leaves on purpose, seconds after sending.
            read_bytes_per_s: how fast the visitor reads; None for as fast as data comes.
        """
        if patience_s is None:
            patience_s = PATIENCE_SHARE * give_up_s * self.attempt.haste
        return self._begin(
            Request(method, path, json, headers),
            Sending(leave_after_s=leave_after_s, read_bytes_per_s=read_bytes_per_s),
            give_up_s,
            patience_s,
        )

    def _begin(
        self, request: Request, sending: Sending, give_up_s: float, patience_s: float
    ) -> Pending:
        visit = self._engine.visit(sending, patience_s)

        async def ask() -> Answer:
            return await self._engine.send_one(visit, sending, request, give_up_s)

        pending = Pending(visit, self.attempt, f"{request.method} {request.path}", ask)
        self._tasks.start_soon(pending.run)
        return pending

    @contextlib.asynccontextmanager
    async def lingering(self) -> AsyncIterator[Lingering]:
        """Meanwhile a visitor is connected and requests nothing: it sees from outside that a server begins to shut
        down.
        """
        visit = self._engine.visit(Sending(), PATIENCE_SHARE * DEADLINE_S)
        await self._engine.connect(visit)
        try:
            yield Lingering(visit, self.attempt)
        finally:
            visit.leave()

    async def settle(self, path: str, *, give_up_s: float = DEADLINE_S) -> Answer:
        """Wait until the server has begun whatever visitors have sent before: requests a cheap path 10 times in a row.

        Goes by the server's own steps and not by the clock, so a busy machine does not matter. Returns the last
        answer, or the first one without a status.

        Args:
            path: of a route that the event loop answers alone, such as `/health`.
            give_up_s: when each of these visitors stops waiting.
        """
        answer = await self.get(path, give_up_s=give_up_s)
        for _ in range(SETTLE_LOOKS - 1):
            if answer.status is None:
                break
            answer = await self.get(path, give_up_s=give_up_s)
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
        give_up_s: float | None = None,
        cut_off_s: float | None = None,
    ) -> Crowd:
        """Send `count` requests at the same moment, each on its own connection, opened before.

        Args:
            method: HTTP method.
            path: `{n}` in it stands for each visitor's own number; several paths are taken in turn.
            count: how many visitors.
            numbers: their numbers; unpredictable distinct ones by default.
            json: body of each, or a function that makes it from the visitor's number.
            headers: further headers.
            give_up_s: when visitors stop waiting; 3 s, or 5 s for more than 20.
            cut_off_s: the limit of a `within` that follows: the rest is not waited for once the limit has passed and
                that is certainly the code's own doing. Makes failing fast.
        """
        return await self.send(
            method, path, at_once(count, numbers), json=json, headers=headers,
            give_up_s=give_up_s, cut_off_s=cut_off_s,
        )  # fmt: skip

    async def steady(
        self,
        method: str,
        path: str,
        *,
        rate_per_s: float,
        duration_s: float,
        headers: Mapping[str, str] | None = None,
        give_up_s: float = DEADLINE_S,
        cut_off_s: float | None = None,
    ) -> Crowd:
        """Send requests at a fixed rate, however slowly they are answered (an open loop).

        Latencies count from the planned moment, so a server that stalls cannot slow its own load down and hide the
        stall (coordinated omission). `cut_off_s` is as for `burst`, but for an `each_within`.
        """
        schedule = at_rate(rate_per_s, duration_s)
        return await self.send(
            method, path, schedule, headers=headers, give_up_s=give_up_s, cut_off_s=cut_off_s
        )

    async def send(
        self,
        method: str,
        path: str | Sequence[str],
        schedule: Schedule,
        *,
        json: object | Callable[[int], object] = None,
        headers: Mapping[str, str] | None = None,
        give_up_s: float | None = None,
        cut_off_s: float | None = None,
    ) -> Crowd:
        """Send the requests of any schedule. Arguments as for `burst`, which is one such schedule, as is `steady`.

        Latencies count from the planned moments. A sending that came late, because the grader was kept from its work,
        is seen in the evidence.
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
        give_up_s = give_up_s or default_deadline_s(len(requests))
        return await self._engine.send(PlannedLoad(schedule, requests, give_up_s, cut_off_s))
