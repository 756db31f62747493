"""Foreign text never acts on the reader."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.render.json_ import render_report
from grader.render.text import printable
from grader.render.wording import message
from grader.report import CheckResult, Finding, FindingKind, GraderInfo, Outcome, Report, Verdict

HOSTILE = "\x1b[2J\x1b]0;title\x07[bold red]\u202etxt\u2066\x00\x9b31m</script>\u2028"


def test_controls_and_bidi_marks_become_code_points() -> None:
    assert printable("a\x1b[31m\u202eb") == "a\\u001b[31m\\u202eb"


def test_a_text_becomes_one_bounded_line() -> None:
    assert printable("a\n b\tc") == "a b c"
    assert len(printable("x" * 10_000, 50)) == 50


@given(st.text(max_size=400))
def test_nothing_that_a_terminal_acts_on_is_left(text: str) -> None:
    safe = printable(text)
    assert safe.isprintable()
    assert len(safe) <= 300


@pytest.mark.parametrize("kind", list(FindingKind))
@given(text=st.text(max_size=100) | st.just(HOSTILE))
def test_every_message_is_printable(kind: FindingKind, text: str) -> None:
    finding = Finding(kind=kind, subject=text, expected=text, observed=text, error=text, measured=1.0, limit=2.0, count=1, total=2)
    check = CheckResult(name="test_a", title="A.", outcome=Outcome.FAILED, finding=finding)
    assert message(check).isprintable()


def test_json_is_plain_ascii_and_holds_the_text() -> None:
    finding = Finding(kind=FindingKind.WRONG_VALUE, subject="the body", expected="1", observed=HOSTILE)
    report = Report(
        kata="k",
        title="K",
        solution="s",
        verdict=Verdict.FAILED,
        duration_s=1.0,
        checks=(CheckResult(name="test_a", title="A.", outcome=Outcome.FAILED, finding=finding),),
        grader=GraderInfo(version="1", python="3", cores=2),
    )
    text = render_report(report)
    assert text.isascii()
    assert "\x1b" not in text
    assert "\\u001b" in json.loads(text)["checks"][0]["message"]
