"""Findings, figures and verdicts in plain sentences."""

from typing import Any

import pytest
from hypothesis import given
from msgspec.structs import replace

from grader.evidence.claims import Relation
from grader.evidence.server import Excess
from grader.evidence.traffic import ExchangeError
from grader.findings import (
    Crashed,
    Finding,
    GateNotOpened,
    Hung,
    HungAtStart,
    LimitExceeded,
    Mishap,
    NoAnswer,
    NothingAsserted,
    Phase,
    TooFast,
    TooSlow,
    WrongCount,
    WrongStatus,
    WrongValue,
)
from grader.render.wording import amount, counted, figures, message, plural, summary
from grader.report import CheckResult, Outcome, Verdict
from tests.findings import KINDS, finding_of
from tests.render.hostile import hostile_text, report_of

MIB = 1024 * 1024


def result_of(
    finding: Finding | None = None, outcome: Outcome = Outcome.FAILED, **parts: Any
) -> CheckResult:
    return CheckResult(name="test_a", title="A.", outcome=outcome, finding=finding, **parts)


SENTENCES: dict[Any, str] = {
    Crashed: "The app's process exited while it was serving requests (exit code 1): GET /x",
    HungAtStart: "The app was not ready after 1.00 s: its import or its lifespan start-up did not finish.",
    LimitExceeded: "GET /x: the limit of 1 GET /x was exceeded, so the app was stopped.",
    Hung: "The check did not finish within 1.00 s.",
    NoAnswer: "1 of 2 requests like GET /x got no answer within 1.00 s.",
    WrongStatus: "1 of 2 requests like GET /x should answer 200 or 404, but got 1 × 500 GET /x.",
    WrongValue: "GET /x should be GET /x, but was GET /x.",
    WrongCount: "GET /x: 1 GET /x; there should be exactly 2 GET /x.",
    TooSlow: "GET /x took 2.00 s; the limit is 1.00 s.",
    TooFast: "GET /x finished after 1.00 s; the work alone takes 2.00 s.",
    GateNotOpened: "GET /x: only 1 of 2 after 3.00 s.",
    Mishap: "GET /x",
    NothingAsserted: "The check made no assertions. This is a bug in the kata.",
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_finding_has_a_sentence(kind: type[Finding]) -> None:
    assert message(result_of(finding_of("GET /x", kind))) == SENTENCES[kind]


@pytest.mark.parametrize("kind", KINDS)
@given(text=hostile_text)
def test_every_message_is_printable(kind: type[Finding], text: str) -> None:
    assert message(result_of(finding_of(text, kind))).isprintable()


def test_a_crash_names_its_phase_and_its_exception() -> None:
    crash = Crashed(phase=Phase.START, exit_code=3, error="E: no")
    assert message(result_of(crash)) == "The app exited before it was ready (exit code 3): E: no"
    silent = replace(crash, error="", exit_code=None)
    assert message(result_of(silent)) == "The app exited before it was ready (exit code unknown)."


def test_a_file_without_app_is_told_what_to_do() -> None:
    error = "AttributeError: module 'app' has no attribute 'app'"
    crash = Crashed(phase=Phase.START, exit_code=1, error=error)
    assert message(result_of(crash)).endswith(
        "app.py defines no `app`; name the FastAPI application `app`."
    )


@pytest.mark.parametrize(
    ("excess", "sentence"),
    [
        (
            Excess(what="memory_bytes", limit=512 * MIB, seen=600 * MIB),
            "Memory: the limit of 512 MiB for all its processes together was exceeded",
        ),
        (
            Excess(what="cpu_s", limit=30.0, seen=31.0),
            "CPU time: the limit of 30.00 s for all its processes together was exceeded",
        ),
        (
            Excess(what="cache_entries", limit=64, seen=65),
            "Cache_entries: the limit of 64 in all was exceeded",
        ),
        (
            Excess(what="processes", limit=64, seen=65),
            "Processes: the limit of 64 at once was exceeded",
        ),
        (
            Excess(what="database_bytes", limit=MIB, seen=2e6, noun="Database", of="on disk"),
            "Database: the limit of 1 MiB on disk was exceeded",
        ),
    ],
)
def test_a_limit_is_told_with_its_unit_and_scope(excess: Excess, sentence: str) -> None:
    told = message(result_of(LimitExceeded(excess=excess)))
    assert told == f"{sentence}, so the app was stopped."


def test_a_single_request_is_named_by_its_path_alone() -> None:
    silent = NoAnswer(request="GET /x", reason=ExchangeError.CLOSED, waited_s=0.1, count=1, total=1)
    assert (
        message(result_of(silent)) == "GET /x got no answer: connection closed without an answer."
    )


SLOW = TooSlow(what="12 × GET /x", measured_s=1.2, limit_s=0.4, answered=12, total=12, alone_s=0.1)


def test_a_burst_that_took_the_sum_of_its_times_was_served_one_after_another() -> None:
    assert message(result_of(SLOW)) == (
        "12 × GET /x took 1.20 s; a single one takes 0.10 s, and the limit is 0.40 s. "
        "They were served one after another."
    )
    assert "one after another" not in message(result_of(replace(SLOW, measured_s=0.5)))


def test_of_a_burst_that_was_cut_off_the_answers_are_counted() -> None:
    cut = replace(SLOW, is_cut=True, answered=4, measured_s=0.5)
    assert message(result_of(cut)).startswith(
        "12 × GET /x: only 4 were answered within 0.50 s; a single one takes 0.10 s,"
    )
    alone = replace(cut, total=1, answered=0)
    assert message(result_of(alone)) == "12 × GET /x took more than 0.50 s; the limit is 0.40 s."


def test_a_sentence_begins_with_a_capital() -> None:
    gate = GateNotOpened(what="calls to /prices", seen=1, wanted=3, waited_s=3.0)
    assert message(result_of(gate)) == "Calls to /prices: only 1 of 3 after 3.00 s."


def test_an_inconclusive_result_says_that_the_machine_was_too_busy() -> None:
    told = message(result_of(SLOW, Outcome.INCONCLUSIVE))
    assert told.endswith("But this machine was too busy to tell whether your code caused it.")


def test_without_a_finding_there_is_something_to_say_only_if_a_check_was_not_run() -> None:
    assert message(result_of(outcome=Outcome.PASSED)) == ""
    assert message(result_of(outcome=Outcome.NOT_RUN)).startswith("Not run")


@pytest.mark.parametrize(
    ("finding", "figure"),
    [
        (None, "3.00 s (limit 2.00 s)"),
        (SLOW, "3.00 s (limit 2.00 s)"),
        (finding_of("x", Hung), "nothing for 3.00 s"),
        (finding_of("x", HungAtStart), "nothing for 3.00 s"),
        (finding_of("x", NoAnswer), "nothing for 3.00 s"),
        (finding_of("x", GateNotOpened), "1 of 2"),
    ],
)
def test_figures_of_a_result(finding: Finding | None, figure: str) -> None:
    assert figures(result_of(finding, measured=3.0, limit=2.0, unit="s")) == figure


def test_figures_of_a_count_name_its_relation() -> None:
    counting = result_of(measured=3, limit=2, relation=Relation.AT_MOST)
    assert figures(counting) == "3 (at most 2)"


def test_a_result_without_a_number_has_no_figures() -> None:
    assert figures(result_of(finding_of("x", Crashed))) == ""


@pytest.mark.parametrize(
    ("verdict", "sentence"),
    [
        (Verdict.PASSED, "Passed: all 2 checks passed (1.00 s)."),
        (Verdict.FAILED, "Failed: 0 of 2 checks passed (1.00 s)."),
        (
            Verdict.INCONCLUSIVE,
            "Inconclusive: this machine could not tell (1.00 s). This does not count as a failure.",
        ),
        (
            Verdict.BROKEN,
            "Broken: the grader or its surroundings failed, not your solution (1.00 s).",
        ),
    ],
)
def test_the_whole_in_one_sentence(verdict: Verdict, sentence: str) -> None:
    assert summary(report_of("x", verdict=verdict)) == sentence


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1.222, "s", "1.22 s"),
        (0.0994, "s", "99 ms"),
        (0.0995, "s", "0.10 s"),
        (30, "", "30"),
        (2.5, "MiB", "2.50 MiB"),
        (float("inf"), "s", "inf s"),
        (float("nan"), "", "nan"),
        (1e13, "", "1e+13"),
    ],
)
def test_an_amount_has_its_unit(value: float, unit: str, text: str) -> None:
    assert amount(value, unit) == text


@pytest.mark.parametrize(
    ("noun", "many"), [("call", "calls"), ("query", "queries"), ("key", "keys")]
)
def test_a_noun_has_a_plural(noun: str, many: str) -> None:
    assert plural(noun) == many
    assert (counted(1, noun), counted(2, noun)) == (f"1 {noun}", f"2 {many}")
