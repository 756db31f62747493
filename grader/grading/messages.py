"""What a command and the processes that grade for it say to one another: one JSON document a line."""

import msgspec

from grader.evidence.encoding import encoded
from grader.grading.graded import Graded
from grader.process.sandbox import SandboxMode
from grader.report import CheckResult

CHUNK_BYTES = 1 << 16


class Job(msgspec.Struct, frozen=True, tag=True):
    """What is to be graded, and how.

    Attributes:
        katas: the folder of katas.
        slug: which of them.
        solution: the learner's folder.
        cores: numbers of those on which it may run, with all that it starts; all by default. Linux only.
    """

    katas: str
    slug: str
    solution: str
    sandbox: SandboxMode = SandboxMode.AUTO
    cores: tuple[int, ...] = ()


class SeriesJob(msgspec.Struct, frozen=True, tag=True):
    """A kata whose solutions are to be graded one after another in the same environment, and how.

    Attributes:
        katas: the folder of katas.
        slug: which of them.
        cuts_off: whether a burst may be cut off once it is certain to miss its limit.
        raises_broken: what broke a grading is an error even when some checks have been tried already.
        cores: numbers of those on which it may run, with all that it starts; all by default. Linux only.
    """

    katas: str
    slug: str
    cuts_off: bool = True
    raises_broken: bool = False
    sandbox: SandboxMode = SandboxMode.AUTO
    cores: tuple[int, ...] = ()


class Fork(msgspec.Struct, frozen=True, tag=True):
    """To the forkserver: fork a worker for this job. A socket comes with it, over which the worker speaks."""

    worker: int
    job: Job | SeriesJob


class End(msgspec.Struct, frozen=True, tag=True):
    """To the forkserver: end this worker, in order or at once."""

    worker: int
    at_once: bool = False


class Grade(msgspec.Struct, frozen=True):
    """To the worker of a series: grade this solution, a file or a folder."""

    solution: str


class Begun(msgspec.Struct, frozen=True, tag=True):
    """From a worker: a check begins."""

    title: str


class Ended(msgspec.Struct, frozen=True, tag=True):
    """From a worker: a check has its result."""

    result: CheckResult


class Refused(msgspec.Struct, frozen=True, tag=True):
    """From a worker, the last of a grading: an expected error, and the name of its class in `grader.errors`."""

    message: str
    hint: str
    kind: str


class Crashed(msgspec.Struct, frozen=True, tag=True):
    """From a worker, the last of a grading: a bug of the grader, with its traceback."""

    trace: str


Command = Fork | End
Outcome = Graded | Refused | Crashed
"""From a worker, the last of a grading."""

Event = Begun | Ended | Outcome

GO = b"go\n"
"""To a worker that stands ready: read the solution now, and grade it."""


def line_of(message: Command | Grade | Event) -> bytes:
    """A message as it is sent."""
    return encoded(message) + b"\n"


def plain(text: str) -> str:
    """A text without halves of characters, which JSON cannot hold; a path can have some."""
    return text.encode(errors="replace").decode()


class Lines:
    """Puts lines together again from what a socket gives, however long they are."""

    def __init__(self) -> None:
        self._unread = bytearray()

    def take(self, data: bytes) -> list[bytes]:
        """The lines that are whole now."""
        # Only what is new is searched: a line with the evidence of a grading has megabytes, and comes in small pieces.
        self._unread += data
        if b"\n" not in data:
            return []
        *lines, rest = bytes(self._unread).split(b"\n")
        self._unread = bytearray(rest)
        return lines


def commands_in(lines: list[bytes]) -> list[Command]:
    """These lines as commands."""
    return [msgspec.json.decode(line, type=Command) for line in lines]


def grades_in(lines: list[bytes]) -> list[Grade]:
    """These lines as what a series is asked for."""
    return [msgspec.json.decode(line, type=Grade) for line in lines]


def events_in(lines: list[bytes]) -> list[Event]:
    """These lines as events."""
    return [msgspec.json.decode(line, type=Event) for line in lines]
