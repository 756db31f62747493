"""The command's handle of a worker: its socket, and the events that arrive on it."""

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
    Ended,
    Event,
    Job,
    Lines,
    Outcome,
    Refused,
    SessionJob,
    WorkerCrashed,
    events_in,
)
from grader.grading.observer import Observer

TICK_S = 1.0
"""Limits are counted in steps of this length, so that suspending the command costs at most one step."""


class GraderCrashed(Exception):
    """A bug of the grader in a worker; the text is its traceback."""


@dataclass
class Worker:
    """The command's handle of a worker.

    Attributes:
        number: identifies it to the forkserver.
        job: for which it was forked.
        channel: the socket to it.
        has_begun: the current grading has begun its first check.
        has_ended: the worker's end of the socket is closed.
    """

    number: int
    job: Job | SessionJob
    channel: socket.socket
    has_begun: bool = False
    has_ended: bool = False
    lines: Lines = field(default_factory=Lines)

    def give_go_ahead(self) -> None:
        """Let the worker grade. If it has exited, `receive` reports that."""
        self.send(GO)

    def send(self, data: bytes) -> None:
        """Send data. If the worker has exited, `receive` reports that."""
        with contextlib.suppress(OSError):
            self.channel.sendall(data)

    async def receive(self) -> Sequence[Event]:
        """Wait for its next events; none once it `has_ended`."""
        await anyio.wait_readable(self.channel)
        try:
            data = self.channel.recv(CHUNK_BYTES)
        except OSError:
            data = b""
        self.has_ended = not data
        try:
            return events_in(self.lines.take(data))
        except msgspec.MsgspecError as error:  # only this grading is lost
            return [
                Refused(
                    f"A message of the grading process cannot be decoded: {error}.",
                    "Please report it.",
                    "HarnessError",
                )
            ]


def result_of(outcome: Outcome | None) -> Graded | GraderError:
    """The result of a grading, or the expected error that ended it.

    Args:
        outcome: the last message of the worker; None if it exited without one.

    Raises:
        GraderCrashed: the worker met a bug of the grader.
    """
    if outcome is None:
        return HarnessError(
            "The grading process exited unexpectedly.",
            "Close programs that use much memory, and grade again.",
        )
    if isinstance(outcome, WorkerCrashed):
        raise GraderCrashed(outcome.trace)
    return outcome if isinstance(outcome, Graded) else _error_of(outcome)


def out_of_time() -> HarnessError:
    """The error of a grading that took too long."""
    return HarnessError("The grading took too long.", "If it recurs, please report it.")


async def outcome_of(worker: Worker, observer: Observer, limit_s: float) -> Outcome | None:
    """Wait for the last message of a grading, and pass other events to the observer.

    Time during which this process is suspended, for instance by Ctrl-Z, does not count.

    Returns:
        the message; None if the worker exited without one.

    Raises:
        TimeoutError: it took longer.
    """
    for _ in range(math.ceil(limit_s / TICK_S)):
        with anyio.move_on_after(TICK_S):
            return await _next_outcome(worker, observer)
    raise TimeoutError


async def _next_outcome(worker: Worker, observer: Observer) -> Outcome | None:
    while not worker.has_ended:
        for event in await worker.receive():
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
