"""Sweeps through failures: each call of a visit fails in each way, for a visitor of its own, on the same server."""

import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, get_args

from grader.evidence.claims import StatusClaim
from grader.measure.claims import state_claim
from grader.measure.stillness import stays
from grader.services.sweeps.case import SLOW_SHARE, Case, CaseHold, Kind, V
from grader.services.upstream_asked import Asked
from grader.services.upstream_calls import Call, CallBook
from grader.services.upstream_wanted import Slot, WantedCalls, claim_arrivals, found, slots_of

Others = Literal["silent", "answered"]
"""What becomes of a visitor's other calls before one fails: they are held, or answered."""

SETTLE_S = 0.1
"""How long, in own time, an app is left alone with answers: for calls that may follow them (right apps need at most
0.084 s to make a call, docs/explanation/verdicts.md), and to read them to their end: httpcore 1.0.9 loses a place of
its pool if a task is cancelled in the one step of the event loop in which it closes an answer."""

Again = Callable[[int, list[Call], Any], object]
"""States what the good answer to a visit is, from its key, its calls in the wanted order, and the answer."""


@dataclass(frozen=True)
class Sweep(Generic[V]):
    """A sweep; see `Upstream.sweep`."""

    book: CallBook
    visit: Callable[[int], V]
    calls: Callable[[int], WantedCalls | Sequence[WantedCalls]]
    again: Again | None
    how_long_s: float | None
    within_s: float | None
    at_once: int | None
    twin: bool
    used: set[int] = field(default_factory=set)

    async def cases(self, how: Sequence[Kind], others: Sequence[Others]) -> AsyncIterator[Case[V]]:
        """All cases; those of one kind are under way side by side, at most `at_once`."""
        for kind in how:
            if kind not in get_args(Kind) or not set(others) <= set(get_args(Others)):
                raise ValueError(f"sweep() knows no how={kind!r} with others={others!r}")
            if kind in ("silent", "slow") and self.how_long_s is None:
                raise ValueError(
                    f"sweep(how={kind!r}) needs how_long_s, the time a service may take"
                )
        await self._visit_well(self._new_key())
        for kind in how:
            for mode in others:
                for batch in self._batches(mode, others):
                    prepared = await self._prepared(kind, mode, batch)
                    for place, case in zip(batch, prepared, strict=True):
                        fresh = await self._fresh(case, mode, place)
                        yield fresh
                        await self._finish(fresh)

    def stages(self, key: int) -> list[tuple[Slot, ...]]:
        """The calls of a visit; those of each stage come when those of the stages before have been answered."""
        wanted = self.calls(key)
        return [slots_of(one) for one in ([wanted] if isinstance(wanted, Mapping) else wanted)]

    def _batches(self, mode: Others, others: Sequence[Others]) -> Iterator[list[tuple[int, int]]]:
        """Stage and position of each call to strike, in groups of `at_once`. A call without others needs one mode."""
        sizes = [len(stage) for stage in self.stages(self._new_key())]
        struck = [
            (number, position)
            for number, size in enumerate(sizes)
            for position in range(size)
            if size > 1 or mode == others[0]
        ]
        size = self.at_once or max(1, sum(sizes))
        for first in range(0, len(struck), size):
            yield struck[first : first + size]

    async def _prepared(
        self, kind: Kind, mode: Others, batch: Sequence[tuple[int, int]]
    ) -> list[Case[V]]:
        """Cases whose calls have arrived, the struck one among them held."""
        begun = []
        for number, position in batch:
            key = self._new_key()
            stage = self.stages(key)[number]
            held = stage if mode == "silent" else stage[position : position + 1]
            how_long_s = self.how_long_s or 0.0
            lasts_s = how_long_s * SLOW_SHARE if kind == "slow" else None
            hold = CaseHold(self.book, held, lasts_s)
            self.book.holds.append(hold)
            asked = Asked(self.book)
            case = Case(key, kind, self.visit(key), hold, self.book, how_long_s)
            begun.append((case, asked, number, position))
        for case, asked, number, position in begun:
            await self._arrive(case, asked, number, position)
            if self.twin:
                await self._visit_well(case.key)
        return [case for case, *_ in begun]

    async def _fresh(self, case: Case[V], mode: Others, place: tuple[int, int]) -> Case[V]:
        """The case, or another one of the same place, by itself, if it is stale."""
        if not case.is_stale:
            return case
        await self._finish(case)
        (fresh,) = await self._prepared(case.kind, mode, [place])
        return fresh

    async def _arrive(self, case: Case[V], asked: Asked, number: int, position: int) -> None:
        """Wait for the calls of a case up to the struck one's stage, and for further ones if others were answered."""
        stages = self.stages(case.key)
        before = sum(map(len, stages[:number]))
        slots = [slot for stage in stages[: number + 1] for slot in stage]
        calls = await self._claim(asked, slots)
        case.hold.catching = False
        case.call = calls.pop(before + position)
        case.others = calls
        case.silent = case.hold.those_of(calls)
        for call in case.others:
            while call.open and call not in case.silent and not call.behaviour.never:
                await self.book.changed.wait()
        if len(case.others) > before + len(case.silent):
            later = [slot for stage in stages[number + 1 :] for slot in stage]
            case.others += await self._later(asked, later)

    async def _later(self, asked: Asked, slots: Sequence[Slot]) -> list[Call]:
        """The calls that follow answered ones, if they come: they must not be taken for calls of a later visit.

        Where none can follow, the app only gets the time to read the answers; a twin's visit would give it as well.
        """

        def there() -> list[Call]:
            unclaimed = [call for call in asked.calls if not call.claimed]
            return found(slots, unclaimed)

        if not slots and not self.twin:
            await stays(self.book.attempt, lambda: None, SETTLE_S)
        while len(there()) < len(slots):
            if await stays(self.book.attempt, lambda: len(there()), SETTLE_S):
                break
        later = there()
        for call in later:
            call.claimed = True
        return later

    async def _finish(self, case: Case[V]) -> None:
        """Visit again with the same key, and let the case end.

        If its visitor has its answer, calls that are still held stay so meanwhile: answered, they could lead to further
        calls, which nobody could tell from those of the second visit.
        """
        if case.kind == "leaver" or case.visitor.answered:
            await self._visit_well(case.key)
            case.hold.release()
        else:
            case.hold.release()
            case.visitor.excuse()
            await case.visitor
            await self._visit_well(case.key)
        case.visitor.excuse()
        self.book.holds.remove(case.hold)

    async def _visit_well(self, key: int) -> None:
        """A visit in which everything works: all calls are made, and the answer is right."""
        asked, visitor = Asked(self.book), self.visit(key)
        calls = await self._claim(asked, [slot for stage in self.stages(key) for slot in stage])
        visitor.excuse()
        answer = await visitor
        if self.again is not None:
            self.again(key, calls, answer)
            return
        ids = (answer.exchange.id,)
        claim = StatusClaim(exchanges=ids, allowed=(200,), watch=answer.watch)
        state_claim(self.book.attempt.recorder, claim)

    async def _claim(self, asked: Asked, slots: Sequence[Slot]) -> list[Call]:
        book = self.book
        return await claim_arrivals(
            book.attempt, book.changed, slots, lambda: asked.calls, within_s=self.within_s
        )

    def _new_key(self) -> int:
        """An unpredictable number that no visit of this sweep has had."""
        key = next(
            key
            for key in iter(lambda: 10**8 + secrets.randbelow(9 * 10**8), 0)
            if key not in self.used
        )
        self.used.add(key)
        return key
