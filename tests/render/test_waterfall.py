"""The bars of a burst in a terminal: one a request, or fewer when there are many."""

import msgspec

from grader.findings import Bar, TooSlow
from grader.render.terminal.report import ReportScreen
from grader.report import Outcome
from tests.render.hostile import report_of, result_of, screen_output


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
    assert lines[-1] == "(8 more were not answered either)"
    assert ["unanswered" in line for line in lines[:-1]] == [False] * 5 + [True] * 7


def test_one_that_was_answered_is_thinned_out_evenly() -> None:
    lines = drawn(20, 0)
    assert lines[-1] == "(one bar for every 2 of 20 requests)"
    assert [line.split()[-2] for line in lines[:-1]] == [f"{n / 10:.2f}" for n in range(2, 21, 2)]
