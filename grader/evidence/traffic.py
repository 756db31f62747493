"""Network traffic: the load client's requests to the solution, and the solution's requests to services."""

from enum import StrEnum

from msgspec import Struct

from grader.evidence.machine import Watch


class ExchangeError(StrEnum):
    """Why a request of the load client got no complete answer."""

    REFUSED = "refused"
    CLOSED = "closed"
    TIMED_OUT = "timed_out"
    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    LEFT = "left"
    CUT_OFF = "cut_off"
    """The grader stopped waiting, once the solution had certainly missed a limit."""


class Exchange(Struct, frozen=True, kw_only=True):
    """One request of the load client and its answer.

    Attributes:
        n: the number that replaced `{n}` in the path; None if the path had none.
        planned_s: when the request should have been sent; latencies count from here.
        ended_s: when the exchange was over, with or without a complete answer.
        size_bytes: size of the whole body.
        body: the beginning of the body, decoded.
        error: why there is no complete answer; None if there is one.
        patience_s: the visitor gives up once this much of the wait is the solution's own time.
        watch: of the wait, if the grader stopped waiting for the answer.
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
    watch: Watch | None = None

    @property
    def elapsed_s(self) -> float:
        """Seconds from the planned start to the end."""
        return self.ended_s - self.planned_s


class Burst(Struct, frozen=True, kw_only=True):
    """Requests of one schedule.

    Attributes:
        exchanges: their ids.
        steady: False if all were sent at the same moment.
    """

    id: int
    exchanges: tuple[int, ...]
    steady: bool = False
    watch: Watch


class EventEnd(StrEnum):
    """How a service event ended."""

    ANSWERED = "answered"
    CLIENT_LEFT = "client_left"
    CUT = "cut"
    """The service cut the connection, because the check asked for it."""
    OPEN = "open"


WHAT_CHARS = 500
"""Maximum length of `ServiceEvent.what`; the recorder drops the rest."""


class ServiceEvent(Struct, frozen=True, kw_only=True):
    """One request of the solution to a service: a call, a query, a read.

    Attributes:
        service: the service's name in messages: "upstream".
        kind: the noun for such an event, singular: "call", "query".
        connection: id of its connection, if the service has connections.
        what: the request, one line of at most `WHAT_CHARS` characters: "GET /prices/7?x=1".
        outcome: the answer in one word: "200"; empty if unknown.
        began_s: when the request arrived.
        answered_s: when the service began to send the answer.
        ended_s: when the answer was complete, or the service or the client closed; None while the event is open.
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
    """One connection that the solution opened to a service of the grader."""

    id: int
    service: str
    opened_s: float
    closed_s: float | None = None
