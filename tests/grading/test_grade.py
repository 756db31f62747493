"""`grade()`: one solution of one kata, and the result of each kind of fault."""

import textwrap
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.catalog.find import find_catalog
from grader.catalog.manifest import Kata
from grader.errors import BrokenError, SolutionError
from grader.evidence.files import load_run, save_run
from grader.findings import Crashed, Hung, Mishap, NothingAsserted, Phase
from grader.grading.grade import grade
from grader.grading.graded import judged_again
from grader.grading.session import Settings
from grader.report import CheckResult, Outcome, Report, Verdict
from tests.conftest import APP, MANIFEST
from tests.grading.notes import Notes

MakeKata = Callable[..., Path]
YES = APP.replace("{answer}", "yes")


@pytest.fixture
def grade_source(tmp_path: Path) -> Callable[..., Report]:
    def grade_it(katas: Path, source: str = YES, settings: Settings | None = None) -> Report:
        file = tmp_path / "mine.py"
        file.write_text(textwrap.dedent(source))
        return grade(find_catalog(katas).kata("tiny"), file, settings).report

    return grade_it


Grade = Callable[..., Report]


def only(report: Report) -> CheckResult:
    (result,) = report.checks
    return result


def test_a_grading_gives_evidence_and_report_and_tells_the_observer(tiny: Kata) -> None:
    notes = Notes()
    graded = grade(tiny, tiny.reference, Settings(notes))
    assert graded.report.verdict is Verdict.PASSED
    assert [record.name for record in graded.run.checks] == ["test_it_answers"]
    assert notes.begun == ["It answers with yes."]
    assert [result.outcome for result in notes.results] == [Outcome.PASSED]


def test_a_right_solution_passes(make_kata: MakeKata, grade_source: Grade) -> None:
    report = grade_source(make_kata())
    assert report.verdict is Verdict.PASSED
    assert only(report).title == "It answers with yes."
    assert report.grader.cores >= 1


def test_a_known_mistake_is_named(make_kata: MakeKata, grade_source: Grade) -> None:
    report = grade_source(make_kata(), APP.replace("{answer}", "perhaps"))
    assert report.verdict is Verdict.FAILED
    assert only(report).finding is not None
    assert report.because == "It answers the wrong thing."


def test_a_folder_is_graded_with_all_its_modules(make_kata: MakeKata, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "app.py").write_text("from helper import app\n")
    (folder / "helper.py").write_text(YES)
    report = grade(find_catalog(make_kata()).kata("tiny"), folder).report
    assert report.verdict is Verdict.PASSED
    assert sorted(path.name for path in folder.iterdir()) == ["app.py", "helper.py"]


def test_config_and_plugins_of_a_solution_are_never_read(
    make_kata: MakeKata, tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "app.py").write_text(APP.replace("{answer}", "no"))
    (folder / "conftest.py").write_text(
        "import pytest\n\n@pytest.fixture\ndef server():\n    raise SystemExit(0)\n"
    )
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --collect-only\n")
    assert grade(find_catalog(make_kata()).kata("tiny"), folder).report.verdict is Verdict.FAILED


TWO_CHECKS = """
    from grader.checks.api import Server, expect


    async def test_a(server: Server) -> None:
        \"\"\"A.\"\"\"
        expect(await server.get("/")).status(200)


    async def test_b(server: Server) -> None:
        \"\"\"B.\"\"\"
        expect(await server.get("/")).status(200)
"""


def test_no_check_is_run_after_a_failed_start(make_kata: MakeKata, grade_source: Grade) -> None:
    report = grade_source(make_kata(checks=TWO_CHECKS), "raise RuntimeError('no')\n")
    assert report.verdict is Verdict.FAILED
    # The checks start side by side: either may be the one that ends the grading, or both may have crashed by then.
    assert {result.outcome for result in report.checks} <= {Outcome.FAILED, Outcome.NOT_RUN}
    assert report.cause is not None
    finding = report.cause.finding
    assert isinstance(finding, Crashed)
    assert (finding.phase, finding.error) == (Phase.START, "RuntimeError: no")


@pytest.mark.parametrize(
    ("fails", "because"),
    [('["test_a"]', ""), ('["test_a", "test_b"]', "It answers the wrong thing.")],
)
def test_a_check_that_is_not_run_counts_as_failed_when_the_mistake_is_named(
    make_kata: MakeKata, grade_source: Grade, fails: str, because: str
) -> None:
    manifest = MANIFEST.replace('["test_it_answers"]', fails)
    assert (
        grade_source(
            make_kata(manifest=manifest, checks=TWO_CHECKS), "raise RuntimeError('no')\n"
        ).because
        == because
    )


