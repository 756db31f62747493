"""What was seen in a run, as frozen records.

All times are seconds on the run's own clock (monotonic, 0 when the run began). A record states facts; whether
they are good is decided in `grader.judge`. The records are `msgspec` structs, so a run is saved and loaded as it is.
"""

from enum import StrEnum

from msgspec import Struct

from grader.evidence.claims import Claim
from grader.evidence.machine import Machine, Watch
from grader.evidence.server import Sample, ServerLife, Stall, WaitingTask
from grader.evidence.traffic import Burst, Connection, Exchange, ServiceEvent
from grader.formats import RUN_FORMAT


class Subject(StrEnum):
    """Which code an attempt ran."""

    SOLUTION = "solution"
    REFERENCE = "reference"


class Attempt(Struct, frozen=True, kw_only=True):
    """One run of one check against one fresh server.

    Attributes:
        own_deadline_s: the shortest deadline that the solution keeps itself and that the check counts on; None: it has
            none.
        hung_in_s: set when the check did not end within its own deadline, to that deadline.
        mishap: what the harness or the kata itself did wrong in one sentence; empty when nothing.
    """

    subject: Subject
    started_s: float
    ended_s: float
    life: ServerLife | None = None
    exchanges: tuple[Exchange, ...] = ()
    bursts: tuple[Burst, ...] = ()
    events: tuple[ServiceEvent, ...] = ()
    connections: tuple[Connection, ...] = ()
    samples: tuple[Sample, ...] = ()
    stalls: tuple[Stall, ...] = ()
    claims: tuple[Claim, ...] = ()
    watch: Watch | None = None
    waiting: tuple[WaitingTask, ...] = ()
    own_deadline_s: float | None = None
    hung_in_s: float | None = None
    mishap: str = ""


class CheckRecord(Struct, frozen=True, kw_only=True):
    """All attempts at one check, in the order in which they were made."""

    name: str
    title: str
    attempts: tuple[Attempt, ...] = ()
    machine: Machine | None = None


class Run(Struct, frozen=True, kw_only=True):
    """A whole run, as it is saved.

    Attributes:
        began_at: wall-clock time of the run's zero, ISO 8601 in UTC.
        without_sandbox: why the solution ran without a sandbox; empty when it had one.
        out_of_time: the whole grading took too long, and some checks were not tried, or not to their end.
    """

    format: int = RUN_FORMAT
    kata: str
    solution: str
    began_at: str
    duration_s: float
    grader_version: str
    python: str
    cores: int
    without_sandbox: str = "it was graded before there were sandboxes"
    out_of_time: bool = False
    checks: tuple[CheckRecord, ...] = ()
