"""Runs in format 1: each step keeps everything that was known, so they are judged and shown as before."""

import json
from pathlib import Path
from typing import Any

from grader.evidence.files import load_run
from grader.evidence.run import Attempt, Run
from grader.evidence.steps import WHAT_CHARS, from_1_to_2
from grader.evidence.traffic import EventEnd
from grader.formats import RUN_FORMAT
from grader.grading.graded import Graded
from grader.judge.decide import judge_run
from grader.render.explanation import observations
from grader.render.html.page import render_page
from grader.render.wording import message
from grader.report import Verdict
from tests.render.runs import fixed_run, graded

RUNS = Path(__file__).parent / "runs"
CALLS = RUNS / "format-1-calls.json"
"""A right solution of ghost-request, whose visitors leave; a call was cut."""

DATABASE = RUNS / "format-1-database.json"
"""A solution of sync-driver-on-loop that fills its database."""


def attempts(run: Run) -> list[Attempt]:
    return [attempt for record in run.checks for attempt in record.attempts]


def seen(run: Run) -> set[str]:
    """What the explanation of a run says was seen."""
    return {sentence for attempt in attempts(run) for sentence in observations(attempt)}


def test_a_run_in_format_1_is_judged_and_explained_as_before() -> None:
    run = load_run(CALLS)
    assert run.format == RUN_FORMAT
    assert judge_run(run.checks)[0] is Verdict.PASSED
    assert {
        "The upstream got 3 calls, at most 1 at once; 1 cut by the upstream.",
        "The upstream got 16 calls, at most 12 at once; 8 abandoned by the app.",
        "The app opened 12 connections to the upstream, at most 12 at once.",
    } <= seen(run)
    assert is_on_page(run, "Calls to the upstream: 16")


def test_a_limit_that_was_exceeded_in_format_1_is_named_as_before() -> None:
    run = load_run(DATABASE)
    verdict, results = judge_run(run.checks)
    assert verdict is Verdict.FAILED
    assert [message(result) for result in results if result.finding is not None] == [
        "Database: the limit of 64 MiB on disk was exceeded, so the app was stopped."
    ]
    assert is_on_page(
        run, "Database: the limit of 64 MiB on disk was exceeded, so the app was stopped."
    )


def is_on_page(run: Run, text: str) -> bool:
    return text in render_page(Graded(run, graded(run).report), graded(fixed_run()))


def test_each_call_in_format_1_becomes_an_event_without_loss() -> None:
    old: Any = json.loads(CALLS.read_text())
    calls = [
        call
        for record in old["checks"]
        for attempt in record["attempts"]
        for call in attempt["calls"]
    ]
    events = [event for attempt in attempts(load_run(CALLS)) for event in attempt.events]
    assert {event.end for event in events} == {
        EventEnd.ANSWERED,
        EventEnd.CLIENT_LEFT,
        EventEnd.CUT,
    }
    assert {(event.service, event.kind, event.outcome) for event in events} == {
        ("upstream", "call", "")
    }
    assert [
        {
            "id": event.id,
            "connection": event.connection,
            "method": event.what.partition(" ")[0],
            "path": event.what.partition(" ")[2],
            "arrived_s": event.began_s,
            "released_s": event.answered_s,
            "ended_s": event.ended_s,
            "end": event.end,
        }
        for event in events
    ] == calls


def test_unknown_keys_are_left_alone() -> None:
    assert from_1_to_2({"x": 1, "checks": [{"attempts": [{"y": 2, "calls": []}]}]}) == {
        "x": 1,
        "checks": [{"attempts": [{"y": 2, "events": []}]}],
    }


def test_a_long_call_is_shortened() -> None:
    run = from_1_to_2(
        {"checks": [{"attempts": [{"calls": [{"method": "GET", "path": "/" * 500}]}]}]}
    )
    assert len(run["checks"][0]["attempts"][0]["events"][0]["what"]) == WHAT_CHARS
