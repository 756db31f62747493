"""Who visits a server, and at whose answers a check has looked. A visitor that nobody looks at proves nothing."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import assert_never

from grader.evidence.claims import Claim, ClockClaim, CountClaim, GateClaim, StatusClaim, ValueClaim
from grader.evidence.traffic import Burst, ExchangeError
from grader.load.answers import Pending
from grader.measure.gates import Signal
from grader.measure.recorder import Recorder

SHOWN = 3
"""How many visitors a message names."""

REQUEST_CHARS = 80


class Attendance:
    """The visitors of one server: who came, who is still there, and at whose answers nobody has looked.

    Args:
        recorder: has the exchanges that are over and the claims about them.

    Attributes:
        changed: set whenever a visitor's exchange or an event of a service is over.
    """

    def __init__(self, recorder: Recorder) -> None:
        self.changed = Signal()
        self._recorder = recorder
        self._pending: list[Pending] = []
        self._excused: set[int] = set()
        self._sent = 0
        self._sending = 0
        recorder.subscribe(lambda event: self.changed.set())

    @property
    def came(self) -> int:
        """How many visitors have come so far."""
        return len(self._pending) + self._sent

    @property
    def there(self) -> int:
        """How many visitors are still there."""
        return sum(not pending.answered for pending in self._pending) + self._sending

    def add(self, pending: Pending) -> None:
        """Note a visitor that was started alone."""
        self._pending.append(pending)

    @contextmanager
    def crowd(self, size: int) -> Iterator[None]:
        """For the length of this block, a crowd of this size is there."""
        self._sent += size
        self._sending += size
        try:
            yield
        finally:
            self._sending -= size
            self.changed.set()

    def excuse(self, exchanges: Iterable[int]) -> None:
        """Note ids of exchanges that need no look."""
        self._excused.update(exchanges)

    def unlooked(self) -> list[str]:
        """The first requests that no claim is about and whose visitors did not leave: "GET /rooms/7".

        Call it at the end of a check in which no claim was missed.
        """
        recorder = self._recorder
        seen = self._excused | looked_at(recorder.claims, recorder.bursts)
        seen |= {one.exchange_id for one in self._pending if one.excused and one.exchange_id}
        found = [one.what for one in self._pending if not one.answered and not one.excused]
        found += [
            f"{exchange.method} {exchange.path}"
            for exchange in recorder.exchanges.values()
            if exchange.id not in seen and exchange.error is not ExchangeError.LEFT
        ]
        return [request[:REQUEST_CHARS] for request in found[:SHOWN]]


def looked_at(claims: Iterable[Claim], bursts: Iterable[Burst]) -> set[int]:
    """Ids of the exchanges that these claims are about."""
    of_burst = {burst.id: burst.exchanges for burst in bursts}
    found: set[int] = set()
    for claim in claims:
        match claim:
            case StatusClaim():
                found.update(claim.exchanges)
            case ValueClaim():
                found.update(() if claim.exchange is None else (claim.exchange,))
            case ClockClaim():
                found.update(claim.exchanges)
                found.update(() if claim.burst is None else of_burst.get(claim.burst, ()))
            case CountClaim() | GateClaim():
                pass
            case _:
                assert_never(claim)
    return found
