"""A session: solutions of one kata, graded one after another in an environment that is replaced when something went
wrong in it.
"""

import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from grader.catalog.find import find_catalog
from grader.catalog.manifest import Kata
from grader.errors import GraderError, HarnessError, KataPackageError, SolutionError
from grader.grading.environment import Environment
from grader.grading.session import Session, Settings
from grader.process.sandbox import SandboxMode
from grader.report import Verdict
from grader.solution.contents import LIMIT_BYTES
from tests.conftest import APP
from tests.grading.test_pool import has_ended
from tests.waiting import wait_until

MakeKata = Callable[..., Path]
YES = APP.replace("{answer}", "yes")
SAYS_NO = APP.replace("{answer}", "no")
ENDS_ITS_LAUNCHER = """
import os, signal
os.kill(os.getppid(), signal.SIGKILL)
"""


def test_in_a_session_each_solution_is_judged_for_itself(
    make_kata: MakeKata, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "app.py").write_text("from helper import app\n")
    (folder / "helper.py").write_text(YES)
    yes, no, alone = tmp_path / "yes.py", tmp_path / "no.py", tmp_path / "alone.py"
    yes.write_text(YES)
    no.write_text(SAYS_NO)
    alone.write_text("from helper import app\n")
    with Session(find_catalog(make_kata()).kata("tiny")) as session:
        verdicts = [
            session.grade(solution).report.verdict for solution in (yes, no, folder, alone, yes)
        ]
    assert verdicts == [
        Verdict.PASSED,
        Verdict.FAILED,
        Verdict.PASSED,
        Verdict.FAILED,
        Verdict.PASSED,
    ]


def test_a_session_goes_on_after_what_could_not_be_graded(
    make_kata: MakeKata, tmp_path: Path
) -> None:
    killer, yes = tmp_path / "killer.py", tmp_path / "yes.py"
    killer.write_text(ENDS_ITS_LAUNCHER)
    yes.write_text(YES)
    with Session(
        find_catalog(make_kata()).kata("tiny"), Settings(sandbox=SandboxMode.OFF)
    ) as session:
        with pytest.raises(SolutionError):
            session.grade(tmp_path / "none.py")
        assert session.grade(yes).report.verdict is Verdict.PASSED
        with contextlib.suppress(GraderError):
            assert session.grade(killer).report.verdict is not Verdict.PASSED
        assert session.grade(yes).report.verdict is Verdict.PASSED


def test_a_session_leaves_nothing_behind(
    make_kata: MakeKata, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    (tmp_path / "yes.py").write_text(YES)
    before = set(psutil.Process().children(recursive=True))
    with Session(find_catalog(make_kata()).kata("tiny")) as session:
        session.grade(tmp_path / "yes.py")
        assert set(psutil.Process().children(recursive=True)) - before
    assert not set(psutil.Process().children(recursive=True)) - before
    assert not list((tmp_path / "tmp").iterdir())


# ---- the environment ------------------------------------------------------------------------------------------------


@pytest.fixture
def kata(make_kata: MakeKata) -> Kata:
    """A small kata."""
    return find_catalog(make_kata()).kata("tiny")


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where environments have their folders."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def started_since(before: set[psutil.Process]) -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True)) - before


def end(processes: set[psutil.Process]) -> None:
    """Kill these, and wait until the system has ended them; whose children they are may ask for them later."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    wait_until(lambda: all(has_ended(process) for process in processes))


@pytest.fixture
def before() -> set[psutil.Process]:
    """What runs below this process before an environment is made."""
    return set(psutil.Process().children(recursive=True))


def test_nothing_runs_before_it_is_started_and_nothing_is_left_afterwards(
    kata: Kata, temporary: Path, before: set[psutil.Process]
) -> None:
    with Environment(kata) as environment:
        assert environment.run_dir.is_relative_to(temporary)
        assert not started_since(before)
        environment.start()
        environment.start()
        assert started_since(before)
    assert not started_since(before)
    assert not list(temporary.iterdir())


def test_each_solution_takes_the_place_of_the_one_before(kata: Kata, tmp_path: Path) -> None:
    first = tmp_path / "first"
    first.mkdir()
    (first / "app.py").write_text("1")
    (first / "helper.py").write_text("")
    (tmp_path / "second.py").write_text("2")
    with Environment(kata) as environment:
        (folder,) = [
            environment.folders[subject]
            for subject in environment.folders
            if subject.value == "solution"
        ]
        environment.take_in(first)
        environment.take_in(tmp_path / "second.py")
        assert {path.name: path.read_text() for path in folder.iterdir()} == {"app.py": "2"}


def test_a_launcher_that_has_ended_is_noticed(kata: Kata) -> None:
    with Environment(kata, SandboxMode.OFF) as environment:
        environment.need_alive()
        environment.start()
        environment.need_alive()
        end({psutil.Process(pid) for pid in environment.launchers.pids})
        with pytest.raises(HarnessError, match="ready for the grading has exited"):
            environment.need_alive()


def test_a_session_that_is_prepared_grades_also_when_its_environment_has_ended_meanwhile(
    kata: Kata, before: set[psutil.Process]
) -> None:
    with Session(kata, Settings(sandbox=SandboxMode.OFF)) as session:
        session.prepare()
        end(started_since(before))
        assert session.grade(kata.reference).report.verdict is Verdict.PASSED


def test_a_kata_without_a_reference_is_graded_all_the_same(make_kata: MakeKata) -> None:
    katas = make_kata(files={"accepted/reference.py": None})
    (katas / "tiny" / "accepted" / "reference.py").unlink(missing_ok=True)
    kata = find_catalog(katas).kata("tiny")
    with Session(kata) as session:
        assert session.grade(kata.starter).report.verdict is Verdict.FAILED


def test_a_reference_that_cannot_be_used_is_the_katas_fault(kata: Kata) -> None:
    kata.reference.write_text("x" * (LIMIT_BYTES + 1))
    with (
        pytest.raises(KataPackageError, match="reference cannot be used"),
        Session(kata) as session,
    ):
        session.grade(kata.starter)
