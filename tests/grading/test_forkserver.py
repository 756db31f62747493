"""A real forkserver and its workers: they grade quickly, and leave nothing behind however they end."""

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

import anyio
import psutil
import pytest
from msgspec import structs

from grader.errors import ExitCode, GraderError, HarnessError, KataPackageError, SolutionError
from grader.grading.graded import Graded
from grader.grading.messages import Job, SessionJob
from grader.grading.observer import NullObserver
from grader.grading.pool import running_pool
from grader.report import Verdict
from tests.conftest import APP, CHECKS
from tests.grading.notes import Notes
from tests.grading.processes import command_lines, has_ended, launchers, outermost, workers
from tests.waiting import HANG_S, until

pytestmark = pytest.mark.slow

HANGING = (
    CHECKS.replace("async def test_it_answers", "async def test_it_hangs")
    + "    import anyio\n    await anyio.sleep(600)\n"
)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files of gradings."""
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
    """No file is left, and soon no process with the folder in its command line; a child may outlive its parent for a
    moment.
    """
    assert names_in(temporary) == []
    await until(lambda: not any(str(temporary) in words for words in command_lines()))


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_a_worker_on_standby_reads_the_solution_when_it_gets_the_go_ahead(
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


async def test_a_worker_on_standby_whose_launcher_has_exited_is_replaced(
    job: Job, temporary: Path
) -> None:
    others = launchers()
    with running_pool() as pool:
        pool.stand_by(job)
        with anyio.fail_after(HANG_S):
            # A launcher killed before its sandbox is set up would leave a child, which the next grading ends.
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


async def test_an_interrupted_grading_leaves_nothing_and_the_next_one_works(
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


async def test_a_solution_that_cannot_be_read_is_an_expected_error(
    job: Job, temporary: Path
) -> None:
    (Path(job.solution) / "app.py").unlink()
    with running_pool() as pool:
        error = await pool.grade(job, NullObserver(), HANG_S)
    assert isinstance(error, GraderError)
    assert "has no app.py" in error.message
    assert error.exit_code is ExitCode.USAGE
    await must_be_clean(temporary)


# ---- a session ------------------------------------------------------------------------------------------------------


@pytest.fixture
def session_job(job: Job) -> SessionJob:
    """The same kata, for several solutions."""
    return SessionJob(job.katas, job.slug)


def example(job: SessionJob, name: str) -> Path:
    return Path(job.katas, job.slug, name)


async def test_a_session_grades_one_solution_after_another_with_the_same_launcher(
    session_job: SessionJob, temporary: Path
) -> None:
    others = outermost(launchers())
    with running_pool() as pool:
        async with pool.session(session_job) as session:
            passed = await session.grade(
                example(session_job, "accepted/reference.py"), NullObserver(), HANG_S
            )
            first = outermost(launchers()) - others
            failed = await session.grade(
                example(session_job, "rejected/wrong.py"), NullObserver(), HANG_S
            )
            second = outermost(launchers()) - others
        await must_be_clean(temporary)
    assert isinstance(passed, Graded)
    assert isinstance(failed, Graded)
    assert (passed.report.verdict, failed.report.verdict) == (Verdict.PASSED, Verdict.FAILED)
    assert first == second != set()


async def test_a_session_continues_after_a_solution_that_cannot_be_read(
    session_job: SessionJob,
) -> None:
    with running_pool() as pool:
        async with pool.session(session_job) as session:
            error = await session.grade(
                example(session_job, "rejected/absent.py"), NullObserver(), HANG_S
            )
            graded = await session.grade(
                example(session_job, "accepted/reference.py"), NullObserver(), HANG_S
            )
    assert isinstance(error, SolutionError)
    assert isinstance(graded, Graded)


async def test_an_error_in_a_worker_keeps_its_class(session_job: SessionJob) -> None:
    example(session_job, "kata.toml").write_text("format = 99")
    with running_pool() as pool:
        async with pool.session(session_job) as session:
            error = await session.grade(
                example(session_job, "accepted/reference.py"), NullObserver(), HANG_S
            )
    assert isinstance(error, KataPackageError)


COUNTS_ITS_CORES = (
    APP.replace("{answer}", "")
    .replace("from fastapi", "import os\nfrom fastapi")
    .replace('return ""', 'return "yes" if len(os.sched_getaffinity(0)) == 1 else "no"')
)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux pins processes")
async def test_a_worker_and_its_children_can_be_pinned_to_cores(job: Job, tmp_path: Path) -> None:
    (tmp_path / "cores.py").write_text(COUNTS_ITS_CORES)
    core = min(os.sched_getaffinity(0))
    with running_pool() as pool:
        async with pool.session(SessionJob(job.katas, job.slug, cores=(core,))) as session:
            pinned = await session.grade(tmp_path / "cores.py", NullObserver(), HANG_S)
        (Path(job.solution) / "app.py").write_text(COUNTS_ITS_CORES)
        once = await pool.grade(structs.replace(job, cores=(core,)), NullObserver(), HANG_S)
    for graded in (pinned, once):
        assert isinstance(graded, Graded)
        assert graded.report.verdict is Verdict.PASSED
        watches = [attempt.watch for record in graded.run.checks for attempt in record.attempts]
        assert {watch.cores for watch in watches if watch is not None} == {1}


async def test_an_interrupted_session_leaves_nothing(
    make_kata: Callable[..., Path], tmp_path: Path, temporary: Path
) -> None:
    katas = make_kata(checks=HANGING)
    job, notes = SessionJob(str(katas), "tiny"), Notes()
    with running_pool() as pool:
        async with pool.session(job) as session, anyio.create_task_group() as tasks:
            tasks.start_soon(session.grade, example(job, "accepted/reference.py"), notes, HANG_S)
            with anyio.fail_after(HANG_S):
                while not notes.begun:
                    await anyio.sleep(0.02)
            tasks.cancel_scope.cancel()
        await must_be_clean(temporary)


async def test_a_killed_worker_is_an_error_and_is_replaced(
    make_kata: Callable[..., Path], tmp_path: Path, temporary: Path
) -> None:
    katas = make_kata(checks=HANGING)
    job, notes = SessionJob(str(katas), "tiny"), Notes()
    results: list[Graded | GraderError] = []
    with running_pool() as pool:
        async with pool.session(job) as session:

            async def ask() -> None:
                results.append(
                    await session.grade(example(job, "accepted/reference.py"), notes, HANG_S)
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


COUNTS_PIECES = '''
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


async def test_an_answer_with_nan_fails_the_check_and_not_the_pool(
    make_kata: Callable[..., Path], tmp_path: Path
) -> None:
    katas = make_kata(checks=COUNTS_PIECES)
    (tmp_path / "nan.py").write_text(SAYS_NAN)
    with running_pool() as pool:
        async with pool.session(SessionJob(str(katas), "tiny")) as session:
            graded = await session.grade(tmp_path / "nan.py", NullObserver(), HANG_S)
    assert isinstance(graded, Graded)
    assert graded.report.verdict is Verdict.FAILED
