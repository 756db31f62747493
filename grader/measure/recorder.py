"""Collects the evidence of one attempt."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from grader.evidence.claims import Claim
from grader.evidence.machine import Watch
from grader.evidence.run import Attempt, Subject
from grader.evidence.server import Sample, ServerLife, Stall, WaitingTask
from grader.evidence.traffic import WHAT_CHARS, Burst, Connection, EventEnd, Exchange, ServiceEvent
from grader.measure.timing import Clock

EVENTS_LIMIT = 20_000
"""Maximum number of service events in one attempt; services then refuse requests. All events are kept in memory and
later sent through a socket. No kata needs more."""

WORD_CHARS = 100
"""Maximum length of a service event's `service`, `kind` and `outcome`."""

Record = (
    Exchange | Burst | ServiceEvent | Connection | Sample | Stall | WaitingTask | ServerLife | Claim
)
"""Everything that `Recorder.add` accepts."""


class Recorder:
    """The append-only log of one attempt. Only events, connections and the server's life can change after they were
    added, through the `change_` methods. Only `forget_ended` removes anything, and gradings never call it.

    Args:
        clock: the run's clock.
        subject: the code that runs.
        own_deadline_s: the shortest deadline that the solution must enforce itself; None if the kata names none.
    """

    def __init__(self, clock: Clock, subject: Subject, own_deadline_s: float | None = None) -> None:
        self._clock = clock
        self._subject = subject
        self._own_deadline_s = own_deadline_s
        self._started_s = clock.now()
        self._life: ServerLife | None = None
        self._exchanges: dict[int, Exchange] = {}
        self._bursts: list[Burst] = []
        self._events: dict[int, ServiceEvent] = {}
        self._connections: dict[int, Connection] = {}
        self._samples: list[Sample] = []
        self._stalls: list[Stall] = []
        self._waiting: list[WaitingTask] = []
        self._claims: list[Claim] = []
        self._watch: Watch | None = None
        self._hung_in_s: float | None = None
        self._mishap = ""
        self._on_event: list[Callable[[ServiceEvent], None]] = []
        self._last_id = 0

    # ---- evidence so far ------------------------------------------------------------------------------------------

    @property
    def life(self) -> ServerLife | None:
        """The server's life so far; None if there is no server yet."""
        return self._life

    @property
    def exchanges(self) -> Mapping[int, Exchange]:
        """The requests that are over, by id."""
        return MappingProxyType(self._exchanges)

    @property
    def bursts(self) -> tuple[Burst, ...]:
        """The schedules whose requests are over."""
        return tuple(self._bursts)

    @property
    def events(self) -> Mapping[int, ServiceEvent]:
        """The solution's requests to services, by id, in the order of their arrival."""
        return MappingProxyType(self._events)

    @property
    def connections(self) -> Mapping[int, Connection]:
        """The solution's connections to services, by id, in the order of their opening."""
        return MappingProxyType(self._connections)

    @property
    def stalls(self) -> tuple[Stall, ...]:
        """The times at which the solution's event loop was blocked."""
        return tuple(self._stalls)

    @property
    def waiting(self) -> tuple[WaitingTask, ...]:
        """The lines at which the solution's tasks were waiting."""
        return tuple(self._waiting)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The check's claims, in order."""
        return tuple(self._claims)

    @property
    def mishap(self) -> str:
        """What went wrong in the harness or the kata, one sentence; otherwise empty."""
        return self._mishap

    @property
    def is_flooded(self) -> bool:
        """Whether the solution has made more requests to services than any right solution does."""
        return len(self._events) >= EVENTS_LIMIT

    # ---- recording ------------------------------------------------------------------------------------------------

    def new_id(self) -> int:
        """An id that is unique in this attempt."""
        self._last_id += 1
        return self._last_id

    def add(self, record: Record) -> None:
        """Append a record to the log. An event's texts are shortened first."""
        match record:
            case Exchange():
                self._exchanges[record.id] = record
            case Burst():
                self._bursts.append(record)
            case ServiceEvent():
                kept = self._events[record.id] = _bounded(record)
                self._publish_end(kept)
            case Connection():
                self._connections[record.id] = record
            case Sample():
                self._samples.append(record)
            case Stall():
                self._stalls.append(record)
            case WaitingTask():
                self._waiting.append(record)
            case ServerLife():
                self._life = record
            case _:
                self._claims.append(record)

    def change_event(self, number: int, **changes: object) -> ServiceEvent:
        """Replace fields of an event; returns the new event.

        Args:
            number: the event's id.
            changes: new values by attribute.

        Raises:
            KeyError: no event has this id, or it has been forgotten.
        """
        before = self._events[number]
        event = self._events[number] = _bounded(replace(before, **changes))
        if before.end is EventEnd.OPEN:
            self._publish_end(event)
        return event

    def change_connection(self, number: int, **changes: object) -> Connection:
        """Replace fields of a connection; returns the new connection.

        Args:
            number: the connection's id.
            changes: new values by attribute.

        Raises:
            KeyError: no connection has this id, or it has been forgotten.
        """
        connection = self._connections[number] = replace(self._connections[number], **changes)
        return connection

    def change_life(self, **changes: Any) -> ServerLife:
        """Replace fields of the server's life; returns the new life.

        Args:
            changes: new values by attribute.

        Raises:
            ValueError: no server's life has been added.
        """
        if self._life is None:
            raise ValueError("there is no server's life to change")
        self._life = replace(self._life, **changes)
        return self._life

    def note_mishap(self, mishap: str) -> None:
        """Record what went wrong in the harness or the kata. The first mishap is kept, because later ones may result
        from it.

        Args:
            mishap: one sentence.
        """
        self._mishap = self._mishap or mishap

    def replace_mishap(self, mishap: str) -> None:
        """Record what went wrong, and discard an earlier mishap that explains less.

        Args:
            mishap: one sentence.
        """
        self._mishap = mishap

    def note_hung(self, deadline_s: float) -> None:
        """Record that the check did not finish before its deadline."""
        self._hung_in_s = deadline_s

    def note_watch(self, watch: Watch) -> None:
        """Record the watch of the whole check."""
        self._watch = watch

    def subscribe(self, callback: Callable[[ServiceEvent], None]) -> None:
        """Register a callback that gets each service event once, when it is over."""
        self._on_event.append(callback)

    def _publish_end(self, event: ServiceEvent) -> None:
        if event.end is not EventEnd.OPEN:
            for callback in self._on_event:
                callback(event)

    # ---- ending ---------------------------------------------------------------------------------------------------

    def forget_ended(self) -> None:
        """Discard exchanges, bursts, events and connections that are over. For `kata run`, which is never graded and
        may run for hours.
        """
        self._exchanges.clear()
        self._bursts.clear()
        for number in [n for n, event in self._events.items() if event.end is not EventEnd.OPEN]:
            del self._events[number]
        for number in [n for n, link in self._connections.items() if link.closed_s is not None]:
            del self._connections[number]

    def freeze(self) -> Attempt:
        """The evidence of this attempt so far."""
        return Attempt(
            subject=self._subject,
            started_s=self._started_s,
            ended_s=self._clock.now(),
            life=self._life,
            exchanges=tuple(self._exchanges.values()),
            bursts=self.bursts,
            events=tuple(self._events.values()),
            connections=tuple(self._connections.values()),
            samples=tuple(self._samples),
            stalls=self.stalls,
            waiting=self.waiting,
            claims=self.claims,
            watch=self._watch,
            own_deadline_s=self._own_deadline_s,
            hung_in_s=self._hung_in_s,
            mishap=self._mishap,
        )


def _bounded(event: ServiceEvent) -> ServiceEvent:
    """The event with each text reduced to one line of bounded length."""
    texts = {"what": WHAT_CHARS, "service": WORD_CHARS, "kind": WORD_CHARS, "outcome": WORD_CHARS}
    changes = {name: _one_line(getattr(event, name), limit) for name, limit in texts.items()}
    return (
        event
        if all(getattr(event, name) == text for name, text in changes.items())
        else replace(event, **changes)
    )


def _one_line(text: str, limit: int) -> str:
    """The beginning of a text as a single line.

    Args:
        text: of any length.
        limit: maximum number of characters.
    """
    return " ".join(text[:limit].splitlines()) if not text.isprintable() else text[:limit]
