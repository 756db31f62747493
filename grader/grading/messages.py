"""Messages between a command, the forkserver and workers: one JSON document per line."""

import msgspec

from grader.evidence.encoding import encoded
from grader.grading.graded import Graded
from grader.process.sandbox import SandboxMode
from grader.report import CheckResult

CHUNK_BYTES = 1 << 16


class Job(msgspec.Struct, frozen=True, tag=True):
    """A job for a worker: grade one solution.

    Attributes:
        katas: the folder of katas.
        slug: of the kata.
        solution: the learner's folder.
        cores: numbers of the cores that the worker and everything it starts may use; empty for all. Linux only.
    """

    katas: str
    slug: str
    solution: str
    sandbox: SandboxMode = SandboxMode.AUTO
    cores: tuple[int, ...] = ()


class SessionJob(msgspec.Struct, frozen=True, tag=True):
    """A job for a worker: grade solutions of one kata, one after another, in the same environment.

    Attributes:
        katas: the folder of katas.
        slug: of the kata.
        cuts_off: whether a burst may be cut off once it is certain to miss its limit.
        raises_broken: an error that breaks a grading is reported as an error even if some checks have been attempted.
        stops_early: whether the first failed check ends a grading.
        cores: numbers of the cores that the worker and everything it starts may use; empty for all. Linux only.
    """

    katas: str
    slug: str
    cuts_off: bool = True
    raises_broken: bool = False
    stops_early: bool = False
    sandbox: SandboxMode = SandboxMode.AUTO
    cores: tuple[int, ...] = ()


class Fork(msgspec.Struct, frozen=True, tag=True):
    """To the forkserver: fork a worker for this job. The message carries the worker's socket."""

    worker: int
    job: Job | SessionJob


class End(msgspec.Struct, frozen=True, tag=True):
    """To the forkserver: end this worker, with SIGTERM or, `at_once`, with SIGKILL."""

    worker: int
    at_once: bool = False


class Grade(msgspec.Struct, frozen=True):
    """To the worker of a session: grade this solution."""

    solution: str


class Begun(msgspec.Struct, frozen=True, tag=True):
    """From a worker: a check begins."""

    title: str


class Ended(msgspec.Struct, frozen=True, tag=True):
    """From a worker: a check has its result."""

    result: CheckResult


class Refused(msgspec.Struct, frozen=True, tag=True):
    """From a worker, ends a grading: an expected error, and the name of its class in `grader.errors`."""

    message: str
    hint: str
    kind: str


class WorkerCrashed(msgspec.Struct, frozen=True, tag=True):
    """From a worker, ends a grading: a bug of the grader, with its traceback."""

    trace: str


Command = Fork | End
Outcome = Graded | Refused | WorkerCrashed
"""From a worker: the last message of a grading."""

Event = Begun | Ended | Outcome

GO = b"go\n"
"""To a worker on standby: read the solution now, and grade it."""


def line_of(message: Command | Grade | Event) -> bytes:
    """The encoded message, with a line break."""
    return encoded(message) + b"\n"


def plain(text: str) -> str:
    """The text without lone surrogates, which occur in paths and cannot be encoded as UTF-8."""
    return text.encode(errors="replace").decode()


class Lines:
    """Reassembles lines of any length from the pieces that a socket delivers."""

    def __init__(self) -> None:
        self._unread = bytearray()

    def take(self, data: bytes) -> list[bytes]:
        """The lines completed by this piece, without line breaks."""
        # Only the new piece is searched: evidence is a line of megabytes that arrives in small pieces.
        self._unread += data
        if b"\n" not in data:
            return []
        *lines, rest = bytes(self._unread).split(b"\n")
        self._unread = bytearray(rest)
        return lines


def commands_in(lines: list[bytes]) -> list[Command]:
    """Decode commands to the forkserver."""
    return [msgspec.json.decode(line, type=Command) for line in lines]


def grades_in(lines: list[bytes]) -> list[Grade]:
    """Decode requests to the worker of a session."""
    return [msgspec.json.decode(line, type=Grade) for line in lines]


def events_in(lines: list[bytes]) -> list[Event]:
    """Decode events of a worker."""
    return [msgspec.json.decode(line, type=Event) for line in lines]
