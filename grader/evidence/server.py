"""The life of a server: its processes, their resources and output, and what they reported from inside."""

from msgspec import Struct, field

from grader.evidence.machine import Watch


class Sample(Struct, frozen=True, kw_only=True):
    """The resources that all of the solution's processes together used at one moment.

    Attributes:
        at_s: when the sample was taken.
        processes: number of live processes: the server's and their descendants.
        cpu_s: CPU seconds since they started, user and system, including children that have exited.
        own_cpu_s: CPU seconds of the server's own processes, without their children.
        children: CPU seconds of each live descendant, by pid.
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
    """One frame of a traceback, in the learner's own files."""

    file: str
    line: int
    function: str
    source: str


class Stall(Struct, frozen=True, kw_only=True):
    """A stretch of time in which the learner's code blocked the event loop, reported from inside the process. It
    explains a verdict and never decides one.
    """

    at_s: float
    duration_s: float
    frame: Frame


class WaitingTask(Struct, frozen=True, kw_only=True):
    """Asyncio tasks that wait at the same line of the learner's code, reported from inside the process. They explain a
    verdict and never decide one.
    """

    frame: Frame
    count: int


class Crash(Struct, frozen=True, kw_only=True):
    """An exception that ended a server process, found in what the process printed. It explains a verdict and never
    decides one.
    """

    phase: str
    type: str
    message: str
    frames: tuple[Frame, ...] = ()


class Excess(Struct, frozen=True, kw_only=True):
    """A limit that the solution exceeded, in its own processes or in a service; its server was killed for it.

    Attributes:
        what: `memory_bytes`, `processes`, `threads`, `cpu_s`, `output_bytes`, or a service's name for the limit. The
            suffix is the unit.
        limit: how much is allowed.
        seen: how much was measured.
        noun: the thing that a service limits, capitalized: "Database"; empty for limits of the processes.
        of: completes the noun: "on disk".
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
        ready_s: when all workers accepted connections; None if they never did.
        stop_asked_s: when the grader asked the server to stop.
        shutdown_s: when the application had finished its shutdown.
        exited_s: when the first worker exited unexpectedly, or the last one after a stop.
        exit_code: of the first worker that exited; negative for a signal.
        killed: the server did not stop in time and got SIGKILL.
        left_early: the server reported that it had shut down, but exited by itself before the grader could see what
            it had left open.
        exceeded: the first limit that was exceeded.
        log: what the processes printed, without the middle of a long output.
        log_bytes: how much they printed in all.
        start_watch: of the time in which the server started.
        stop_watch: of the time in which it stopped, or had to; None if it was not asked to, or in older runs.
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
    stop_watch: Watch | None = None
