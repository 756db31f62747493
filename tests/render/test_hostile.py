"""Foreign text is only ever shown: on the screen, in documents, in errors."""

import io
import json
import math
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.catalog.card import Card
from grader.catalog.index import Index
from grader.cli import main
from grader.errors import GraderError, SolutionError
from grader.facts import Fact, FactState
from grader.findings import Bar, Finding, TooSlow
from grader.render.circumstances import busy_machine, stall, waiting
from grader.render.json_ import render_error, render_facts, render_proofs, render_report
from grader.render.proof import overall_summary, place, proof_summary, sentence
from grader.render.terminal.catalog import CatalogScreen
from grader.render.terminal.proof import ProofScreen
from grader.render.terminal.report import ReportScreen
from grader.render.terminal.screen import Screen
from grader.render.wording import amount, figures, message, summary
from grader.report import (
    CheckResult,
    GraderInfo,
    Outcome,
    Verdict,
)
from grader.workspace.progress import State
from tests.findings import KINDS
from tests.render.hostile import (
    ALL,
    RICH_LIVE,
    RICH_STYLES,
    assert_acts_on_nothing,
    hostile_text,
    kata_of,
    proof_of,
    report_of,
    result_of,
    screen_output,
)

INFO = GraderInfo(version="1", python="3", cores=2)
REPORT_LINES, REPORT_CHARS = 1_000, 40_000
"""The most that is ever written about a grading with two checks. That many characters, each two columns wide, fill
that many lines of 80 columns."""

kinds = st.sampled_from(KINDS)
ways = pytest.mark.parametrize(
    ("terminal", "no_colour"),
    [(False, False), (True, False), (True, True)],
    ids=["pipe", "terminal", "terminal without colour"],
)


def show_report(text: str, kind: type[Finding]) -> None:
    report, screen = report_of(text, kind), ReportScreen()
    screen.replay(kata_of(text), report, text)
    screen.say(text, text)
    screen.fact(Fact(text, FactState.BAD, text, text))
    screen.error(GraderError(text, text))


def show_proof(text: str) -> None:
    screen, proof = ProofScreen(), proof_of(text)
    screen.trial_begins(text, proof.examples[0])
    screen.trial_ends(text, proof.trials[0])
    screen.kata_ends(proof)
    screen.stop()


# ---- the screen
# ---------------------------------------------------------------------------------------------------------


@ways
@settings(max_examples=40, deadline=None)
@given(text=hostile_text, kind=kinds)
def test_a_report_acts_on_nothing_and_is_bounded(
    terminal: bool, no_colour: bool, text: str, kind: type[Finding]
) -> None:
    with screen_output(terminal=terminal, no_colour=no_colour) as written:
        show_report(text, kind)
    assert_acts_on_nothing(RICH_STYLES.sub("", written.getvalue()))
    assert len(written.getvalue()) < REPORT_CHARS
    assert written.getvalue().count("\n") < REPORT_LINES


@ways
@settings(max_examples=40, deadline=None)
@given(text=hostile_text)
def test_a_proof_acts_on_nothing_and_is_bounded(terminal: bool, no_colour: bool, text: str) -> None:
    with screen_output(terminal=terminal, no_colour=no_colour) as written:
        show_proof(text)
    assert_acts_on_nothing(RICH_STYLES.sub("", written.getvalue()))
    assert len(written.getvalue()) < REPORT_CHARS


@settings(max_examples=40, deadline=None)
@given(text=hostile_text)
def test_a_catalog_acts_on_nothing(text: str) -> None:
    with screen_output() as written:
        CatalogScreen().catalog(
            Index(Path("x"), (text,), {1: text}, {}),
            [Card(text, text, 1, text, (text,))],
            {text: State.SKIPPED},
            text,
        )
    assert_acts_on_nothing(written.getvalue())


def test_a_pipe_gets_no_escapes_and_a_terminal_without_colour_no_colours() -> None:
    with screen_output() as pipe:
        show_report(ALL, TooSlow)
    with screen_output(terminal=True, no_colour=True) as colourless:
        show_report(ALL, TooSlow)
    with screen_output(terminal=True) as coloured:
        show_report(ALL, TooSlow)
    assert "\x1b" not in pipe.getvalue()
    assert set(RICH_STYLES.findall(colourless.getvalue())) <= {"\x1b[0m", "\x1b[1m", "\x1b[2m"}
    assert "\x1b[36m" in coloured.getvalue()


@pytest.mark.parametrize(
    "markup",
    [
        "[red]x[/red]",
        "[link=https://example.com]x[/link]",
        "[@click=a]x[/]",
        "[/]",
        ":smile:",
        "\\[b]",
    ],
)
def test_markup_is_shown_as_it_is_written(markup: str) -> None:
    with screen_output(terminal=True) as written:
        Screen().say(markup)
        Screen().error(SolutionError(markup, markup))
        ReportScreen().check_begins(markup)
        ReportScreen().check_ends(CheckResult(name="a", title=markup, outcome=Outcome.PASSED))
    assert RICH_STYLES.sub("", written.getvalue()).count(markup) == 4


def test_a_line_break_cannot_forge_a_line() -> None:
    with screen_output() as written:
        Screen().say("a.py\nPassed: all 4 checks passed (0.10 s).")
    assert written.getvalue() == "a.py Passed: all 4 checks passed (0.10 s).\n"


