"""Collects what is seen during one attempt, and freezes it into evidence."""

from collections.abc import Callable

from msgspec.structs import replace

from grader.evidence.claims import Claim
from grader.evidence.machine import Watch
from grader.evidence.run import Attempt, Subject
from grader.evidence.server import Excess, Sample, ServerLife, Stall, WaitingTask
from grader.evidence.traffic import WHAT_CHARS, Burst, Connection, EventEnd, Exchange, ServiceEvent
from grader.measure.timing import Clock, Watcher

EVENTS_LIMIT = 20_000
"""So many things asked of services in one attempt, and services end what asks for more: each is kept, and crosses a
socket in the end. No kata has use for more."""

WORD_CHARS = 100
"""How long the name of a service, a kind of event or an outcome may be."""


class Recorder:
    """The open record of one attempt. Harness parts add to it; nobody reads it before it is frozen.

    Args:
        clock: the run's clock.
        subject: whose attempt it is.
        haste: the share of default patience that gates and visitors have; 1 is all of it.

    Attributes:
        on_event: is told of each service event when it is over.
    """

    def __init__(self, clock: Clock, subject: Subject, haste: float = 1.0) -> None:
        self.clock = clock
        self.watcher = Watcher(clock)
        self.subject = subject
        self.haste = haste
        self.started_s = clock.now()
        self.life: ServerLife | None = None
        self.exchanges: list[Exchange] = []
        self.bursts: list[Burst] = []
        self.samples: list[Sample] = []
        self.stalls: list[Stall] = []
        self.waiting: list[WaitingTask] = []
        self.claims: list[Claim] = []
        self.watch: Watch | None = None
        self.own_deadline_s: float | None = None
        self.hung_in_s: float | None = None
        self.mishap = ""
        self.abandoned = False
        self.cuts_off = True
        self.on_abandon: Callable[[], None] | None = None
        self.on_break_off: Callable[[], None] | None = None
        self.on_excess: Callable[[Excess], None] | None = None
        self.on_event: Callable[[ServiceEvent], None] | None = None
        self._events: dict[int, ServiceEvent] = {}
        self._connections: dict[int, Connection] = {}
        self._last_id = 0

    @property
    def events(self) -> tuple[ServiceEvent, ...]:
        """What the solution asked of services, in the order in which it was added."""
        return tuple(self._events.values())

    @property
    def connections(self) -> tuple[Connection, ...]:
        """What the solution opened to services, in the order in which it was added."""
        return tuple(self._connections.values())

    @property
    def is_flooded(self) -> bool:
        """Whether the solution has asked more of services than any right one does; a service then ends what asks on."""
        return len(self._events) >= EVENTS_LIMIT

    def add_event(self, event: ServiceEvent) -> ServiceEvent:
        """Note something that the solution asks of a service; returns it as it is kept."""
        kept = self._events[event.id] = _bounded(event)
        self._tell_end(kept)
        return kept

    def change_event(self, number: int, **changes: object) -> ServiceEvent:
        """Note what has become of an event; returns it as it is now.

        Args:
            number: the event's id.
            changes: new values by attribute.

        Raises:
            KeyError: there is none with this id, or it was over and is forgotten.
        """
        before = self._events[number]
        event = self._events[number] = _bounded(replace(before, **changes))
        if before.end is EventEnd.OPEN:
            self._tell_end(event)
        return event

    def _tell_end(self, event: ServiceEvent) -> None:
        if self.on_event is not None and event.end is not EventEnd.OPEN:
            self.on_event(event)

    def add_connection(self, connection: Connection) -> None:
        """Note a connection that the solution has opened to a service."""
        self._connections[connection.id] = connection

    def change_connection(self, number: int, **changes: object) -> Connection:
        """Note what has become of a connection; returns it as it is now.

        Args:
            number: the connection's id.
            changes: new values by attribute.

        Raises:
            KeyError: there is none with this id, or it was closed and is forgotten.
        """
        connection = self._connections[number] = replace(self._connections[number], **changes)
        return connection

    def break_off(self, mishap: str) -> None:
        """Note what the harness could not do, and end the check under way; callable from any of its background tasks.

        Raising there instead would cancel the very task that has to clean up.
        """
        self.mishap = self.mishap or mishap
        self.abandon()
        if self.on_break_off is not None:
            self.on_break_off()

    def exceed(self, what: str, limit: float, seen: float, *, noun: str, of: str) -> None:
        """Note a limit that the solution exceeded outside of its own processes; they are ended for it.

        Args:
            what: its name, which ends with the unit: "database_bytes".
            limit: how much was granted.
            seen: how much was found.
            noun: what is limited, in words that begin a sentence: "Database".
            of: how it is counted: "on disk".
        """
        if self.on_excess is not None:
            self.on_excess(Excess(what=what, limit=limit, seen=seen, noun=noun, of=of))

    def abandon(self) -> None:
        """Give the attempt up: whoever waits for the server's start stops waiting."""
        self.abandoned = True
        if self.on_abandon is not None:
            self.on_abandon()

    def forget_ended(self) -> None:
        """Forget what is over: exchanges, events and connections that have ended. For use that is no grading and has no
        end.
        """
        self.exchanges.clear()
        self.bursts.clear()
        self._events = {
            event.id: event for event in self._events.values() if event.end is EventEnd.OPEN
        }
        self._connections = {
            one.id: one for one in self._connections.values() if one.closed_s is None
        }

    def new_id(self) -> int:
        """An id that is unique in this attempt."""
        self._last_id += 1
        return self._last_id

    def freeze(self) -> Attempt:
        """The evidence of this attempt as it stands now."""
        return Attempt(
            subject=self.subject,
            started_s=self.started_s,
            ended_s=self.clock.now(),
            life=self.life,
            exchanges=tuple(self.exchanges),
            bursts=tuple(self.bursts),
            events=self.events,
            connections=self.connections,
            samples=tuple(self.samples),
            stalls=tuple(self.stalls),
            waiting=tuple(self.waiting),
            claims=tuple(self.claims),
            watch=self.watch,
            own_deadline_s=self.own_deadline_s,
            hung_in_s=self.hung_in_s,
            mishap=self.mishap,
        )


def _bounded(event: ServiceEvent) -> ServiceEvent:
    """The event with each of its texts as one line of bounded length; most have that already."""
    texts = {"what": WHAT_CHARS, "service": WORD_CHARS, "kind": WORD_CHARS, "outcome": WORD_CHARS}
    changes = {name: one_line(getattr(event, name), limit) for name, limit in texts.items()}
    return (
        event
        if all(getattr(event, name) == text for name, text in changes.items())
        else replace(event, **changes)
    )


def one_line(text: str, limit: int) -> str:
    """A text as one line of at most so many characters."""
    return " ".join(text[:limit].splitlines()) if not text.isprintable() else text[:limit]
