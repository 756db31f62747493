"""The explanation of a check."""

import pytest
from msgspec.structs import replace

from grader.evidence.run import Attempt, CheckRecord, Subject
from grader.evidence.traffic import Exchange
from grader.findings import (
    Crashed,
    Finding,
    GateNotOpened,
    Hung,
    HungAtStart,
    NoAnswer,
    TooFast,
    TooSlow,
)
from grader.judge.decide import judge_check
from grader.render.explanation import Step, bars, details, observations, steps, tries
from grader.report import CheckResult, Outcome
from tests.findings import KINDS, circumstances_of, finding_of
from tests.judge.records import answered, attempt, counted, exchange, gated, timed
from tests.render.runs import blocking_run, fixed_run

RIGHT, BURST, CALLS = range(3)


def test_a_burst_is_told_as_one_and_says_what_came_back() -> None:
    (step,) = steps(blocking_run().checks[BURST].attempts[0])
    assert step.sent == "12 × GET /labels/{n}, all at once"
    assert step.seen == "7 × unanswered, 5 × 200, after 0.10 s to 0.54 s"


def test_a_single_request_is_told_by_its_path() -> None:
    assert steps(blocking_run().checks[RIGHT].attempts[0]) == (
        Step("GET /labels/7", "200, after 0.11 s"),
    )


def test_requests_that_are_alike_are_told_together_and_many_kinds_are_bounded() -> None:
    alike = answered(exchange(1), exchange(2, took_s=0.2))
    assert steps(alike) == (Step("2 × GET /x", "2 × 200, after 0.10 s to 0.20 s"),)
    numbered = answered(
        *(
            Exchange(id=i, method="GET", path=f"/{i}", planned_s=0, ended_s=1, status=200)
            for i in range(3)
        )
    )
    assert steps(numbered) == (Step("3 × GET /{n}", "3 × 200, after 1.00 s"),)
    kinds = answered(
        *(
            Exchange(
                id=i, method="GET", path=f"/{chr(200 + i)}", planned_s=i, ended_s=i + 1, status=200
            )
            for i in range(50)
        )
    )
    assert len(steps(kinds)) == 11
    assert steps(kinds)[-1].sent == "and 40 more kinds of requests"


def test_calls_and_connections_are_counted_with_their_peaks() -> None:
    apart, together = (
        observations(run.checks[CALLS].attempts[0]) for run in (blocking_run(), fixed_run())
    )
    assert apart[0] == "The upstream got 3 calls, at most 1 at once."
    assert together[0] == "The upstream got 3 calls, at most 3 at once."
    assert (
        together[1]
        == "The app opened 3 connections to the upstream, at most 3 at once; 1 still open at the end."
    )


def test_what_a_check_counted_is_told_with_what_it_must_be() -> None:
    assert observations(counted(3)) == ("Connections: 3 (it must be at most 2).",)
    assert observations(gated(1)) == ("Calls: 1 of 3.",)


def test_a_blocked_event_loop_is_told_with_its_line() -> None:
    (told,) = observations(blocking_run().checks[BURST].attempts[0])
    assert told.startswith(
        "The event loop was blocked 2 times, for 0.53 s in all, at app.py:37 `time.sleep(RENDER_S)"
    )


@pytest.mark.parametrize(
    ("attempts", "decided"),
    [
        ((), None),
        ((timed(0.5),), 0),
        ((timed(0.5), timed(0.3, subject=Subject.REFERENCE), timed(0.3)), 2),
        ((timed(0.5), answered(exchange(status=500))), 1),
        ((timed(0.5), timed(0.6)), 0),
        ((timed(0.3, subject=Subject.REFERENCE),), None),
    ],
)
def test_the_attempt_that_decided_is_the_one_that_passed_or_the_first_certain_miss(
    attempts: tuple[Attempt, ...], decided: int | None
) -> None:
    assert judge_check(CheckRecord(name="a", title="A.", attempts=attempts)).decided_by == decided


def test_tries_are_told_when_there_were_several() -> None:
    once = CheckRecord(name="a", title="A.", attempts=(timed(0.3),))
    often = CheckRecord(
        name="a",
        title="A.",
        attempts=(timed(0.5), timed(0.5, subject=Subject.REFERENCE), timed(0.5)),
    )
    assert tries(once) == ""
    assert tries(often) == (
        "Your solution was run twice, each time on a fresh server, taking turns with the kata's reference (once)."
    )


def test_a_check_that_passed_needs_no_details_and_one_that_crashed_shows_its_last_output_once() -> (
    None
):
    held = judge_check(CheckRecord(name="a", title="A.", attempts=(timed(0.3),)))
    assert details(held) == ()
    life = blocking_run().checks[BURST].attempts[0].life
    assert life is not None
    crashed = judge_check(
        CheckRecord(
            name="a", title="A.", attempts=(attempt(life=replace(life, exited_s=1.0, exit_code=1)),)
        )
    )
    assert [(line.text, line.code) for line in details(crashed)] == [
        ("Its last output:", ""),
        ("", "INFO: ready"),
        ("", "  indented"),
    ]


def result_of(kind: type[Finding], outcome: Outcome = Outcome.FAILED) -> CheckResult:
    return CheckResult(
        name="a",
        title="A.",
        outcome=outcome,
        finding=finding_of("app.py", kind),
        circumstances=circumstances_of("app.py"),
    )


WITH_FRAMES, WITH_OUTPUT = (Crashed,), (HungAtStart,)
ABOUT_WAITING = (Hung, NoAnswer, GateNotOpened)
WITH_BARS = (TooSlow, TooFast)


@pytest.mark.parametrize("kind", KINDS)
def test_each_finding_has_the_details_that_explain_it(kind: type[Finding]) -> None:
    texts = [line.text for line in details(result_of(kind))]
    assert ("app.py:1 in app.py" in texts) is (kind in WITH_FRAMES)
    assert ("Its last output:" in texts) is (kind in WITH_OUTPUT)
    assert any("waiting at" in text for text in texts) is (kind in ABOUT_WAITING)
    assert sum("was blocked" in text for text in texts) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_bars_belong_to_findings_about_time(kind: type[Finding]) -> None:
    assert bool(bars(finding_of("x", kind))) is (kind in WITH_BARS)


@pytest.mark.parametrize("kind", KINDS)
def test_an_inconclusive_check_says_what_kept_the_machine_busy(kind: type[Finding]) -> None:
    texts = [line.text for line in details(result_of(kind, Outcome.INCONCLUSIVE))]
    assert any("all processes used" in text for text in texts)
