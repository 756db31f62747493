"""A worker of the pool: a forked process that grades, and reports to the command over a socket.

A worker for one grading prepares everything, waits for the go-ahead, grades and exits; nothing is left for the next
grading. A worker for a session grades solutions of one kata on request, until its channel closes.
"""

import contextlib
import functools
import signal
import socket
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from grader.catalog.find import find_catalog
from grader.errors import GraderError
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
    grades_in,
    line_of,
    plain,
)
from grader.grading.session import Session, Settings
from grader.measure.cores import pin
from grader.report import CheckResult


class StopWorker(BaseException):
    """Raised in a waiting worker that must exit, so that unwinding the stack cleans everything up."""


def work(job: Job | SessionJob, channel: socket.socket) -> None:
    """Run a worker until its job is done.

    Args:
        job: what to grade.
        channel: the socket to the command.

    Raises:
        StopWorker: it must exit.
    """
    shutdown = Shutdown()
    reporter = Reporter(channel, shutdown)
    with contextlib.suppress(KeyboardInterrupt):  # raised by a grading that is interrupted
        if isinstance(job, Job):
            reporter.send(_outcome_of(lambda: _grade_once(job, channel, reporter, shutdown)))
        else:
            _grade_session(job, channel, reporter, shutdown)


def _outcome_of(grade: Callable[[], Graded]) -> Outcome:
    try:
        return grade()
    except GraderError as error:
        return Refused(plain(error.message), plain(error.hint), type(error).__name__)
    except Exception:
        return WorkerCrashed(plain(traceback.format_exc()))


def _session(job: Job | SessionJob, settings: Settings) -> Session:
    if job.cores:
        pin(job.cores)
    return Session(find_catalog(Path(job.katas)).kata(job.slug), settings)


def _grade_once(
    job: Job, channel: socket.socket, reporter: "Reporter", shutdown: "Shutdown"
) -> Graded:
    with _session(job, Settings(reporter, sandbox=job.sandbox)) as session:
        session.prepare()
        _await_go_ahead(channel, shutdown)
        return session.grade(Path(job.solution))


def _grade_session(
    job: SessionJob, channel: socket.socket, reporter: "Reporter", shutdown: "Shutdown"
) -> None:
    with contextlib.ExitStack() as stack:

        @functools.cache
        def session() -> Session:
            settings = Settings(
                reporter, job.cuts_off, job.raises_broken, job.sandbox, job.stops_early
            )
            return stack.enter_context(_session(job, settings))

        def grade(solution: Path) -> Graded:
            return session().grade(solution)

        for solution in _solutions(channel, shutdown):
            reporter.send(_outcome_of(functools.partial(grade, solution)))


class Shutdown:
    """Handles SIGTERM in a worker.

    A waiting worker exits immediately, and a running check is interrupted. At any other time the request is deferred
    until the worker waits or begins a check, so that set-up and clean-up always finish; the pool allows more time than
    either takes.
    """

    def __init__(self) -> None:
        self.is_requested = False
        self._waits = False
        signal.signal(signal.SIGTERM, self._note)

    @contextlib.contextmanager
    def immediate(self) -> Iterator[None]:
        """Within this block, a request raises `StopWorker`, even one that came earlier."""
        self._waits = True
        try:
            if self.is_requested:
                raise StopWorker
            yield
        finally:
            self._waits = False

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.is_requested = True
        if self._waits:
            raise StopWorker


class Reporter:
    """An `Observer` that reports progress to the command.

    Args:
        channel: the socket to the command.
        shutdown: whether the worker must exit.
    """

    def __init__(self, channel: socket.socket, shutdown: Shutdown) -> None:
        self._channel = channel
        self._shutdown = shutdown

    def check_begins(self, title: str) -> None:
        """Report that a check begins; interrupt it if a shutdown has been requested."""
        if self._shutdown.is_requested:
            signal.raise_signal(signal.SIGTERM)
        self.send(Begun(title))

    def check_ends(self, result: CheckResult) -> None:
        """Report the result of a check."""
        self.send(Ended(result))

    def send(self, event: Event) -> None:
        """Send one event; interrupt the grading if the command has gone."""
        try:
            self._channel.sendall(line_of(event))
        except OSError:
            signal.raise_signal(signal.SIGTERM)


def _solutions(channel: socket.socket, shutdown: Shutdown) -> Iterator[Path]:
    """The solutions that the command sends for grading.

    Raises:
        StopWorker: the session is over, or the command has gone.
    """
    lines = Lines()
    while True:
        with shutdown.immediate():
            data = channel.recv(CHUNK_BYTES)
            if not data:
                raise StopWorker
        yield from (Path(grade.solution) for grade in grades_in(lines.take(data)))


def _await_go_ahead(channel: socket.socket, shutdown: Shutdown) -> None:
    """Wait for the go-ahead without a time limit; the learner may take hours.

    Raises:
        StopWorker: the command has gone, or no longer needs this worker.
    """
    with shutdown.immediate():
        if channel.recv(len(GO)) != GO:
            raise StopWorker