def test_the_live_line_acts_on_nothing() -> None:
    with screen_output(terminal=True) as written:
        screen = ReportScreen()
        screen.begin(kata_of(ALL))
        screen.check_begins(ALL)
        screen.check_ends(result_of(ALL))
        screen.stop()
        proof = ProofScreen()
        proof.all_begin(3)
        proof.kata_begins(ALL, 3)
        show_proof(ALL)
        proof.stop()
    assert_acts_on_nothing(RICH_LIVE.sub("", RICH_STYLES.sub("", written.getvalue())))


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_terminal_that_lacks_characters_gets_others(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with io.TextIOWrapper(io.BytesIO(), encoding=encoding) as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        show_proof(ALL)
        ReportScreen().replay(kata_of(ALL), report_of(ALL, TooSlow), "Ready… 12 × 汉 𝕏 ≥ 3")
        stream.flush()
        stream.seek(0)
        last = stream.read().splitlines()[-1]
    shown = {
        "ascii": "Ready... 12 x \\u6c49 \\U0001d54f >= 3",
        "latin-1": "Ready... 12 × \\u6c49 \\U0001d54f >= 3",
    }
    assert last == shown.get(encoding, "Ready… 12 × 汉 𝕏 ≥ 3")


@given(st.floats(), st.floats(), st.floats(), st.booleans())
@settings(deadline=None)
def test_every_number_can_be_shown(one: float, other: float, third: float, is_cut: bool) -> None:
    """A damaged run may hold any number."""
    bars = tuple(
        Bar(from_s=value, to_s=another, is_cut=is_cut)
        for value in (one, other, third)
        for another in (one, other, third)
    )
    bars = tuple(bar for bar in bars if math.isfinite(bar.from_s) and math.isfinite(bar.to_s))
    finding = TooSlow(
        what="GET /x",
        measured_s=one,
        limit_s=other,
        alone_s=third,
        answered=3,
        total=4,
        bars=bars,
    )
    result = CheckResult(
        name="a", title="a", outcome=Outcome.FAILED, finding=finding, measured=one, limit=other
    )
    report = report_of("x")
    with screen_output() as written:
        ReportScreen().check_ends(result)
        ReportScreen().finish(msgspec.structs.replace(report, checks=(result,), duration_s=one), "")
    assert len(written.getvalue()) < REPORT_CHARS


# ---- words ----


@given(text=hostile_text, kind=kinds, verdict=st.sampled_from(Verdict))
@settings(deadline=None)
def test_every_sentence_is_one_bounded_line(
    text: str, kind: type[Finding], verdict: Verdict
) -> None:
    result, proof = result_of(text, kind), proof_of(text)
    around = result.circumstances
    sentences = [
        message(result), figures(result), summary(report_of(text, kind, verdict)), stall(around.stalls[0]),
        waiting(around.waiting[0]),
        *busy_machine(around), amount(1.0, text), place(text, proof.problems[0]), place(text, proof.problems[1]),
        sentence(proof.problems[0]), proof_summary(proof), overall_summary([proof], 1),
    ]  # fmt: skip
    assert all(words.isprintable() for words in sentences)
    assert max(map(len, sentences)) <= 1200


# ---- documents ----


@given(text=hostile_text, kind=kinds)
@settings(deadline=None)
def test_documents_are_valid_plain_and_bounded(text: str, kind: type[Finding]) -> None:
    documents = [
        render_report(report_of(text, kind)),
        render_error(text, GraderError(text, text), INFO),
        render_proofs([proof_of(text)], GraderInfo(version=text, python=text, cores=1)),
        render_facts([Fact(text, FactState.BAD, text, text)]),
    ]
    for document in documents:
        assert document.isascii()
        assert_acts_on_nothing(document)
        assert not set("<>&") & set(document)
        assert len(document) < 6 * 40_000
        strict = msgspec.json.decode(document)  # refuses lone surrogates, which json does not
        assert strict == json.loads(document)
        assert all(words.isprintable() for words in texts_in(strict))


def texts_in(value: object) -> list[str]:
    """All texts of a document, including keys."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in texts_in(part)]
    return [text for part in value for text in texts_in(part)] if isinstance(value, list) else []


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_lacks_is_null(number: float) -> None:
    report = report_of("x")
    odd = msgspec.structs.replace(
        report, checks=(msgspec.structs.replace(report.checks[0], measured=number),)
    )
    assert json.loads(render_report(odd))["checks"][0]["measured"] is None


# ---- errors ----


@given(text=hostile_text)
@settings(max_examples=50, deadline=None)
def test_an_error_is_shown_safely_and_keeps_its_exit_code(text: str) -> None:
    code, shown = outcome_of_command(SolutionError(text, text))
    assert code == 2
    assert shown.startswith("Error: ")
    assert_acts_on_nothing(shown)
    assert len(shown) < 2100


@given(text=hostile_text)
@settings(max_examples=50, deadline=None)
def test_a_bug_whose_text_is_foreign_is_shown_safely(text: str) -> None:
    code, shown = outcome_of_command(ValueError(text))
    assert code == 4
    assert "This is a bug in kata" in shown
    assert_acts_on_nothing(shown)
    assert len(shown) < 120_000


def outcome_of_command(error: Exception) -> tuple[object, str]:
    """Exit code and output of the command if this is raised in it."""

    def fail(prog_name: str) -> None:
        raise error

    with screen_output() as written, pytest.MonkeyPatch.context() as patch:
        patch.setattr(main, "app", fail)
        with pytest.raises(SystemExit) as end:
            main.run()
    return end.value.code, written.getvalue()
