"""Collects what is seen during one attempt, and freezes it into evidence."""

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
"""Events recorded in one attempt before services refuse further requests: each is kept, and is sent through a socket in
the end. No kata needs more."""

WORD_CHARS = 100
"""Maximum length of the name of a service, a kind of event or an outcome."""

Record = (
    Exchange | Burst | ServiceEvent | Connection | Sample | Stall | WaitingTask | ServerLife | Claim
)
"""Everything that can be added."""


class Recorder:
    """The append-only log of one attempt. Only an event, a connection and the server's life change after they were
    added, through the methods that say so; only `forget_ended` removes anything, and no grading calls it.

    Args:
        clock: the run's clock.
        subject: the code that is run.
        own_deadline_s: the shortest deadline that the solution keeps itself; None if the kata names none.
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

    # ---- what was seen so far -------------------------------------------------------------------------------------

    @property
    def life(self) -> ServerLife | None:
        """The server's life so far; None before there is a server."""
        return self._life

    @property
    def exchanges(self) -> Mapping[int, Exchange]:
        """The requests that are over, by id."""
        return MappingProxyType(self._exchanges)

    @property
    def bursts(self) -> tuple[Burst, ...]:
        """The bursts and steady streams that are over."""
        return tuple(self._bursts)

    @property
    def events(self) -> Mapping[int, ServiceEvent]:
        """What the solution asked of services, by id, in the order in which it was added."""
        return MappingProxyType(self._events)

    @property
    def connections(self) -> Mapping[int, Connection]:
        """Connections that the solution opened to services, by id, in the order in which they were added."""
        return MappingProxyType(self._connections)

    @property
    def stalls(self) -> tuple[Stall, ...]:
        """Stretches in which the solution's event loop was blocked."""
        return tuple(self._stalls)

    @property
    def waiting(self) -> tuple[WaitingTask, ...]:
        """Places at which the solution's tasks were waiting."""
        return tuple(self._waiting)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The claims of the check, in the order in which it made them."""
        return tuple(self._claims)

    @property
    def mishap(self) -> str:
        """What the harness or the kata did wrong, one sentence; empty if nothing."""
        return self._mishap

    @property
    def is_flooded(self) -> bool:
        """Whether the solution has asked more of services than any right solution does; they then refuse requests."""
        return len(self._events) >= EVENTS_LIMIT

    # ---- recording ------------------------------------------------------------------------------------------------

    def new_id(self) -> int:
        """An id that is unique in this attempt."""
        self._last_id += 1
        return self._last_id

    def add(self, record: Record) -> None:
        """Append a record to the log. The texts of an event are shortened; `events` has it as it is kept."""
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
        """Record what has become of an event; returns it as it is now.

        Args:
            number: the event's id.
            changes: new values by attribute.

        Raises:
            KeyError: no event has this id, or it was over and has been forgotten.
        """
        before = self._events[number]
        event = self._events[number] = _bounded(replace(before, **changes))
        if before.end is EventEnd.OPEN:
            self._publish_end(event)
        return event

    def change_connection(self, number: int, **changes: object) -> Connection:
        """Record what has become of a connection; returns it as it is now.

        Args:
            number: the connection's id.
            changes: new values by attribute.

        Raises:
            KeyError: no connection has this id, or it was closed and has been forgotten.
        """
        connection = self._connections[number] = replace(self._connections[number], **changes)
        return connection

    def change_life(self, **changes: Any) -> ServerLife:
        """Record what has become of the server; returns its life as it is now.

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
        """Record what the harness or the kata did wrong, unless something went wrong before: the rest may follow from
        that.

        Args:
            mishap: one sentence.
        """
        self._mishap = self._mishap or mishap

    def replace_mishap(self, mishap: str) -> None:
        """Record what went wrong in place of what was recorded before: it is the better explanation.

        Args:
            mishap: one sentence.
        """
        self._mishap = mishap

    def note_hung(self, deadline_s: float) -> None:
        """Record that the check had not finished by its own deadline."""
        self._hung_in_s = deadline_s

    def note_watch(self, watch: Watch) -> None:
        """Record how the machine fared during the check as a whole."""
        self._watch = watch

    def subscribe(self, callback: Callable[[ServiceEvent], None]) -> None:
        """Call this with each service event, once, when it is over."""
        self._on_event.append(callback)

    def _publish_end(self, event: ServiceEvent) -> None:
        if event.end is not EventEnd.OPEN:
            for callback in self._on_event:
                callback(event)

    # ---- the end --------------------------------------------------------------------------------------------------

    def forget_ended(self) -> None:
        """Forget exchanges, events and connections that are over: a live run is not graded, and has no end."""
        self._exchanges.clear()
        self._bursts.clear()
        for number in [n for n, event in self._events.items() if event.end is not EventEnd.OPEN]:
            del self._events[number]
        for number in [n for n, one in self._connections.items() if one.closed_s is not None]:
            del self._connections[number]

    def freeze(self) -> Attempt:
        """The evidence of this attempt as it stands now."""
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
    """The event with each of its texts reduced to one line of bounded length; most need no change."""
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
