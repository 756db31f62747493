"""The pool, with a forkserver that only pretends: what it makes of events, errors and exits of workers."""

from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from grader.errors import GraderError, HarnessError, SolutionError
from grader.grading.graded import Graded
from grader.grading.messages import (
    CHUNK_BYTES,
    GO,
    Begun,
    Event,
    Grade,
    Job,
    Lines,
    Refused,
    SessionJob,
    WorkerCrashed,
    grades_in,
    line_of,
)
from grader.grading.observer import NullObserver
from grader.grading.pool import Pool
from grader.grading.worker_handle import GraderCrashed
from tests.cli.pretend import FAIL
from tests.grading.pretended import PretendedForkserver
from tests.waiting import HANG_S, until


@pytest.fixture
def forkserver() -> Iterator[PretendedForkserver]:
    """A forkserver that the test controls."""
    pretended = PretendedForkserver()
    yield pretended
    pretended.close()


JOB = Job("katas", "tiny", "solution")


async def outcome(forkserver: PretendedForkserver, *events: Event) -> Graded | GraderError:
    """The result of a grading whose worker sends these events and exits."""
    pool = Pool(forkserver.ours)
    results: list[Graded | GraderError] = []

    async def ask() -> None:
        results.append(await pool.grade(JOB, NullObserver(), HANG_S))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await anyio.wait_readable(forkserver.theirs)
        with forkserver.channel() as channel:
            assert channel.recv(100) == GO
            channel.sendall(b"".join(map(line_of, events)))
    return results[0]


async def test_a_worker_that_exits_unexpectedly_is_an_error(
    forkserver: PretendedForkserver,
) -> None:
    error = await outcome(forkserver, Begun("A check."))
    assert isinstance(error, HarnessError)
    assert "exited unexpectedly" in error.message


async def test_a_bug_of_the_grader_is_raised_with_its_traceback(
    forkserver: PretendedForkserver,
) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        await outcome(forkserver, WorkerCrashed("Traceback: here"))
    assert caught.group_contains(GraderCrashed, match="Traceback: here")


async def test_an_expected_error_keeps_its_sentences_and_its_class(
    forkserver: PretendedForkserver,
) -> None:
    error = await outcome(forkserver, Refused("No.", "Try again.", "SolutionError"))
    assert isinstance(error, SolutionError)
    assert str(error) == "No. Try again."


async def session_outcome(forkserver: PretendedForkserver, *events: Event) -> Graded | GraderError:
    """The result of the first grading of a session whose worker sends these events and exits."""
    pool = Pool(forkserver.ours)
    results: list[Graded | GraderError] = []

    async def ask() -> None:
        async with pool.session(SessionJob("katas", "tiny")) as session:
            results.append(await session.grade(Path("app.py"), NullObserver(), HANG_S))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await anyio.wait_readable(forkserver.theirs)
        with forkserver.channel() as channel:
            assert grades_in(Lines().take(channel.recv(CHUNK_BYTES))) == [Grade("app.py")]
            channel.sendall(b"".join(map(line_of, events)))
    return results[0]


async def test_a_worker_of_a_session_that_exits_unexpectedly_is_an_error(
    forkserver: PretendedForkserver,
) -> None:
    error = await session_outcome(forkserver, Begun("A check."))
    assert isinstance(error, HarnessError)
    assert "exited unexpectedly" in error.message


async def test_a_bug_of_the_grader_ends_a_session(forkserver: PretendedForkserver) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        await session_outcome(forkserver, WorkerCrashed("Traceback: here"))
    assert caught.group_contains(GraderCrashed, match="Traceback: here")


async def test_a_worker_of_a_session_that_exited_between_two_solutions_is_replaced(
    forkserver: PretendedForkserver,
) -> None:
    results: list[Graded | GraderError] = []

    async def ask_twice() -> None:
        async with Pool(forkserver.ours).session(SessionJob("katas", "tiny")) as session:
            for _ in range(2):
                results.append(await session.grade(Path("app.py"), NullObserver(), HANG_S))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask_twice)
        for _ in range(2):
            with await anyio.to_thread.run_sync(forkserver.channel) as channel:
                channel.sendall(line_of(Begun("A check.")) + line_of(FAIL))
    assert results == [FAIL, FAIL]


async def test_without_a_forkserver_a_session_gives_an_error(
    forkserver: PretendedForkserver,
) -> None:
    forkserver.theirs.close()
    async with Pool(forkserver.ours).session(SessionJob("katas", "tiny")) as session:
        error = await session.grade(Path("app.py"), NullObserver(), HANG_S)
    assert isinstance(error, HarnessError)
    assert "has exited" in error.message


async def test_an_error_of_a_worker_on_standby_is_ignored(
    forkserver: PretendedForkserver,
) -> None:
    pool = Pool(forkserver.ours)
    pool.stand_by(JOB)
    with forkserver.channel() as channel:
        channel.sendall(line_of(Refused("The disk is full.", "", "HarnessError")))
    results: list[Graded | GraderError] = []

    async def ask() -> None:
        results.append(await pool.grade(JOB, NullObserver(), HANG_S))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        with await anyio.to_thread.run_sync(forkserver.channel) as channel:
            channel.sendall(line_of(FAIL))
    assert results == [FAIL]


async def test_without_a_forkserver_a_grading_gives_an_error(
    forkserver: PretendedForkserver,
) -> None:
    forkserver.theirs.close()
    error = await Pool(forkserver.ours).grade(JOB, NullObserver(), HANG_S)
    assert isinstance(error, HarnessError)
    assert "has exited" in error.message


def test_a_worker_on_standby_for_another_kata_is_dismissed(
    forkserver: PretendedForkserver,
) -> None:
    pool = Pool(forkserver.ours)
    pool.stand_by(JOB)
    pool.stand_by(JOB)
    with forkserver.channel() as first:
        pool.stand_by(Job("katas", "other", "solution"))
        with forkserver.channel():
            assert first.recv(100) == b""
            pool.stand_down()


async def test_a_message_that_cannot_be_decoded_is_an_error_of_that_grading_only(
    forkserver: PretendedForkserver,
) -> None:
    unreadable = b'{"type": "Graded", "run": {}}\n'
    results: list[Graded | GraderError] = []

    async def ask_twice() -> None:
        async with Pool(forkserver.ours).session(SessionJob("katas", "tiny")) as session:
            for _ in range(2):
                results.append(await session.grade(Path("app.py"), NullObserver(), HANG_S))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask_twice)
        with await anyio.to_thread.run_sync(forkserver.channel) as channel:
            channel.sendall(line_of(Begun("A check.")) + unreadable)
            await until(lambda: bool(results))
            channel.sendall(line_of(FAIL))
            await until(lambda: len(results) == 2)
    assert isinstance(results[0], HarnessError)
    assert "cannot be decoded" in results[0].message
    assert results[1] == FAIL
