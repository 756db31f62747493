"""The life of a server: its processes, what they held and printed, and what they reported from inside."""

from msgspec import Struct, field

from grader.evidence.machine import Watch


class Sample(Struct, frozen=True, kw_only=True):
    """What all of the solution's processes together held at one moment.

    Attributes:
        at_s: that moment.
        processes: number of live processes: the server's and their descendants.
        cpu_s: CPU seconds used since they started, user and system, including children that have ended.
        own_cpu_s: CPU seconds of the server's own processes, without any child.
        children: the CPU seconds that each live descendant used itself, by pid.
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
    """A stretch of time in which the learner's code blocked the event loop, as reported from inside the process. It
    explains a verdict and never decides one.
    """

    at_s: float
    duration_s: float
    frame: Frame


class WaitingTask(Struct, frozen=True, kw_only=True):
    """Asyncio tasks of the solution that wait at the same line of the learner's code, as reported from inside the
    process. It explains a verdict and never decides one.
    """

    frame: Frame
    count: int


class Crash(Struct, frozen=True, kw_only=True):
    """An exception that ended a server process, as reported from inside it. It explains a verdict and never decides
    one.
    """

    phase: str
    type: str
    message: str
    frames: tuple[Frame, ...] = ()


class Excess(Struct, frozen=True, kw_only=True):
    """A limit that the server's processes exceeded, themselves or in a service, and for which they were killed.

    Attributes:
        what: `memory_bytes`, `processes`, `threads`, `cpu_s`, `output_bytes`, or a service's name for it. Its ending is
            the unit.
        limit: how much was allowed.
        seen: how much was found.
        noun: what a service limits, as the beginning of a sentence: "Database"; empty for the server's own limits.
        of: how a service counts it: "on disk".
    """

    what: str
    limit: float
    seen: float
    noun: str = ""
    of: str = ""


class ServerLife(Struct, frozen=True, kw_only=True):
    """The life of one server, with all its worker processes.

    Attributes:
        workers: number of worker processes.
        ready_s: when the last worker began to accept connections; None if it never did.
        stop_asked_s: when the grader asked the server to stop.
        shutdown_s: when the application had finished its own shutdown.
        exited_s: when the first worker exited on its own, or the last one after a stop.
        exit_code: of the first worker that exited; negative for a signal.
        killed: the grader had to use SIGKILL.
        left_early: the server reported that it had shut down, but exited before the grader could see what it had left
            open.
        exceeded: the first limit that was exceeded.
        log: what the processes printed; the middle of a long output is left out.
        log_bytes: how much they printed.
        start_watch: the machine while the server started.
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
