"""The pool of workers: quick because everything stands ready, and nothing is left when they are broken off."""

import contextlib
import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import psutil
import pytest
from msgspec import structs

from grader.errors import ExitCode, GraderError, HarnessError, KataPackageError, SolutionError
from grader.grading.graded import Graded
from grader.grading.messages import (
    CHUNK_BYTES,
    GO,
    Begun,
    Command,
    Crashed,
    End,
    Event,
    Fork,
    Grade,
    Job,
    Lines,
    Refused,
    SeriesJob,
    commands_in,
    events_in,
    grades_in,
    line_of,
)
from grader.grading.observer import NullObserver
from grader.grading.pool import Pool, running_pool
from grader.grading.worker_handle import GraderCrashed
from grader.report import CheckResult, Verdict
from tests.cli.pretend import FAIL
from tests.conftest import APP, CHECKS
from tests.waiting import HANG_S, until

pytestmark = pytest.mark.slow

HANGING = (
    CHECKS.replace("async def test_it_answers", "async def test_it_hangs")
    + "    import anyio\n    await anyio.sleep(600)\n"
)


class Notes:
    """An observer that keeps what it is told."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.results: list[CheckResult] = []

    def check_begins(self, title: str) -> None:
        self.begun.append(title)

    def check_ends(self, result: CheckResult) -> None:
        self.results.append(result)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where gradings have their temporary files."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.fixture
def job(make_kata: Callable[..., Path], tmp_path: Path) -> Job:
    """A right solution of a small kata."""
    return job_of(make_kata(), tmp_path)


def job_of(katas: Path, folder: Path, answer: str = "yes") -> Job:
    solution = folder / "solution"
    solution.mkdir(exist_ok=True)
    (solution / "app.py").write_text(APP.replace("{answer}", answer))
    return Job(str(katas), "tiny", str(solution))


async def must_be_clean(temporary: Path) -> None:
    """No file of a grading is left, and no process that names its folder, but for one that is just noticing that its
    parent has ended.
    """
    assert names_in(temporary) == []
    await until(lambda: not any(str(temporary) in words for words in command_lines()))


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def command_lines() -> Iterator[str]:
    """Those of all processes."""
    return (" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"]))


async def test_what_stands_ready_grades_what_is_there_when_it_is_asked(
    job: Job, tmp_path: Path, temporary: Path
) -> None:
    notes = Notes()
    with running_pool() as pool:
        passed = await pool.grade(job, notes, HANG_S)
        pool.stand_by(job)
        job_of(Path(job.katas), tmp_path, answer="no")
        failed = await pool.grade(job, notes, HANG_S)
    assert isinstance(passed, Graded)
    assert isinstance(failed, Graded)
    assert (passed.report.verdict, failed.report.verdict) == (Verdict.PASSED, Verdict.FAILED)
    assert notes.begun == ["It answers with yes."] * 2
    assert tuple(notes.results) == passed.report.checks + failed.report.checks
    assert all(record.attempts for graded in (passed, failed) for record in graded.run.checks)
    await must_be_clean(temporary)


def launchers() -> list[psutil.Process]:
    """What is forked for solutions, or the sandbox around it."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "grader.child" in " ".join(process.cmdline()):
                found.append(process)
    return found


