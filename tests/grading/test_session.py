"""A session grades solutions of one kata one after another, and replaces an environment that is damaged."""

import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from grader.catalog.find import find_catalog
from grader.catalog.manifest import Kata
from grader.errors import GraderError, KataPackageError, SolutionError
from grader.grading.session import Session, Settings
from grader.process.sandbox import SandboxMode
from grader.report import Verdict
from grader.solution.contents import LIMIT_BYTES
from tests.conftest import APP
from tests.grading.processes import end, started_since

MakeKata = Callable[..., Path]

YES = APP.replace("{answer}", "yes")

SAYS_NO = APP.replace("{answer}", "no")

ENDS_ITS_LAUNCHER = """
import os, signal
os.kill(os.getppid(), signal.SIGKILL)
"""


def test_each_solution_of_a_session_is_judged_by_itself(
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


def test_a_session_continues_after_a_solution_that_could_not_be_graded(
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


def test_a_prepared_session_grades_even_when_its_environment_has_exited(
    tiny: Kata, before: set[psutil.Process]
) -> None:
    with Session(tiny, Settings(sandbox=SandboxMode.OFF)) as session:
        session.prepare()
        end(started_since(before))
        assert session.grade(tiny.reference).report.verdict is Verdict.PASSED


def test_a_kata_without_a_reference_can_be_graded(make_kata: MakeKata) -> None:
    katas = make_kata(files={"accepted/reference.py": None})
    (katas / "tiny" / "accepted" / "reference.py").unlink(missing_ok=True)
    kata = find_catalog(katas).kata("tiny")
    with Session(kata) as session:
        assert session.grade(kata.starter).report.verdict is Verdict.FAILED


def test_a_reference_that_cannot_be_used_is_a_fault_of_the_kata(tiny: Kata) -> None:
    tiny.reference.write_text("x" * (LIMIT_BYTES + 1))
    with (
        pytest.raises(KataPackageError, match="reference cannot be used"),
        Session(tiny) as session,
    ):
        session.grade(tiny.starter)