def test_a_module_without_app_crashes_and_says_why(
    make_kata: MakeKata, grade_source: Grade
) -> None:
    finding = only(grade_source(make_kata(), "application = 1\n")).finding
    assert isinstance(finding, Crashed)
    assert "has no attribute 'app'" in finding.error


CHECK = """
    import anyio
    from grader.checks.api import Server, Upstream, expect


    async def test_it(server: Server) -> None:
        \"\"\"It holds.\"\"\"
"""


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise ValueError('oops')", "raised ValueError: oops"),
        ("assert False", "uses `assert`"),
        ("pass", None),
        ("expect(1)", "raised TypeError"),
    ],
)
def test_a_faulty_check_is_broken_and_never_the_learner_s_fault(
    make_kata: MakeKata, grade_source: Grade, body: str, message: str | None
) -> None:
    report = grade_source(make_kata(checks=textwrap.dedent(CHECK) + f"    {body}\n"))
    assert report.verdict is Verdict.BROKEN
    finding = only(report).finding
    if message is None:
        assert isinstance(finding, NothingAsserted)
    else:
        assert isinstance(finding, Mishap)
        assert message in finding.text
        assert "checks.py:8" in finding.text


def test_a_check_that_does_not_end_is_a_hang(make_kata: MakeKata, grade_source: Grade) -> None:
    manifest = MANIFEST + "\n[limits]\ncheck_s = 0.2\n"
    report = grade_source(
        make_kata(manifest=manifest, checks=textwrap.dedent(CHECK) + "    await anyio.sleep(600)\n")
    )
    finding = only(report).finding
    assert isinstance(finding, Hung)
    assert report.verdict in (Verdict.FAILED, Verdict.BROKEN, Verdict.INCONCLUSIVE)


@pytest.mark.parametrize(
    ("checks", "message"),
    [
        ("import nonsense_module", "No module named 'nonsense_module'"),
        ("def broken(:", "SyntaxError"),
        ("", "contains no checks"),
        ('def test_a():\n    """A."""\n', "is not an `async def`"),
        ("async def test_a(server):\n    pass\n", "has no docstring"),
    ],
)
def test_checks_that_assert_nothing_are_refused(
    make_kata: MakeKata, grade_source: Grade, checks: str, message: str
) -> None:
    with pytest.raises(BrokenError) as caught:
        grade_source(make_kata(checks=checks))
    assert message in caught.value.message


def test_a_service_that_is_not_declared_is_a_fault_of_the_kata(
    make_kata: MakeKata, grade_source: Grade
) -> None:
    checks = (
        textwrap.dedent(CHECK).replace("server: Server", "server: Server, upstream: Upstream")
        + "    pass\n"
    )
    with pytest.raises(BrokenError, match="uses `upstream`, which is not among the kata's"):
        grade_source(make_kata(checks=checks))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "There is no solution"),
        (lambda path: path.mkdir(), "has no app.py"),
        (lambda path: (path.mkdir(), (path / "app.py").symlink_to("/etc/hostname")), "is a link"),
    ],
)
def test_a_path_without_a_solution_is_refused(
    make_kata: MakeKata, tmp_path: Path, make: Callable[[Path], object], message: str
) -> None:
    make(tmp_path / "mine")
    with pytest.raises(SolutionError) as caught:
        grade(find_catalog(make_kata()).kata("tiny"), tmp_path / "mine")
    assert message in caught.value.message


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_a_saved_run_gets_the_same_verdict_again(
    make_kata: MakeKata, tmp_path: Path, answer: str
) -> None:
    kata = find_catalog(make_kata()).kata("tiny")
    (tmp_path / "mine.py").write_text(APP.replace("{answer}", answer))
    graded = grade(kata, tmp_path / "mine.py")
    assert judged_again(kata, load_run(save_run(graded.run, tmp_path / "runs"))) == graded


def test_a_grading_saves_nothing_itself(
    make_kata: MakeKata, grade_source: Grade, tmp_path: Path
) -> None:
    katas = make_kata()
    before = {path for path in tmp_path.rglob("*") if "__pycache__" not in path.parts}
    grade_source(katas)
    after = {path for path in tmp_path.rglob("*") if "__pycache__" not in path.parts}
    assert after - before == {tmp_path / "mine.py"}


def test_gradings_do_not_leave_anything_behind(
    make_kata: MakeKata, grade_source: Grade, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    threads = set(threading.enumerate())
    grade_source(make_kata())
    assert list(temporary.iterdir()) == []
    assert not set(threading.enumerate()) - threads