def has_ended(process: psutil.Process) -> bool:
    """Whether it is gone, or nobody has asked yet how it ended."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def test_what_stood_ready_and_has_ended_meanwhile_is_replaced(
    job: Job, temporary: Path
) -> None:
    others = launchers()
    with running_pool() as pool:
        pool.stand_by(job)
        with anyio.fail_after(HANG_S):
            # One that is killed before its sandbox stands leaves a child, which the next grading ends.
            standing: list[psutil.Process] = []
            while not any(process.name() != "bwrap" for process in standing):
                await anyio.sleep(0.05)
                standing = [process for process in launchers() if process not in others]
        for process in standing:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        with anyio.fail_after(HANG_S):
            while not all(has_ended(process) for process in standing):
                await anyio.sleep(0.01)
        graded = await pool.grade(job, NullObserver(), HANG_S)
    assert isinstance(graded, Graded)
    assert graded.report.verdict is Verdict.PASSED
    await must_be_clean(temporary)


async def test_a_grading_that_is_broken_off_leaves_nothing_and_the_next_one_works(
    make_kata: Callable[..., Path], tmp_path: Path, temporary: Path
) -> None:
    job = job_of(make_kata(checks=HANGING), tmp_path)
    with running_pool() as pool:
        notes = Notes()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pool.grade, job, notes, HANG_S)
            with anyio.fail_after(HANG_S):
                while not notes.begun:
                    await anyio.sleep(0.02)
            tasks.cancel_scope.cancel()
        await must_be_clean(temporary)
        make_kata()
        graded = await pool.grade(job, NullObserver(), HANG_S)
    assert isinstance(graded, Graded)
    assert graded.report.verdict is Verdict.PASSED


async def test_what_cannot_be_graded_is_an_error_and_not_the_end(job: Job, temporary: Path) -> None:
    (Path(job.solution) / "app.py").unlink()
    with running_pool() as pool:
        error = await pool.grade(job, NullObserver(), HANG_S)
    assert isinstance(error, GraderError)
    assert "has no app.py" in error.message
    assert error.exit_code is ExitCode.USAGE
    await must_be_clean(temporary)


# ---- a series -------------------------------------------------------------------------------------------------------


@pytest.fixture
def series_job(job: Job) -> SeriesJob:
    """The same kata, for several solutions."""
    return SeriesJob(job.katas, job.slug)


def example(job: SeriesJob, name: str) -> Path:
    return Path(job.katas, job.slug, name)


def outermost(processes: list[psutil.Process]) -> set[psutil.Process]:
    """Those that no other one of these has started: launchers, and not the servers that they fork, which end when they
    like.
    """
    found = set()
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.parent() not in processes:
                found.add(process)
    return found


async def test_a_series_grades_one_solution_after_another_with_the_same_launcher(
    series_job: SeriesJob, temporary: Path
) -> None:
    others = outermost(launchers())
    with running_pool() as pool:
        async with pool.series(series_job) as series:
            passed = await series.grade(
                example(series_job, "accepted/reference.py"), NullObserver(), HANG_S
            )
            first = outermost(launchers()) - others
            failed = await series.grade(
                example(series_job, "rejected/wrong.py"), NullObserver(), HANG_S
            )
            second = outermost(launchers()) - others
        await must_be_clean(temporary)
    assert isinstance(passed, Graded)
    assert isinstance(failed, Graded)
    assert (passed.report.verdict, failed.report.verdict) == (Verdict.PASSED, Verdict.FAILED)
    assert first == second != set()


async def test_what_is_no_solution_is_an_error_and_the_series_goes_on(
    series_job: SeriesJob,
) -> None:
    with running_pool() as pool:
        async with pool.series(series_job) as series:
            error = await series.grade(
                example(series_job, "rejected/absent.py"), NullObserver(), HANG_S
            )
            graded = await series.grade(
                example(series_job, "accepted/reference.py"), NullObserver(), HANG_S
            )
    assert isinstance(error, SolutionError)
    assert isinstance(graded, Graded)


async def test_a_kata_that_cannot_be_read_is_an_error_of_its_class(series_job: SeriesJob) -> None:
    example(series_job, "kata.toml").write_text("format = 99")
    with running_pool() as pool:
        async with pool.series(series_job) as series:
            error = await series.grade(
                example(series_job, "accepted/reference.py"), NullObserver(), HANG_S
            )
    assert isinstance(error, KataPackageError)


ASKS_FOR_CORES = (
    APP.replace("{answer}", "")
    .replace("from fastapi", "import os\nfrom fastapi")
    .replace('return ""', 'return "yes" if len(os.sched_getaffinity(0)) == 1 else "no"')
)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux pins processes")
async def test_a_worker_can_be_kept_to_some_cores_with_all_that_it_starts(
    job: Job, tmp_path: Path
) -> None:
    (tmp_path / "cores.py").write_text(ASKS_FOR_CORES)
    core = min(os.sched_getaffinity(0))
    with running_pool() as pool:
        async with pool.series(SeriesJob(job.katas, job.slug, cores=(core,))) as series:
            pinned = await series.grade(tmp_path / "cores.py", NullObserver(), HANG_S)
        (Path(job.solution) / "app.py").write_text(ASKS_FOR_CORES)
        once = await pool.grade(structs.replace(job, cores=(core,)), NullObserver(), HANG_S)
    for graded in (pinned, once):
        assert isinstance(graded, Graded)
        assert graded.report.verdict is Verdict.PASSED
        watches = [attempt.watch for record in graded.run.checks for attempt in record.attempts]
        assert {watch.cores for watch in watches if watch is not None} == {1}


async def test_a_series_that_is_broken_off_leaves_nothing(
    make_kata: Callable[..., Path], tmp_path: Path, temporary: Path
) -> None:
    katas = make_kata(checks=HANGING)
    job, notes = SeriesJob(str(katas), "tiny"), Notes()
    with running_pool() as pool:
        async with pool.series(job) as series, anyio.create_task_group() as tasks:
            tasks.start_soon(series.grade, example(job, "accepted/reference.py"), notes, HANG_S)
            with anyio.fail_after(HANG_S):
                while not notes.begun:
                    await anyio.sleep(0.02)
            tasks.cancel_scope.cancel()
        await must_be_clean(temporary)


def workers() -> list[psutil.Process]:
    """Those of the pools of this process; their forkservers are its children, and they are theirs."""
    forkservers = [
        child for child in psutil.Process().children() if "forkserver" in " ".join(child.cmdline())
    ]
    return [worker for forkserver in forkservers for worker in forkserver.children()]


async def test_a_worker_that_is_killed_is_an_error_and_is_replaced(
    make_kata: Callable[..., Path], tmp_path: Path, temporary: Path
) -> None:
    katas = make_kata(checks=HANGING)
    job, notes = SeriesJob(str(katas), "tiny"), Notes()
    results: list[Graded | GraderError] = []
    with running_pool() as pool:
        async with pool.series(job) as series:

            async def ask() -> None:
                results.append(
                    await series.grade(example(job, "accepted/reference.py"), notes, HANG_S)
                )

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(ask)
                with anyio.fail_after(HANG_S):
                    while not notes.begun:
                        await anyio.sleep(0.02)
                for worker in workers():
                    worker.kill()
            make_kata()
            await ask()
    killed, replaced = results
    assert isinstance(killed, HarnessError)
    assert isinstance(replaced, Graded)
    assert replaced.report.verdict is Verdict.PASSED
    await must_be_clean(temporary)


COUNTS_WHAT_IT_IS_TOLD = '''
import json

from grader.checks.api import Server, expect


async def test_it_has_few_pieces(server: Server) -> None:
    """It has at most 3 pieces."""
    answer = await server.get("/")
    expect(answer).status(200)
    expect(json.loads(answer.body)["n"], "pieces").at_most(3)
'''

SAYS_NAN = """
from fastapi import FastAPI, Response

