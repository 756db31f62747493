"""What was seen in a run, as frozen records.

All times are seconds on the run's own clock (monotonic, 0 when the run began). A record states facts; whether
they are good is decided in `grader.judge`. The records are `msgspec` structs, so a run is saved and loaded as it is.
"""

from enum import StrEnum

from msgspec import Struct, field

from grader.formats import RUN_FORMAT


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


SELF_MADE_SHARE = 0.8
"""Of the time of all cores, the share that the solution's own processes must have had for its waits to be its own doing. Beside others'
processes, which get their share of the cores, it cannot have so much."""


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


class CpuTimes(Struct, frozen=True, kw_only=True):
    """How long threads ran and how long they were ready but had no core; None where the system does not say.

    Source: `/proc/PID/task/TID/schedstat` (Documentation/scheduler/sched-stats.rst of Linux).
    """

    cpu_s: float
    waited_s: float


class Watch(Struct, frozen=True, kw_only=True):
    """A stretch of time in which the machine was watched: the base of the clock rule.

    Attributes:
        server: what the threads of the solution's processes used in this stretch.
        others: the same for what runs beside the server's own processes: started by the solution, or left over by it.
        grader: the same for the grader's own thread.
        loop_lag_s: how late the grader's own event loop was at worst.
        cores: how many the grader may use.
    """

    started_s: float
    ended_s: float
    cores: int = 1
    server: CpuTimes | None = None
    others: CpuTimes | None = None
    grader: CpuTimes | None = None
    loop_lag_s: float = 0.0

    @property
    def elapsed_s(self) -> float:
        """Length of the stretch in seconds."""
        return self.ended_s - self.started_s

    @property
    def own_s(self) -> float | None:
        """Seconds of the stretch that were the code's own: waiting on purpose, or computing.

        Taken off are the waits of the server's and the grader's threads for a core, the grader's own computing, and the
        time in which the whole machine stood still. With many threads the waits add up to more than the stretch, so the
        result errs in the solution's favour. None where the system does not tell. When the solution's own processes had
        nearly all cores to themselves, nobody else made them wait.
        """
        if self.server is None or self.grader is None:
            return None
        computed_s = self.server.cpu_s + (self.others.cpu_s if self.others is not None else 0.0)
        if self.others is not None and computed_s >= SELF_MADE_SHARE * self.cores * self.elapsed_s:
            return self.elapsed_s - self.grader.cpu_s - self.stood_still_s
        return self.elapsed_s - self.server.waited_s - self.grader.waited_s - self.grader.cpu_s - self.stood_still_s

    @property
    def stood_still_s(self) -> float:
        """Seconds that nobody can account for: the grader's loop was late, and had neither computed nor waited for a core.

        So it is when a virtual machine is halted by its host, or a laptop sleeps: its clock goes on, and nothing in it runs.
        """
        if self.grader is None:
            return 0.0
        return max(0.0, self.loop_lag_s - self.grader.waited_s - self.grader.cpu_s)

    @property
    def taken_s(self) -> float | None:
        """Seconds of the stretch that the machine and the grader took from the solution; None where that is unknown."""
        return None if self.own_s is None else self.elapsed_s - self.own_s


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


class Sample(Struct, frozen=True, kw_only=True):
    """What the solution's processes held at one moment, all of them together.

    Attributes:
        cpu_s: CPU seconds used since their start, user and system; those of children that have ended among them.
        own_cpu_s: the same of the server's own processes alone, without any child.
        children: for each process that descends from them and lives, by its pid, the CPU seconds that it used itself.
    """

    at_s: float
    processes: int
    threads: int
    descriptors: int
    memory_bytes: int
    cpu_s: float
    own_cpu_s: float = 0.0
    children: dict[int, float] = field(default_factory=dict)


class Frame(Struct, frozen=True, kw_only=True):
    """One line of a traceback in the learner's own files."""

    file: str
    line: int
    function: str
    source: str


class Stall(Struct, frozen=True, kw_only=True):
    """A time in which the event loop stood still in the learner's code, as told from inside; explains, never decides."""

    at_s: float
    duration_s: float
    frame: Frame


class WaitingTask(Struct, frozen=True, kw_only=True):
    """Asyncio tasks of the solution that wait at the same line of the learner's code, as told from inside; explains only."""

    frame: Frame
    count: int


class Process(Struct, frozen=True, kw_only=True):
    """A process that is not the grader's, and the CPU seconds that it used while the machine was watched."""

    name: str
    pid: int
    cpu_s: float


