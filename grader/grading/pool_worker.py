"""The forkserver: a process that has the whole grader imported, and forks workers.

It has one thread and no event loop, so forking it is safe at any time; the command itself may have threads. A worker
for one grading makes everything ready, waits for the word, grades, and ends: nothing of one grading is left for the
next. A worker for a series grades solutions of one kata as it is asked, until its channel closes. Forkserver and
workers are in a session of their own, so that Ctrl-C and Ctrl-Z reach the command alone: a grading that was stopped for
a while would look slow.

When the command goes away, by whatever means, its socket closes: the forkserver ends its workers and itself.
"""

import contextlib
import functools
import gc
import importlib
import os
import signal
import socket
import time
import traceback
from collections import deque
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
    Crashed,
    End,
    Ended,
    Event,
    Fork,
    Job,
    Lines,
    Outcome,
    Refused,
    SeriesJob,
    commands_in,
    grades_in,
    line_of,
    plain,
)
from grader.grading.session import Session, Settings
from grader.measure.cores import pin
from grader.registry import SERVICES
from grader.report import CheckResult

DESCRIPTORS = 16
"""How many come with one message at most; one is usual."""

WARM = (
    "grader.grading.pytest_runner",
    "grader.checks.api",
    *(service.module for service in SERVICES.values()),
)
"""What a worker needs beyond the modules named above; half of all the imports."""

END_S = 10.0
END_POLL_S = 0.02
"""How long workers may take to end in order when the command has gone, and the polling interval."""


class BrokenOff(BaseException):
    """A worker is to end while it waits; unwinds everything, so that all is cleaned up."""


def main(control: int) -> None:
    """Be the forkserver.

    Args:
        control: descriptor of the socket to the command.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    forkserver = Forkserver(socket.socket(fileno=control))
    forked = forkserver.run()
    if forked is not None:
        with contextlib.suppress(BrokenOff):
            work(*forked)
    # Nothing is left to be tidied up, and tidying up all that was imported would take a while.
    os._exit(0)


class Forkserver:
    """Forks workers until the command has gone.

    Args:
        control: the socket to the command.
    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._lines = Lines()
        self._descriptors: deque[int] = deque()
        self._workers: dict[int, int] = {}
        self._is_warm = False

    def run(self) -> tuple[Job | SeriesJob, socket.socket] | None:
        """Serve commands; returns its job and its socket in a forked worker, None in the forkserver when the command
        has gone.
        """
        while True:
            data, descriptors, _, _ = socket.recv_fds(self._control, CHUNK_BYTES, DESCRIPTORS)
            if not data:
                self._end_all()
                return None
            self._descriptors += descriptors
            for command in commands_in(self._lines.take(data)):
                self._reap()
                if isinstance(command, End):
                    self._end(command)
                    continue
                forked = self._fork(command)
                if forked is not None:
                    return forked
            self._warm_up()

    def _fork(self, command: Fork) -> tuple[Job | SeriesJob, socket.socket] | None:
        if self._workers:
            self._warm_up()
        channel = socket.socket(fileno=self._descriptors.popleft())
        pid = os.fork()
        if pid == 0:
            self._control.close()
            for (
                descriptor
            ) in self._descriptors:  # a channel that lives on here would never be seen to close
                os.close(descriptor)
            return command.job, channel
        channel.close()
        self._workers[command.worker] = pid
        return None

    def _warm_up(self) -> None:
        """Import the rest, after the first worker was forked: that one imports it beside the solution's launcher, as
        `kata check` does.
        """
        if not self._is_warm:
            self._is_warm = True
            for name in WARM:
                importlib.import_module(name)
            gc.freeze()

    def _end(self, command: End) -> None:
        # A worker that has ended and was not reaped keeps its pid, so this never hits another process.
        if command.worker in self._workers:
            os.kill(
                self._workers[command.worker], signal.SIGKILL if command.at_once else signal.SIGTERM
            )

    def _reap(self) -> None:
        for worker, pid in list(self._workers.items()):
            if os.waitpid(pid, os.WNOHANG)[0]:
                del self._workers[worker]

    def _end_all(self) -> None:
        for worker in list(self._workers):
            self._end(End(worker))
        ends = time.monotonic() + END_S
        while self._workers and time.monotonic() < ends:
            self._reap()
            time.sleep(END_POLL_S)
        for worker in list(self._workers):
            self._end(End(worker, at_once=True))


