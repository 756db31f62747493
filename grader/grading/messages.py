"""What a command and the processes that grade for it say to one another: one JSON document a line."""

import msgspec

from grader.harness.sandbox import SandboxMode
from grader.report import CheckResult, Report

CHUNK_BYTES = 1 << 16


class Job(msgspec.Struct, frozen=True):
    """What is to be graded, and how.

    Attributes:
        katas: the folder of katas.
        slug: which of them.
        solution: the learner's folder.
        runs_folder: where the evidence is saved.
    """

    katas: str
    slug: str
    solution: str
    runs_folder: str
    sandbox: SandboxMode = SandboxMode.AUTO


class Fork(msgspec.Struct, frozen=True, tag=True):
    """To the forkserver: fork a worker for this job. A socket comes with it, over which the worker speaks."""

    worker: int
    job: Job


class End(msgspec.Struct, frozen=True, tag=True):
    """To the forkserver: end this worker, in order or at once."""

    worker: int
    at_once: bool = False


class Begun(msgspec.Struct, frozen=True, tag=True):
    """From a worker: a check begins."""

    title: str


class Ended(msgspec.Struct, frozen=True, tag=True):
    """From a worker: a check has its result."""

    result: CheckResult


class Graded(msgspec.Struct, frozen=True, tag=True):
    """From a worker, its last word: the report."""

    report: Report


class Refused(msgspec.Struct, frozen=True, tag=True):
    """From a worker, its last word: an expected error, and the exit code that it means."""

    message: str
    hint: str
    exit_code: int


class Crashed(msgspec.Struct, frozen=True, tag=True):
    """From a worker, its last word: a bug of the grader, with its traceback."""

    trace: str


Command = Fork | End
Outcome = Graded | Refused | Crashed
Event = Begun | Ended | Outcome

GO = b"go\n"
"""To a worker that stands ready: read the solution now, and grade it."""


def line_of(message: Command | Event) -> bytes:
    """A message as it is sent."""
    return msgspec.json.encode(message) + b"\n"


def plain(text: str) -> str:
    """A text without halves of characters, which JSON cannot hold; a path can have some."""
    return text.encode(errors="replace").decode()


class Lines:
    """Puts lines together again from what a socket gives."""

    def __init__(self) -> None:
        self._unread = b""

    def take(self, data: bytes) -> list[bytes]:
        """The lines that are whole now."""
        *lines, self._unread = (self._unread + data).split(b"\n")
        return lines


def commands_in(lines: list[bytes]) -> list[Command]:
    """These lines as commands."""
    return [msgspec.json.decode(line, type=Command) for line in lines]


def events_in(lines: list[bytes]) -> list[Event]:
    """These lines as events."""
    return [msgspec.json.decode(line, type=Event) for line in lines]
