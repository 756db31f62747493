"""One case of a sweep: a visitor one of whose calls fails in one way, while its other calls are held or answered."""

import asyncio
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Literal, Protocol, TypeVar

import anyio

from grader.measure.timing import WatchStart
from grader.services.upstream_calls import Call, CallBook, CallingConnection, Hold
from grader.services.upstream_wanted import Slot

Kind = Literal["status", "cut", "closed", "silent", "slow", "leaver"]
"""How a case's call fails: an answer 503, an answer that breaks off, none at all, a good one that takes long; or the
visitor leaves."""

SLOW_SHARE = 0.85
"""A slow answer comes after this share of the time that a service may take: nearly all of it, but a client's timer
began a little before the call arrived."""


class SweptVisitor(Protocol):
    """A visitor, as returned by `server.start`."""

    @property
    def answered(self) -> bool:
        """Whether its exchange is over."""

    def __await__(self) -> Generator[Any, None, Any]: ...

    def leave(self) -> None:
        """Close its connection."""

    def excuse(self) -> None:
        """Note that its answer need not be looked at."""


V = TypeVar("V", bound=SweptVisitor)


class CaseHold(Hold):
    """Holds the calls of one case, until it stops catching further ones.

    Args:
        book: the calls of the check.
        slots: the calls to hold.
        lasts_s: how long after the first of them has arrived it releases itself; None to wait for `release`.
    """

    def __init__(self, book: CallBook, slots: Sequence[Slot], lasts_s: float | None = None) -> None:
        super().__init__(book, ())
        self.catching = True
        self._slots = slots
        self._lasts_s = lasts_s

    def covers(self, call: Call) -> bool:
        """Whether a call that arrives now is one of the case's."""
        return (
            self.catching
            and not self.released
            and any(slot.target == call.target and slot.fits(call) for slot in self._slots)
        )

    def take(self, connection: CallingConnection) -> None:
        """Let a connection's call wait."""
        super().take(connection)
        if self._lasts_s is not None and len(self.waiting) == 1:
            # Not when the check comes to this case: the app's timer does not wait for the cases before it.
            asyncio.get_running_loop().call_later(self._lasts_s, self.release)

    def connection_of(self, call: Call) -> CallingConnection | None:
        """The connection on which a held call waits; None if it is no longer there."""
        return next((one for one in self.waiting if one.call is call), None)

    def those_of(self, calls: Sequence[Call]) -> list[Call]:
        """Those of these calls that are held."""
        return [call for call in calls if not self.released and self.connection_of(call)]


@dataclass
class Case(Generic[V]):
    """A visitor one of whose calls is going to fail.

    Attributes:
        key: of the visit.
        kind: how the call fails.
        visitor: whose call it is.
        how_long_s: how long a service may take; needed for silent and slow calls.
        call: the call that fails; it is held until `strike`.
        others: the visitor's other calls so far.
        silent: those of `others` that are held; empty if they have been answered.
    """

    key: int
    kind: Kind
    visitor: V
    hold: CaseHold = field(repr=False)
    book: CallBook = field(repr=False)
    how_long_s: float = 0.0
    call: Call = field(init=False)
    others: list[Call] = field(default_factory=list)
    silent: list[Call] = field(default_factory=list)

    @property
    def is_stale(self) -> bool:
        """Whether the call waited for other cases so long that the app has given it up, or may do so any moment; never
        for silent and slow calls, which are meant to wait.
        """
        if self.kind in ("silent", "slow"):
            return False
        waited_s = self.book.attempt.clock.now() - self.call.record.began_s
        return not self.call.open or 0 < self.how_long_s * SLOW_SHARE < waited_s

    async def strike(self) -> WatchStart:
        """Let the call fail; returns the moment from which the app has to react.

        For a silent call that is when the time has passed that a service may take. A slow call's others are answered
        with it, at the latest now; the others of all other calls stay as they are.
        """
        if self.kind == "silent":
            await self._wait_s(self.how_long_s)
        elif self.kind == "slow":
            await self._wait_s(self.how_long_s * SLOW_SHARE)
            self.hold.release()
        elif self.kind == "leaver":
            self.visitor.leave()
        else:
            status = 503 if self.kind == "status" else self.call.behaviour.status
            self.call.behaviour = replace(
                self.call.behaviour, status=status, cut=self.kind == "cut",
                close=self.kind == "closed", delay_s=0.0, never=False, drip_s=None,
            )  # fmt: skip
            if (connection := self.hold.connection_of(self.call)) is not None:
                self.hold.waiting.remove(connection)  # it may carry another visitor's call next
                connection.answer()
        return self.book.attempt.watcher.open()

    async def _wait_s(self, seconds: float) -> None:
        """Wait until this long after the call's arrival: the app's timer follows the clock as well."""
        elapsed_s = self.book.attempt.clock.now() - self.call.record.began_s
        await anyio.sleep(max(0.0, seconds - elapsed_s))
