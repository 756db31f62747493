"""Matrix, legend and margins on terminals of several widths, with and without Unicode."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import pytest

from grader.authoring.proof import Trial
from grader.render.terminal.proof import ProofScreen
from tests.authoring.trials import (
    ACCEPTED,
    FAIL,
    LEISURELY,
    NOT_RUN,
    PASS,
    REJECTED,
    RIGHT,
    STARTER,
    UNCLEAR,
    proof_of,
    right,
    trial,
    wrong,
)
from tests.render.hostile import assert_acts_on_nothing


def shown(
    trials: Sequence[Trial],
    columns: int,
    monkeypatch: pytest.MonkeyPatch,
    encoding: str = "utf-8",
    requirements: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> str:
    written = io.BytesIO()
    stdout = io.TextIOWrapper(written, encoding=encoding)
    with monkeypatch.context() as patch:
        patch.setenv("COLUMNS", str(columns))
        patch.setattr("sys.stdout", stdout)
        ProofScreen().kata_ends(replace(proof_of(*trials), requirements=requirements))
    stdout.flush()
    return written.getvalue().decode(encoding)


def legend(text: str) -> str:
    """The lines between the matrix and the next block, joined."""
    lines = text.splitlines()
    last = max(
        number
        for number, line in enumerate(lines)
        if "/" in line and ("starter" in line or "rejected" in line)
    )
    block = "\n".join(lines[last + 1 :]).strip().split("\n\n")[0]
    return "   ".join(line.strip() for line in block.splitlines())


DIFFERENT = (
    *RIGHT[:3],
    trial(STARTER, FAIL, NOT_RUN),
    trial(STARTER, FAIL, PASS),
    trial(ACCEPTED, UNCLEAR, PASS),
    trial(REJECTED, FAIL, FAIL),
    trial(REJECTED, FAIL, FAIL),
)


def test_the_legend_explains_the_marks_that_occur(monkeypatch: pytest.MonkeyPatch) -> None:
    assert legend(shown(RIGHT[:3], 80, monkeypatch)) == "✓ passes   ✗ fails"
    assert (
        legend(shown(DIFFERENT, 80, monkeypatch))
        == "✓ passes   ✗ fails   ~ differs between rounds   * not as declared"
    )
    unclear = [trial(REJECTED, UNCLEAR, NOT_RUN)]
    assert legend(shown(unclear, 80, monkeypatch)) == "· not run   ? inconclusive"


def test_without_unicode_the_legend_has_the_plain_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    unclear = [*RIGHT[:3], trial(replace(REJECTED, name="crash"), UNCLEAR, NOT_RUN)]
    assert (
        legend(shown(unclear, 80, monkeypatch, "ascii"))
        == "+ passes   x fails   - not run   ? inconclusive"
    )


def test_rounds_that_differ_are_marked_but_are_not_a_problem_as_such(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = {
        line.split()[1]: line.split()[2:]
        for line in shown(DIFFERENT, 80, monkeypatch).splitlines()
        if "/" in line
    }
    assert rows["starter/app"] == ["✗", "~"]
    assert rows["rejected/near"] == ["~*", "✗"]


@pytest.mark.parametrize("columns", [40, 80])
def test_requirements_come_after_the_matrix(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    long = "a-requirement-with-a-name-that-is-far-too-long-for-it"
    requirements = {"asked-anew": ("test_a", "test_b"), long: ("test_b",)}
    lines = shown(RIGHT, columns, monkeypatch, requirements=requirements).splitlines()
    first = next(number for number, line in enumerate(lines) if "Requirements" in line)
    assert lines[first].split() == ["Requirements", "checks", "failed", "by"]
    assert lines[first + 1].split() == ["asked-anew", "1", "2", "1", "rejected"]
    assert lines[first + 2].split()[1:] == ["2", "1", "rejected"]
    assert max(map(len, map(str.rstrip, lines[first : first + 3]))) <= columns


MARGINS = (
    *right(0.2, limit_s=0.4, alone_s=0.1),
    *right(0.37, example=LEISURELY, limit_s=0.4, alone_s=0.1),
    *wrong(0.5, limit_s=0.4, alone_s=0.1),
)


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    text = shown((*DIFFERENT, *MARGINS), columns, monkeypatch).split("tiny/checks.py")[0]
    assert max(map(len, map(str.rstrip, text.splitlines()))) <= columns
    assert_acts_on_nothing(text)


def test_margins_show_own_times_and_the_factors_of_the_rule(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = [line.split() for line in shown(MARGINS, 80, monkeypatch).splitlines()]
    assert [
        "Clock",
        "limits,",
        "own",
        "time",
        "accepted",
        "≥",
        "3",
        "×",
        "limit",
        "≥",
        "1.5",
        "×",
        "rejected",
    ] in lines
    assert [
        "1",
        "#",
        "×",
        "GET",
        "/x",
        "0.20",
        "s",
        "3.0",
        "×",
        "0.40",
        "s",
        "1.2",
        "×*",
        "0.50",
        "s",
    ] in lines
    assert ["leisurely", "0.37", "s", "0.03", "s*", "0.40", "s"] in lines


def test_a_narrow_terminal_has_a_line_for_each_side_of_a_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = [line.strip() for line in shown(MARGINS, 40, monkeypatch).splitlines()]
    at_limit = lines.index("1  # × GET /x")
    sides = [" ".join(line.split()) for line in lines[at_limit + 1 : at_limit + 4]]
    assert sides == ["accepted 0.20 s 3.0 ×", "limit 0.40 s", "rejected 0.50 s 1.2 ×*"]
