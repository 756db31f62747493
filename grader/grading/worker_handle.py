"""A worker of the pool as the command sees it: a socket, and what is heard on it."""

import contextlib
import math
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field

import anyio
import msgspec

from grader import errors
from grader.errors import GraderError, HarnessError
from grader.grading.graded import Graded
from grader.grading.messages import (
    CHUNK_BYTES,
    GO,
    Begun,
    Crashed,
    Ended,
    Event,
    Job,
    Lines,
    Outcome,
    Refused,
    SeriesJob,
    events_in,
)
from grader.grading.observer import Observer

TICK_S = 1.0
"""A limit is counted in steps of this, so that a process that was stopped loses no more than one."""


class GraderCrashed(Exception):
    """A worker met a bug of the grader; its text is the traceback there."""


@dataclass
class Worker:
    """A worker, as the command knows it.

    Attributes:
        number: by which the forkserver knows it.
        job: what it is for.
        channel: the socket to it.
        has_begun: it has told of a check of the grading under way.
        has_ended: its end of the socket is closed.
    """

    number: int
    job: Job | SeriesJob
    channel: socket.socket
    has_begun: bool = False
    has_ended: bool = False
    lines: Lines = field(default_factory=Lines)

    def give_the_word(self) -> None:
        """Let it grade; one that has ended shows that when it is listened to."""
        self.send(GO)

    def send(self, data: bytes) -> None:
        """Send it this; one that has ended shows that when it is listened to."""
        with contextlib.suppress(OSError):
            self.channel.sendall(data)

    async def hear(self) -> Sequence[Event]:
        """What it says next; nothing any more when it `has_ended`."""
        await anyio.wait_readable(self.channel)
        try:
            data = self.channel.recv(CHUNK_BYTES)
        except OSError:
            data = b""
        self.has_ended = not data
        try:
            return events_in(self.lines.take(data))
        except msgspec.MsgspecError as error:  # this grading is lost, and no other one
            return [
                Refused(
                    f"What the process that graded has said cannot be read: {error}.",
                    "Please report it.",
                    "HarnessError",
                )
            ]


def result_of(outcome: Outcome | None) -> Graded | GraderError:
    """What a grading came to, as what was graded or the expected error that ended it; None is a worker that has ended.

    Raises:
        GraderCrashed: it was a bug of the grader.
    """
    if outcome is None:
        return HarnessError(
            "The process that graded exited unexpectedly.",
            "Close what takes this machine's memory, and grade again.",
        )
    if isinstance(outcome, Crashed):
        raise GraderCrashed(outcome.trace)
    return outcome if isinstance(outcome, Graded) else _error_of(outcome)


def out_of_time() -> HarnessError:
    """The error of a grading that took too long."""
    return HarnessError("The grading did not end in time.", "If it recurs, please report it.")


async def outcome_of(worker: Worker, observer: Observer, limit_s: float) -> Outcome | None:
    """Listen to a worker until it has graded; None when it has ended before.

    Time in which this process is stopped, as by Ctrl-Z, does not count: the worker goes on meanwhile.

    Raises:
        TimeoutError: it took longer.
    """
    for _ in range(math.ceil(limit_s / TICK_S)):
        with anyio.move_on_after(TICK_S):
            return await _next_outcome(worker, observer)
    raise TimeoutError


async def _next_outcome(worker: Worker, observer: Observer) -> Outcome | None:
    while not worker.has_ended:
        for event in await worker.hear():
            if isinstance(event, Begun):
                worker.has_begun = True
                observer.check_begins(event.title)
            elif isinstance(event, Ended):
                observer.check_ends(event.result)
            else:
                return event
    return None


def _error_of(refused: Refused) -> GraderError:
    kind: type[GraderError] = getattr(errors, refused.kind, GraderError)
    return kind(refused.message, refused.hint)
