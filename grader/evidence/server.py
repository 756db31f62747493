"""The life of a server: its processes, what they held and printed, and what was told from inside."""

from msgspec import Struct, field

from grader.evidence.machine import Watch


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
    """A time in which the event loop stood still in the learner's code, as told from inside;
    explains, never decides.
    """

    at_s: float
    duration_s: float
    frame: Frame


class WaitingTask(Struct, frozen=True, kw_only=True):
    """Asyncio tasks of the solution that wait at the same line of the learner's code, as told from inside; explains
    only.
    """

    frame: Frame
    count: int


class Crash(Struct, frozen=True, kw_only=True):
    """An exception that ended a server process, as told from inside; explains, never decides."""

    phase: str
    type: str
    message: str
    frames: tuple[Frame, ...] = ()


class Excess(Struct, frozen=True, kw_only=True):
    """A limit that the server's processes exceeded, by themselves or in a service, and for which they were killed.

    Attributes:
        what: `memory_bytes`, `processes`, `threads`, `cpu_s`, `output_bytes`, or what a service calls it; the ending is
            the unit.
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
