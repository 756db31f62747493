"""The JSON report."""

import json
import math
from typing import Any

import pytest
from msgspec.structs import replace

from grader.errors import GraderError
from grader.facts import Fact, FactState
from grader.findings import Finding, WrongValue
from grader.render.json_ import render_error, render_facts, render_proofs, render_report
from grader.render.wording import message
from grader.report import CheckResult, GraderInfo, Outcome, Report, Verdict
from tests.authoring.trials import ACCEPTED, PASS, at, proof_of, right, trial, wrong
from tests.findings import KINDS, finding_of
from tests.render.hostile import ALL

INFO = GraderInfo(version="1", python="3", cores=2)


def report_of(*checks: CheckResult) -> Report:
    return Report(
        kata="k",
        title="K",
        solution="s",
        verdict=Verdict.FAILED,
        duration_s=1.23456,
        checks=checks,
        grader=INFO,
    )


def read(report: Report, unsaved: str = "") -> Any:
    return json.loads(render_report(report, unsaved))


@pytest.mark.parametrize("kind", KINDS)
def test_each_finding_is_a_message_and_the_figures_of_its_check(kind: type[Finding]) -> None:
    check = CheckResult(
        name="test_a",
        title="A.",
        outcome=Outcome.FAILED,
        finding=finding_of("x", kind),
        measured=1.234567,
        limit=1.0,
        unit="s",
    )
    assert read(report_of(check))["checks"] == [
        {
            "name": "test_a",
            "title": "A.",
            "outcome": "failed",
            "message": message(check),
            "measured": 1.2346,
            "limit": 1.0,
            "unit": "s",
        }
    ]


def test_a_report_says_how_it_was_made() -> None:
    document = read(report_of(), unsaved="The disk is full.")
    assert document == {
        "format": 1,
        "kata": "k",
        "verdict": "failed",
        "duration_s": 1.235,
        "because": "",
        "sandboxed": True,
        "unsaved": "The disk is full.",
        "checks": [],
        "grader": {"version": "1", "python": "3", "cores": 2},
    }


def test_a_solution_without_a_sandbox_is_not_sandboxed() -> None:
    assert read(replace(report_of(), without_sandbox="no bubblewrap"))["sandboxed"] is False


def test_numbers_that_json_lacks_are_null() -> None:
    check = CheckResult(
        name="a", title="A.", outcome=Outcome.FAILED, measured=math.inf, limit=math.nan
    )
    (shown,) = read(report_of(check))["checks"]
    assert (shown["measured"], shown["limit"]) == (None, None)


def test_json_is_plain_ascii_and_holds_the_text() -> None:
    finding = WrongValue(what="the body", expected="1", observed=ALL)
    check = CheckResult(name="test_a", title="A.", outcome=Outcome.FAILED, finding=finding)
    text = render_report(report_of(check))
    assert text.isascii()
    assert "\x1b" not in text
    assert json.loads(text)["checks"][0]["message"] == message(check)


def test_json_is_safe_inside_a_script_of_a_page() -> None:
    text = render_report(replace(report_of(), because="</script><b>&"))
    assert not set("<>&") & set(text)
    assert json.loads(text)["because"] == "</script><b>&"


def test_an_error_is_told_with_what_to_do() -> None:
    document = json.loads(render_error("k", GraderError("It broke.", "Try again."), INFO))
    assert document["verdict"] == "broken"
    assert document["error"] == {"message": "It broke.", "hint": "Try again."}
    assert "sandboxed" not in document


def test_facts_are_told_with_their_advice() -> None:
    document = json.loads(render_facts([Fact("Cores", FactState.LACKING, "1", "Use 2.")]))
    assert document["facts"] == [
        {"name": "Cores", "state": "lacking", "seen": "1", "advice": "Use 2."}
    ]


def test_proofs_have_own_times_and_the_number_of_rounds_that_they_summarize() -> None:
    rounds = (*right(0.25, 0.2, limit_s=0.4, alone_s=0.1), *wrong(0.9, limit_s=0.4, alone_s=0.1))
    document = json.loads(render_proofs([proof_of(*rounds)], INFO))
    (margin,) = document["katas"][0]["margins"]
    assert (margin["limit_s"], margin["alone_s"], margin["above"], margin["slowest_leisurely"]) == (
        0.4,
        0.1,
        3.0,
        None,
    )
    accepted = {
        "example": "accepted/reference",
        "measured_s": 9.0,
        "own_s": 0.2,
        "is_bound": False,
        "rounds": 2,
    }
    assert margin["slowest_accepted"] == accepted
    assert margin["fastest_rejected"]["rounds"] == 1


def test_an_own_time_that_is_unknown_is_null() -> None:
    document = json.loads(
        render_proofs(
            [proof_of(trial(ACCEPTED, PASS, PASS, at(None)))],
            INFO,
        )
    )
    assert document["katas"][0]["margins"][0]["slowest_accepted"]["own_s"] is None