def work(job: Job | SeriesJob, channel: socket.socket) -> None:
    """Be a worker until all is graded.

    Args:
        job: what to grade.
        channel: the socket to the command.

    Raises:
        BrokenOff: it was told to end.
    """
    ending = Ending()
    teller = Teller(channel, ending)
    with contextlib.suppress(KeyboardInterrupt):  # how a grading ends that is broken off
        if isinstance(job, Job):
            teller.say(_outcome_of(lambda: _grade_once(job, channel, teller, ending)))
        else:
            _grade_series(job, channel, teller, ending)


def _outcome_of(grade: Callable[[], Graded]) -> Outcome:
    try:
        return grade()
    except GraderError as error:
        return Refused(plain(error.message), plain(error.hint), type(error).__name__)
    except Exception:
        return Crashed(plain(traceback.format_exc()))


def _session(job: Job | SeriesJob, settings: Settings) -> Session:
    if job.cores:
        pin(job.cores)
    return Session(find_catalog(Path(job.katas)).kata(job.slug), settings)


def _grade_once(job: Job, channel: socket.socket, teller: "Teller", ending: "Ending") -> Graded:
    with _session(job, Settings(teller, sandbox=job.sandbox)) as session:
        session.prepare()
        _await_the_word(channel, ending)
        return session.grade(Path(job.solution))


def _grade_series(
    job: SeriesJob, channel: socket.socket, teller: "Teller", ending: "Ending"
) -> None:
    with contextlib.ExitStack() as stack:

        @functools.cache
        def session() -> Session:
            return stack.enter_context(
                _session(job, Settings(teller, job.cuts_off, job.raises_broken, job.sandbox))
            )

        def grade(solution: Path) -> Graded:
            return session().grade(solution)

        for solution in _solutions(channel, ending):
            teller.say(_outcome_of(functools.partial(grade, solution)))


class Ending:
    """SIGTERM to a worker: ends it while it waits, and a check that is under way; else it is noted until one of these
    comes.

    What is half made, or half cleaned up, is never torn apart; the pool waits longer than either takes.
    """

    def __init__(self) -> None:
        self.is_wanted = False
        self._waits = False
        signal.signal(signal.SIGTERM, self._note)

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """In this block it raises `BrokenOff`, also when it has come already."""
        self._waits = True
        try:
            if self.is_wanted:
                raise BrokenOff
            yield
        finally:
            self._waits = False

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.is_wanted = True
        if self._waits:
            raise BrokenOff


class Teller:
    """Tells the command how a grading goes; an `Observer`.

    Args:
        channel: the socket to the command.
        ending: whether the worker is to end.
    """

    def __init__(self, channel: socket.socket, ending: Ending) -> None:
        self._channel = channel
        self._ending = ending

    def check_begins(self, title: str) -> None:
        """A check begins, or is broken off if that was wanted before."""
        if self._ending.is_wanted:
            signal.raise_signal(signal.SIGTERM)
        self.say(Begun(title))

    def check_ends(self, result: CheckResult) -> None:
        """A check has its result."""
        self.say(Ended(result))

    def say(self, event: Event) -> None:
        """Send one event; when nobody listens any more, the grading is broken off."""
        try:
            self._channel.sendall(line_of(event))
        except OSError:
            signal.raise_signal(signal.SIGTERM)


def _solutions(channel: socket.socket, ending: Ending) -> Iterator[Path]:
    """The solutions that are to be graded, as they are asked for.

    Raises:
        BrokenOff: the series is to end, or the command has gone.
    """
    lines = Lines()
    while True:
        with ending.at_once():
            data = channel.recv(CHUNK_BYTES)
            if not data:
                raise BrokenOff
        yield from (Path(grade.solution) for grade in grades_in(lines.take(data)))


def _await_the_word(channel: socket.socket, ending: Ending) -> None:
    """Wait for the word; for as long as it takes, since the learner may think for hours.

    Raises:
        BrokenOff: the command has gone, or wants no more.
    """
    with ending.at_once():
        if channel.recv(len(GO)) != GO:
            raise BrokenOff