app = FastAPI()


@app.get("/")
async def root() -> Response:
    return Response('{"n": NaN}', media_type="application/json")
"""


async def test_a_number_that_is_none_fails_the_check_and_not_the_pool(
    make_kata: Callable[..., Path], tmp_path: Path
) -> None:
    katas = make_kata(checks=COUNTS_WHAT_IT_IS_TOLD)
    (tmp_path / "nan.py").write_text(SAYS_NAN)
    with running_pool() as pool:
        async with pool.series(SeriesJob(str(katas), "tiny")) as series:
            graded = await series.grade(tmp_path / "nan.py", NullObserver(), HANG_S)
    assert isinstance(graded, Graded)
    assert graded.report.verdict is Verdict.FAILED


# ---- a forkserver that only pretends --------------------------------------------------------------------------------


class PretendedForkserver:
    """The other side of a pool."""

    def __init__(self) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.commands: list[Command] = []
        self._lines = Lines()

    def channel(self) -> socket.socket:
        """The socket of the worker that is asked for next."""
        descriptors: list[int] = []
        while not descriptors:
            data, descriptors, _, _ = socket.recv_fds(self.theirs, CHUNK_BYTES, 1)
            self.commands += commands_in(self._lines.take(data))
        assert isinstance(self.commands[-1], Fork)
        return socket.socket(fileno=descriptors[0])

    def close(self) -> None:
        """Both ends."""
        self.ours.close()
        self.theirs.close()


@pytest.fixture
def forkserver() -> Iterator[PretendedForkserver]:
    """One that does what the test tells it."""
    pretended = PretendedForkserver()
    yield pretended
    pretended.close()


JOB = Job("katas", "tiny", "solution")


async def outcome(forkserver: PretendedForkserver, *events: Event) -> Graded | GraderError:
    """What a pool makes of a worker that says this and ends."""
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
        await outcome(forkserver, Crashed("Traceback: here"))
    assert caught.group_contains(GraderCrashed, match="Traceback: here")


async def test_an_expected_error_keeps_its_sentences_and_its_class(
    forkserver: PretendedForkserver,
) -> None:
    error = await outcome(forkserver, Refused("No.", "Try again.", "SolutionError"))
    assert isinstance(error, SolutionError)
    assert str(error) == "No. Try again."


async def series_outcome(forkserver: PretendedForkserver, *events: Event) -> Graded | GraderError:
    """What a series makes of a worker that says this to its first solution, and ends when it is told."""
    pool = Pool(forkserver.ours)
    results: list[Graded | GraderError] = []

    async def ask() -> None:
        async with pool.series(SeriesJob("katas", "tiny")) as series:
            results.append(await series.grade(Path("app.py"), NullObserver(), HANG_S))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await anyio.wait_readable(forkserver.theirs)
        with forkserver.channel() as channel:
            assert grades_in(Lines().take(channel.recv(CHUNK_BYTES))) == [Grade("app.py")]
            channel.sendall(b"".join(map(line_of, events)))
    return results[0]


async def test_a_worker_of_a_series_that_exits_unexpectedly_is_an_error(
    forkserver: PretendedForkserver,
) -> None:
    error = await series_outcome(forkserver, Begun("A check."))
    assert isinstance(error, HarnessError)
    assert "exited unexpectedly" in error.message


async def test_a_bug_of_the_grader_ends_a_series(forkserver: PretendedForkserver) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        await series_outcome(forkserver, Crashed("Traceback: here"))
    assert caught.group_contains(GraderCrashed, match="Traceback: here")


async def test_a_worker_of_a_series_that_exited_between_two_solutions_is_replaced(
    forkserver: PretendedForkserver,
) -> None:
    results: list[Graded | GraderError] = []

    async def ask_twice() -> None:
        async with Pool(forkserver.ours).series(SeriesJob("katas", "tiny")) as series:
            for _ in range(2):
                results.append(await series.grade(Path("app.py"), NullObserver(), HANG_S))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask_twice)
        for _ in range(2):
            with await anyio.to_thread.run_sync(forkserver.channel) as channel:
                channel.sendall(line_of(Begun("A check.")) + line_of(FAIL))
    assert results == [FAIL, FAIL]


async def test_without_a_forkserver_a_series_gives_an_error(
    forkserver: PretendedForkserver,
) -> None:
    forkserver.theirs.close()
    async with Pool(forkserver.ours).series(SeriesJob("katas", "tiny")) as series:
        error = await series.grade(Path("app.py"), NullObserver(), HANG_S)
    assert isinstance(error, HarnessError)
    assert "has exited" in error.message


async def test_an_error_from_what_stood_ready_counts_for_nothing(
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


async def test_when_the_forkserver_has_gone_that_is_an_error(
    forkserver: PretendedForkserver,
) -> None:
    forkserver.theirs.close()
    error = await Pool(forkserver.ours).grade(JOB, NullObserver(), HANG_S)
    assert isinstance(error, HarnessError)
    assert "has exited" in error.message


def test_a_worker_that_stands_ready_for_another_kata_is_let_go(
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


async def test_what_cannot_be_read_is_the_error_of_that_grading_alone(
    forkserver: PretendedForkserver,
) -> None:
    unreadable = b'{"type": "Graded", "run": {}}\n'
    results: list[Graded | GraderError] = []

    async def ask_twice() -> None:
        async with Pool(forkserver.ours).series(SeriesJob("katas", "tiny")) as series:
            for _ in range(2):
                results.append(await series.grade(Path("app.py"), NullObserver(), HANG_S))

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


def test_a_text_with_half_of_a_character_crosses_as_a_question_mark() -> None:
    (event,) = events_in(Lines().take(line_of(Begun("a \ud800 title"))))
    assert event == Begun("a ? title")


@pytest.mark.parametrize("piece_bytes", [1 << 10, 1 << 16])
def test_a_line_of_many_megabytes_comes_in_pieces_that_are_looked_at_once(piece_bytes: int) -> None:
    whole = b"x" * (32 << 20) + b"\n"
    lines = Lines()
    pieces = [whole[at : at + piece_bytes] for at in range(0, len(whole), piece_bytes)]
    assert [line for piece in pieces for line in lines.take(piece)] == [whole[:-1]]


def test_a_line_that_comes_in_pieces_is_one() -> None:
    lines = Lines()
    whole = line_of(End(7))
    assert [lines.take(whole[i : i + 1]) for i in range(len(whole) - 1)] == [[]] * (len(whole) - 1)
    assert commands_in(lines.take(whole[-1:])) == [End(7)]