class Machine(Struct, frozen=True, kw_only=True):
    """What kept the machine busy during the attempts at a check; looked at only when the clock alone cannot tell.

    Attributes:
        elapsed_s: how long it was watched.
        cores: how many there are.
        busy_s: CPU seconds used by all processes together.
        steal_s: CPU seconds that the hypervisor gave to others; None where the system does not tell.
        throttled_s: how long a cgroup limit held the grader's group back; None where there is none.
        others: the processes that used most, the solution and the grader not among them.
    """

    elapsed_s: float
    cores: int
    busy_s: float
    steal_s: float | None = None
    throttled_s: float | None = None
    others: tuple[Process, ...] = ()


class Crash(Struct, frozen=True, kw_only=True):
    """An exception that ended a server process, as told from inside; explains, never decides."""

    phase: str
    type: str
    message: str
    frames: tuple[Frame, ...] = ()


class Excess(Struct, frozen=True, kw_only=True):
    """A limit that the server's processes exceeded, by themselves or in a service, and for which they were killed.

    Attributes:
        what: `memory_bytes`, `processes`, `threads`, `cpu_s`, `output_bytes`, or what a service calls it; the ending is the unit.
        noun: what a service says of it: the beginning of a sentence, "Database"; empty for the server's own limits.
        of: the same: how it is counted, "on disk".
    """

    what: str
    limit: float
    seen: float
    noun: str = ""
    of: str = ""


class ServerLife(Struct, frozen=True, kw_only=True):
    """The life of one server: all its worker processes together.

    Attributes:
        ready_s: when the last worker accepted connections; None if it never did.
        stop_asked_s: when the grader asked it to stop.
        shutdown_s: when the application had finished its own shutdown.
        exited_s: when the first worker process ended by itself, or the last one after a stop.
        exit_code: of the first worker to end; negative for a signal.
        killed: the grader had to use SIGKILL.
        left_early: it said that it had shut down, and was gone before what it had left open could be seen.
        exceeded: the first limit that was exceeded.
    """

    workers: int
    started_s: float
    ready_s: float | None = None
    stop_asked_s: float | None = None
    shutdown_s: float | None = None
    exited_s: float | None = None
    exit_code: int | None = None
    killed: bool = False
    left_early: bool = False
    exceeded: Excess | None = None
    crash: Crash | None = None
    log: str = ""
    log_bytes: int = 0
    start_watch: Watch | None = None


class StatusClaim(Struct, frozen=True, kw_only=True, tag="status"):
    """These exchanges were answered in full, each with one of these statuses.

    Attributes:
        late: statuses by which a right solution says that a deadline of its own has passed; a busy machine can cause them.
        not_before_s: a late status that comes earlier than this was given too early, whatever the machine.
    """

    exchanges: tuple[int, ...]
    allowed: tuple[int, ...]
    watch: Watch
    late: tuple[int, ...] = ()
    not_before_s: float = 0.0


class ValueClaim(Struct, frozen=True, kw_only=True, tag="value"):
    """A value that was seen is the one that only the grader knew. All are canonical JSON, bounded.

    Attributes:
        late: what a right solution gives when a deadline of its own has passed; a busy machine can cause it.
    """

    what: str
    wanted: str
    seen: str
    exchange: int | None = None
    late: str | None = None


class Relation(StrEnum):
    """How a measured number must stand to its limit."""

    EQUALS = "equals"
    AT_MOST = "at_most"
    AT_LEAST = "at_least"


class CountClaim(Struct, frozen=True, kw_only=True, tag="count"):
    """A number of things seen by the grader; noise cannot change it.

    Attributes:
        late: a deadline that the solution keeps itself can make it wrong, when a busy machine lets it pass.
    """

    what: str
    measured: float
    relation: Relation
    limit: float
    unit: str = ""
    late: bool = False


class ClockClaim(Struct, frozen=True, kw_only=True, tag="clock"):
    """A burst or one exchange took at most, or at least, so long.

    Attributes:
        alone_s: what one request alone is known to take, to explain a miss; None if not known.
    """

    what: str
    exchanges: tuple[int, ...]
    burst: int | None = None
    relation: Relation
    limit_s: float
    alone_s: float | None = None
    watch: Watch


class GateClaim(Struct, frozen=True, kw_only=True, tag="gate"):
    """So many things happened before a generous deadline: a rendezvous.

    Attributes:
        own_limit_s: when so much of the waiting was the code's own doing, it need not be waited for any longer.
    """

    what: str
    wanted: int
    seen: int
    deadline_s: float
    own_limit_s: float
    watch: Watch


Claim = StatusClaim | ValueClaim | CountClaim | ClockClaim | GateClaim


class Subject(StrEnum):
    """Which code an attempt ran."""

    SOLUTION = "solution"
    REFERENCE = "reference"


class Attempt(Struct, frozen=True, kw_only=True):
    """One run of one check against one fresh server.

    Attributes:
        own_deadline_s: the shortest deadline that the solution keeps itself and that the check counts on; None: it has none.
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
