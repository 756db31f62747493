"""The report of a run: what it takes from the run, and which mistake explains it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.catalog.find import find_catalog
from grader.catalog.manifest import Kata
from grader.evidence.run import CheckRecord, Run
from grader.grading.graded import grader_info, judged_again, report_of
from grader.report import CheckResult, Outcome, Verdict
from tests.conftest import MANIFEST
from tests.judge.records import counted

SECOND = '\n[rejected.other]\nfails = ["test_b"]\nbecause = "It breaks b."\n'
EITHER = """
[rejected.either]
fails = ["test_b"]
may_fail = ["test_it_answers"]
because = "It breaks b, and perhaps more."
"""
EXACT = """
[rejected.both]
fails = ["test_it_answers", "test_b"]
because = "It breaks both."
"""
SAME = '\n[rejected.same]\nfails = ["test_b"]\nbecause = "It breaks b in another way."\n'


def run(*records: CheckRecord) -> Run:
    return Run(
        kata="tiny",
        solution="app.py",
        began_at="2026-01-01T00:00:00+00:00",
        duration_s=1.5,
        grader_version="1",
        python="3.11",
        cores=2,
        checks=records,
    )


def results(**outcomes: Outcome) -> tuple[CheckResult, ...]:
    return tuple(
        CheckResult(name=name, title="", outcome=outcome) for name, outcome in outcomes.items()
    )


@pytest.fixture
def kata_with(make_kata: Callable[..., Path]) -> Callable[[str], Kata]:
    """Makes the small kata with further declarations."""
    return lambda more: find_catalog(make_kata(manifest=MANIFEST + more)).kata("tiny")


def test_a_report_has_what_the_run_says_of_grader_and_solution(tiny: Kata) -> None:
    report = report_of(tiny, run(), Verdict.PASSED, results(test_it_answers=Outcome.PASSED))
    assert (report.kata, report.title, report.solution) == ("tiny", "A test kata", "app.py")
    assert (report.verdict, report.duration_s) == (Verdict.PASSED, 1.5)
    assert (report.grader.version, report.grader.python, report.grader.cores) == ("1", "3.11", 2)


@pytest.mark.parametrize(
    ("more", "b", "because"),
    [
        (SECOND, Outcome.FAILED, "It breaks b."),
        (SECOND, Outcome.NOT_RUN, "It breaks b."),
        (SECOND, Outcome.PASSED, ""),
        (SECOND + SAME, Outcome.FAILED, ""),
    ],
)
def test_a_mistake_explains_a_report_if_it_alone_fails_the_same_checks(
    kata_with: Callable[[str], Kata], more: str, b: Outcome, because: str
) -> None:
    kata = kata_with(more)
    outcomes = results(test_it_answers=Outcome.PASSED, test_b=b)
    assert report_of(kata, run(), Verdict.FAILED, outcomes).because == because


@pytest.mark.parametrize(
    ("more", "answers", "because"),
    [
        (EITHER, Outcome.PASSED, "It breaks b, and perhaps more."),
        (EITHER, Outcome.FAILED, "It breaks b, and perhaps more."),
        (EITHER + EXACT, Outcome.FAILED, "It breaks both."),
    ],
)
def test_a_mistake_explains_also_what_it_may_fail_unless_another_fails_just_that(
    kata_with: Callable[[str], Kata], more: str, answers: Outcome, because: str
) -> None:
    outcomes = results(test_it_answers=answers, test_b=Outcome.FAILED)
    assert report_of(kata_with(more), run(), Verdict.FAILED, outcomes).because == because


def test_a_check_with_parameters_has_failed_if_one_of_them_has(
    kata_with: Callable[[str], Kata],
) -> None:
    outcomes = results(**{"test_b[one]": Outcome.PASSED, "test_b[two]": Outcome.FAILED})
    assert report_of(kata_with(SECOND), run(), Verdict.FAILED, outcomes).because == "It breaks b."


NAMED = SAME.replace("because", 'names = ["lru_cache", "cache"]\nbecause')


@pytest.mark.parametrize(
    ("more", "source", "because"),
    [
        (NAMED, "@lru_cache\n", "It breaks b in another way."),
        (NAMED, "# no cache\n", ""),
        (NAMED, None, ""),
        (SECOND + NAMED, "x\n", "It breaks b."),
        (SECOND + NAMED, "cache\n", ""),
        (SECOND + NAMED, None, "It breaks b."),
    ],
)
def test_a_mistake_with_names_explains_only_a_solution_that_uses_one_of_them(
    kata_with: Callable[[str], Kata], tmp_path: Path, more: str, source: str | None, because: str
) -> None:
    (tmp_path / "app.py").write_text(source or "")
    outcomes = results(test_it_answers=Outcome.PASSED, test_b=Outcome.FAILED)
    folder = None if source is None else tmp_path
    report = report_of(kata_with(more), run(), Verdict.FAILED, outcomes, folder)
    assert report.because == because


def test_a_run_can_be_judged_again_without_running_anything(tiny: Kata) -> None:
    record = CheckRecord(name="test_it_answers", title="It.", attempts=(counted(7),))
    graded = judged_again(tiny, run(record))
    assert graded.run.checks == (record,)
    assert graded.report.verdict is Verdict.FAILED
    assert [check.outcome for check in graded.report.checks] == [Outcome.FAILED]
    assert graded.report.because == "It answers the wrong thing."


def test_the_grader_knows_its_version_and_machine() -> None:
    info = grader_info()
    assert info.version
    assert info.cores >= 1
