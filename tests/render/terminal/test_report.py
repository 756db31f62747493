"""The screen of a grading: a line for each check, the first cause with its details, the verdict."""

import msgspec
import pytest

from grader.findings import Bar, Crashed, Finding, TooSlow
from grader.render.explanation import bars, is_about_waiting, trace
from grader.render.terminal.report import ReportScreen
from grader.render.wording import message
from grader.report import CheckResult, Outcome
from tests.findings import KINDS, circumstances_of, finding_of
from tests.render.hostile import kata_of, report_of, result_of, screen_output


def shown(result: CheckResult, *, because: str = "") -> str:
    """What is printed of a report with this check alone, in one line."""
    report = msgspec.structs.replace(report_of("x"), checks=(result,), because=because)
    with screen_output() as written:
        ReportScreen().replay(kata_of("x"), report, "Do this next.")
    return " ".join(written.getvalue().split())


def check(finding: Finding | None, outcome: Outcome = Outcome.FAILED) -> CheckResult:
    return CheckResult(
        name="test_a",
        title="It works.",
        outcome=outcome,
        finding=finding,
        circumstances=circumstances_of("app.py"),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_each_finding_is_shown_with_its_message_and_its_details(kind: type[Finding]) -> None:
    result = check(finding_of("app.py", kind, many=4))
    text = shown(result)
    assert result.finding is not None
    frames, output = trace(result.finding)
    assert message(result) in text
    assert "The event loop was blocked 2 times" in text
    assert ("2 tasks were waiting at" in text) is is_about_waiting(result.finding)
    assert ("app.py:1 in app.py" in text) is bool(frames)
    assert ("| app.py" in text) is bool(output)
    assert ("unanswered" in text) is bool(bars(result.finding))
    assert text.endswith("Do this next.")


def test_output_stands_in_for_frames_that_are_not_known() -> None:
    crash = finding_of("app.py", Crashed)
    assert isinstance(crash, Crashed)
    assert "| app.py" in shown(check(msgspec.structs.replace(crash, frames=())))


def test_what_kept_the_machine_busy_is_shown_for_an_inconclusive_check_alone() -> None:
    slow = finding_of("x", TooSlow)
    assert "all processes used" in shown(check(slow, Outcome.INCONCLUSIVE))
    assert "all processes used" not in shown(check(slow))


@pytest.mark.parametrize(
    ("outcome", "mark"),
    [
        (Outcome.PASSED, "✓"),
        (Outcome.FAILED, "✗"),
        (Outcome.NOT_RUN, "·"),
        (Outcome.INCONCLUSIVE, "?"),
        (Outcome.BROKEN, "!"),
    ],
)
def test_each_outcome_has_a_mark(outcome: Outcome, mark: str) -> None:
    assert f"{mark} It works." in shown(check(None, outcome))


def test_a_known_mistake_is_explained_after_the_cause() -> None:
    text = shown(check(finding_of("x")), because="It remembers too much.")
    assert text.index("should be") < text.index("It remembers too much.")


def drawn(answered: int, cut: int) -> list[str]:
    """The lines with bars, and the one that says what is left out."""
    bars = [Bar(from_s=0.0, to_s=(n + 1) / 10) for n in range(answered)] + [
        Bar(from_s=0.0, to_s=9.0, is_cut=True)
    ] * cut
    result = result_of("x", TooSlow, Outcome.FAILED)
    assert isinstance(result.finding, TooSlow)
    finding = msgspec.structs.replace(result.finding, bars=tuple(bars))
    report = msgspec.structs.replace(
        report_of("x"), checks=(msgspec.structs.replace(result, finding=finding),)
    )
    with screen_output() as written:
        ReportScreen().finish(report, "")
    lines = [line.strip() for line in written.getvalue().splitlines()]
    return [line for line in lines if line.startswith(("█", "▒", "#", ">", "(one", "("))]


def test_a_small_crowd_has_a_bar_each() -> None:
    assert len(drawn(4, 8)) == 12


def test_of_a_larger_one_the_stairs_are_whole_when_the_rest_was_cut_off() -> None:
    lines = drawn(5, 15)
    assert lines[-1] == "(8 more got no answer either)"
    assert ["unanswered" in line for line in lines[:-1]] == [False] * 5 + [True] * 7


def test_one_that_was_answered_is_thinned_out_evenly() -> None:
    lines = drawn(20, 0)
    assert lines[-1] == "(one bar for every 2 of 20 requests)"
    assert [line.split()[-2] for line in lines[:-1]] == [f"{n / 10:.2f}" for n in range(2, 21, 2)]
