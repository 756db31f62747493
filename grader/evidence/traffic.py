"""What crossed the sockets: the load client's requests, and what the solution asked of services."""

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
    """By the grader, once it was certain that the solution had missed a limit."""


class Exchange(Struct, frozen=True, kw_only=True):
    """One request of the load client and its answer.

    Attributes:
        n: the number that replaced `{n}` in the path; None if the path had none.
        planned_s: when the request was to be sent; latencies count from here.
        ended_s: when the exchange was over, with or without a complete answer.
        size_bytes: of the whole body.
        body: the beginning of the body, decoded.
        error: why there is no complete answer; None if there is.
        patience_s: the visitor gives up once this much of the time is the solution's own.
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
    """Requests that were sent together, or at a planned rate.

    Attributes:
        exchanges: ids.
        steady: whether they were sent at a rate.
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
    """By the service, because the check asked for it."""
    OPEN = "open"


WHAT_CHARS = 500
"""How much of a request to a service is kept; the recorder drops the rest."""


class ServiceEvent(Struct, frozen=True, kw_only=True):
    """One thing that the solution asked of a service of the grader: a call, a query, a read.

    Attributes:
        service: its name in messages: "upstream".
        kind: what such an event is called, in the singular: "call", "query".
        connection: id of the connection that it arrived on, if the service has connections.
        what: what was asked, one line of at most `WHAT_CHARS` characters: "GET /prices/7?x=1".
        outcome: the service's answer in one word: "200"; empty if unknown.
        began_s: when it arrived.
        answered_s: when the service began to send the answer.
        ended_s: when it was answered completely, cut, or left by the client; None while it is open.
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
