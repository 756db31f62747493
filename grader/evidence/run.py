"""A run and its attempts, as frozen records of what was observed.

All times are seconds on the run's clock: monotonic, 0 when the run began. Records state facts; `grader.judge` decides
what they mean. They are `msgspec` structs, so a run is saved and loaded without conversion.
"""

from enum import StrEnum

from msgspec import Struct

from grader.evidence.claims import Claim
from grader.evidence.machine import Machine, Watch
from grader.evidence.server import Sample, ServerLife, Stall, WaitingTask
from grader.evidence.traffic import Burst, Connection, Exchange, ServiceEvent
from grader.formats import RUN_FORMAT


class Subject(StrEnum):
    """The code that an attempt ran."""

    SOLUTION = "solution"
    REFERENCE = "reference"


class Attempt(Struct, frozen=True, kw_only=True):
    """One run of one check against one fresh server.

    Attributes:
        life: of the server; None if none was started.
        watch: of the time in which the check ran.
        own_deadline_s: the shortest deadline that the solution must enforce itself; None if the kata names none.
        hung_in_s: the check's deadline in seconds if the check did not meet it; otherwise None.
        mishap: what went wrong in the harness or the kata, one sentence; otherwise empty.
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
    """All attempts at one check, in order.

    Attributes:
        name: of the check's function.
        title: first line of its docstring.
        machine: what kept the machine busy; None if the judge did not need to know.
    """

    name: str
    title: str
    attempts: tuple[Attempt, ...] = ()
    machine: Machine | None = None


class Run(Struct, frozen=True, kw_only=True):
    """A whole run, as it is saved.

    Attributes:
        began_at: when the run began, ISO 8601 in UTC.
        without_sandbox: why the solution ran without a sandbox; empty if it ran in one.
        out_of_time: the grading took too long, so some checks were not tried or not decided.
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
