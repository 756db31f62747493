"""The engine behind all load shapes: sends the requests of a schedule and waits for the answers."""

import contextlib
import itertools
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import anyio

from grader.evidence.machine import Watch
from grader.evidence.traffic import Burst, Exchange, ExchangeError
from grader.judge.witnesses import is_own_doing
from grader.load.answers import Answer, Crowd
from grader.load.connection import Address, Message, Request, Visit
from grader.load.planned import PlannedLoad, Visitor
from grader.load.shapes import Sending
from grader.measure.attempt import AttemptContext
from grader.measure.gates import Signal, deadline_for, wait_for
from grader.measure.timing import WatchStart
from grader.process.sockets import Sockets

CUT_POLL_S = 0.02
"""Polling interval of own time, once a schedule may have missed its limit."""


class Engine:
    """Sends requests to one server and records each exchange.

    Args:
        addresses: host and port of each server process; connections use them in turn.
        attempt: measures own time and records the exchanges.
        sockets: supplies unconnected sockets.
    """

    def __init__(
        self, addresses: Sequence[Address], attempt: AttemptContext, sockets: Sockets
    ) -> None:
        self._host = addresses[0]
        self._next_address = itertools.cycle(addresses)
        self._attempt = attempt
        self._sockets = sockets

    def visit(self, sending: Sending, patience_s: float) -> Visit:
        """A new visit, not connected yet."""
        return Visit(self._attempt.clock, patience_s, sending.read_bytes_per_s)

    async def connect(self, visit: Visit) -> None:
        """Open a visit's connection without sending anything."""
        (connection,) = await self._sockets.take(1)
        await visit.connect(connection, next(self._next_address))

    def message(self, request: Request) -> Message:
        """A request as it is sent to this server; raises what `Request.message` raises."""
        return request.message(self._host)

    async def send_one(
        self,
        visit: Visit,
        sending: Sending,
        request: Request,
        message: Message,
        awaited: anyio.Event,
    ) -> Answer:
        """Send one request now and wait for the end of its visit.

        The visitor's patience counts from the moment at which the check awaits the answer. Until then the check may
        itself be the reason why there is none, because it holds a call.

        Args:
            visit: not connected yet.
            sending: what the visitor does; its offset and number are ignored.
            request: the request.
            message: the request as it is sent.
            awaited: set when the check awaits the answer.
        """
        (connection,) = await self._sockets.take(1)
        visitor = Visitor(sending, request, message, visit, connection)
        sent = self._attempt.watcher.open()
        planned_s = self._attempt.clock.now()
        try:
            if await self._connect(visitor):
                visitor.send()
            waiting = await self._until_awaited(visit, awaited, sent)
            await self._end(visitor, waiting, deadline_for(visit.patience_s))
        finally:  # a cancelled visitor leaves no connection open
            visit.leave()
        exchange = self._record(visitor, planned_s)
        opening = waiting if exchange.error is ExchangeError.TIMED_OUT else sent
        return self._answer(visit, exchange, self._attempt.watcher.close(opening))

    async def _until_awaited(
        self, visit: Visit, awaited: anyio.Event, opening: WatchStart
    ) -> WatchStart:
        """Wait until the visit is over or the check awaits its answer. The watch of an answer that never came must not
        begin earlier.
        """
        if visit.is_over or awaited.is_set():
            return opening
        async with anyio.create_task_group() as either:

            async def end_with(wait: Callable[[], Awaitable[None]]) -> None:
                await wait()
                either.cancel_scope.cancel()

            either.start_soon(end_with, visit.ended.wait)
            either.start_soon(end_with, awaited.wait)
        return opening if visit.is_over else self._attempt.watcher.open()

    async def send(self, load: PlannedLoad) -> Crowd:
        """Send a whole schedule and wait for the end of all visits.

        If interrupted, it records the visits that are over and closes all connections.
        """
        visitors = await self._take_sockets(load)
        try:
            if load.schedule.connected_first:
                await self._connect_all(visitors)
            return await self._run(load, visitors)
        finally:
            for visitor in visitors:
                visitor.visit.abandon(visitor.connection)

    async def _run(self, load: PlannedLoad, visitors: Sequence[Visitor]) -> Crowd:
        opening = self._attempt.watcher.open()
        begin_s = self._attempt.clock.now()
        try:
            await self._follow(load, visitors, opening, begin_s)
        except BaseException:
            self._record_all([v for v in visitors if v.visit.is_over], begin_s)
            raise
        return self._crowd(load, visitors, begin_s, self._attempt.watcher.close(opening))

    async def _follow(
        self, load: PlannedLoad, visitors: Sequence[Visitor], opening: WatchStart, begin_s: float
    ) -> None:
        """Let each visitor send at its planned time, and wait until all visits are over."""
        # Visitors without an offset send right here, with no turn of the event loop between them, so their requests
        # overlap.
        connected_first = load.schedule.connected_first
        first = [v for v in visitors if connected_first and not v.sending.offset_s]
        for visitor in first:
            if not visitor.visit.is_over:
                visitor.send()
        async with (
            self._cutting(visitors, opening, load.cut_off_s),
            anyio.create_task_group() as coming,
        ):
            for visitor in visitors:
                if visitor.sending.offset_s or not connected_first:
                    coming.start_soon(self._come, visitor, load, opening, begin_s)
            for visitor in first:
                await self._end(visitor, opening, self._left_s(visitor, load, begin_s))

    async def _take_sockets(self, load: PlannedLoad) -> list[Visitor]:
        """Encode the requests and take sockets now, so that the watch does not include it."""
        messages = [self.message(request) for request in load.requests]
        sockets = await self._sockets.take(len(messages))
        # Own time counts from the beginning of the schedule; at most `offset_s` of it precedes a visitor.
        patience_s = self._attempt.patience_s(load.within_s)
        return [
            Visitor(
                sending,
                request,
                message,
                self.visit(sending, patience_s + sending.offset_s),
                connection,
            )
            for sending, request, message, connection in zip(
                load.schedule.sendings, load.requests, messages, sockets, strict=True
            )
        ]

    async def _connect_all(self, visitors: Sequence[Visitor]) -> None:
        async with anyio.create_task_group() as connecting:
            for visitor in visitors:
                connecting.start_soon(self._connect, visitor)

    async def _come(
        self, visitor: Visitor, load: PlannedLoad, opening: WatchStart, begin_s: float
    ) -> None:
        """Send at the planned time; latency counts from then, even if this task wakes up late."""
        planned_s = begin_s + visitor.sending.offset_s
        await anyio.sleep(max(0.0, planned_s - self._attempt.clock.now()))
        if not load.schedule.connected_first:
            await self._connect(visitor)
        if not visitor.visit.is_over:
            visitor.send()
        await self._end(visitor, opening, self._left_s(visitor, load, begin_s))

    def _left_s(self, visitor: Visitor, load: PlannedLoad, begin_s: float) -> float:
        """How much of the deadline of a visitor in a schedule is left, in seconds."""
        ends_s = begin_s + deadline_for(visitor.visit.patience_s, len(load.requests))
        return max(0.0, ends_s - self._attempt.clock.now())

    async def _connect(self, visitor: Visitor) -> bool:
        return await visitor.visit.connect(visitor.connection, next(self._next_address))

    async def _end(self, visitor: Visitor, opening: WatchStart, deadline_s: float) -> None:
        """Wait until the visit is over, `deadline_s` seconds have passed, or the visitor's patience is exhausted."""
        visit = visitor.visit
        await wait_for(
            self._attempt,
            lambda: visit.is_over,
            visit.ended,
            opening=opening,
            deadline_s=deadline_s,
            patience_s=visit.patience_s,
        )
        if not visit.is_over:
            visit.watch = self._attempt.watcher.close(opening)
            visit.finish(ExchangeError.TIMED_OUT)

    @contextlib.asynccontextmanager
    async def _cutting(
        self, visitors: Sequence[Visitor], opening: WatchStart, limit_s: float | None
    ) -> AsyncIterator[None]:
        """For the length of this block, end visits that have certainly missed their limit."""
        async with anyio.create_task_group() as tasks:
            if limit_s is not None and self._attempt.cuts_off:
                tasks.start_soon(self._cut, visitors, opening, limit_s)
            yield
            tasks.cancel_scope.cancel()

    async def _cut(self, visitors: Sequence[Visitor], opening: WatchStart, limit_s: float) -> None:
        while True:
            watch = await wait_for(
                self._attempt,
                lambda: False,
                Signal(),
                opening=opening,
                deadline_s=math.inf,
                patience_s=limit_s,
                poll_s=CUT_POLL_S,
            )
            for visitor in visitors:
                if watch is not None and self._is_certainly_late(visitor, watch, limit_s):
                    visitor.visit.finish(ExchangeError.CUT_OFF)

    def _is_certainly_late(self, visitor: Visitor, watch: Watch, limit_s: float) -> bool:
        """Whether a visitor has waited longer than the limit and the code itself caused that. Own time counts from the
        beginning of the schedule; at most the visitor's offset of it precedes the visitor.
        """
        sent_s = visitor.visit.sent_s
        is_late = sent_s is not None and self._attempt.clock.now() - sent_s > limit_s
        return is_late and is_own_doing(watch, limit_s + visitor.sending.offset_s)

    def _record_all(self, visitors: Sequence[Visitor], begin_s: float) -> list[Exchange]:
        return [self._record(visitor, begin_s + visitor.sending.offset_s) for visitor in visitors]

    def _record(self, visitor: Visitor, planned_s: float) -> Exchange:
        recorder = self._attempt.recorder
        exchange = visitor.visit.exchange(recorder.new_id(), visitor.request, planned_s)
        recorder.add(exchange)
        return exchange

    def _answer(self, visit: Visit, exchange: Exchange, watch: Watch) -> Answer:
        return Answer(exchange, visit.headers, bytes(visit.body), watch, self._attempt)

    def _crowd(
        self, load: PlannedLoad, visitors: Sequence[Visitor], begin_s: float, watch: Watch
    ) -> Crowd:
        """Record all exchanges and their burst."""
        exchanges = self._record_all(visitors, begin_s)
        burst = Burst(
            id=self._attempt.recorder.new_id(),
            exchanges=tuple(exchange.id for exchange in exchanges),
            steady=not load.schedule.is_burst,
            watch=watch,
        )
        self._attempt.recorder.add(burst)
        answers = tuple(
            self._answer(visitor.visit, exchange, watch)
            for visitor, exchange in zip(visitors, exchanges, strict=True)
        )
        return Crowd(answers, burst, self._attempt)
