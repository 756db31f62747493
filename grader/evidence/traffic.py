"""What crossed the sockets: requests of the load client, and what the solution asked of services."""

from enum import StrEnum

from msgspec import Struct

from grader.evidence.machine import Watch


class ExchangeError(StrEnum):
    """Why a request of the load client got no whole answer."""

    REFUSED = "refused"
    CLOSED = "closed"
    TIMED_OUT = "timed_out"
    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    LEFT = "left"
    CUT_OFF = "cut_off"
    """The grader had seen enough: the limit was passed and it was the code's own doing."""


class Exchange(Struct, frozen=True, kw_only=True):
    """One request of the load client and what came of it.

    Attributes:
        n: what stood for `{n}` in the path, or None.
        planned_s: when the request was meant to be sent; latencies count from here.
        ended_s: when the exchange was over, by a whole answer or otherwise.
        body: the start of the body, decoded, bounded.
        patience_s: so much of the time may be the app's own doing before the visitor gives up.
    """

    id: int
    method: str
    path: str
    n: int | None = None
    planned_s: float
    sent_s: float | None = None
    first_byte_s: float | None = None
    last_byte_s: float | None = None
    ended_s: float
    status: int | None = None
    size_bytes: int = 0
    body: str = ""
    error: ExchangeError | None = None
    patience_s: float | None = None

    @property
    def elapsed_s(self) -> float:
        """Seconds from the planned start to the end."""
        return self.ended_s - self.planned_s


class Burst(Struct, frozen=True, kw_only=True):
    """Requests that were sent together (or at a planned rate), by the ids of their exchanges."""

    id: int
    exchanges: tuple[int, ...]
    steady: bool = False
    watch: Watch


class EventEnd(StrEnum):
    """How a service event ended."""

    ANSWERED = "answered"
    CLIENT_LEFT = "client_left"
    CUT = "cut"
    """By the service, as its check wanted it."""
    OPEN = "open"


WHAT_CHARS = 500
"""How much of what was asked is kept; the recorder cuts off the rest."""


class ServiceEvent(Struct, frozen=True, kw_only=True):
    """One thing that the solution asked of a service of the grader: a call, a query, a read.

    Attributes:
        service: its name in messages: "upstream".
        kind: what one such thing is called, in the singular: "call", "query".
        connection: id of the connection that it came on, if the service has connections.
        what: what was asked, in one line of at most `WHAT_CHARS` characters: "GET /prices/7?x=1".
        outcome: what the service answered, in a word: "200"; empty when that is not known.
        began_s: when it arrived.
        answered_s: when the answer began to be sent.
        ended_s: when it was answered in full, cut, or left by the client; None while it is open.
    """

    id: int
    service: str
    kind: str = "call"
    connection: int | None = None
    what: str
    outcome: str = ""
    began_s: float
    answered_s: float | None = None
    ended_s: float | None = None
    end: EventEnd = EventEnd.OPEN


class Connection(Struct, frozen=True, kw_only=True):
    """One TCP connection that the solution opened to a service of the grader."""

    id: int
    service: str
    opened_s: float
    closed_s: float | None = None
