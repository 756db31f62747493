"""Saved runs: written, read again, also those of older formats, and told apart from what is none."""

import json
from pathlib import Path
from typing import Any

import pytest

from grader.errors import EvidenceFileError
from grader.evidence.files import load_run, save_run, saved_runs
from grader.evidence.run import Attempt, Run
from grader.evidence.steps import from_1_to_2
from grader.evidence.traffic import EventEnd
from grader.formats import RUN_FORMAT
from grader.grading.graded import Graded
from grader.judge.decide import judge_run
from grader.render.explanation import sights
from grader.render.html.page import render_page
from grader.render.wording import message
from grader.report import Verdict
from tests.render.runs import blocking_run, fixed_run, graded

RUNS = Path(__file__).parent / "runs"
CALLS = RUNS / "format-1-calls.json"
"""A right solution of ghost-request, whose visitors leave; a call was cut."""

DATABASE = RUNS / "format-1-database.json"
"""A solution of sync-driver-on-loop that fills its database."""


def attempts(run: Run) -> list[Attempt]:
    return [attempt for record in run.checks for attempt in record.attempts]


def seen(run: Run) -> set[str]:
    """Sentences that the story tells of a run."""
    return {sentence for attempt in attempts(run) for sentence in sights(attempt)}


def test_a_saved_run_is_loaded_as_it_was(tmp_path: Path) -> None:
    run = blocking_run()
    assert load_run(save_run(run, tmp_path)) == run
    assert json.loads(next(tmp_path.glob("*.json")).read_text())["format"] == RUN_FORMAT


# ---- format 1
# -----------------------------------------------------------------------------------------------------------


def test_a_run_of_format_1_is_judged_and_told_as_before() -> None:
    run = load_run(CALLS)
    assert run.format == RUN_FORMAT
    assert judge_run(run.checks)[0] is Verdict.PASSED
    assert {
        "The upstream got 3 calls, at most 1 at once; 1 cut by the upstream.",
        "The upstream got 16 calls, at most 12 at once; 8 abandoned by the app.",
        "The app opened 12 connections to the upstream, at most 12 at once.",
    } <= seen(run)
    assert is_on_page(run, "Calls to the upstream: 16")


def test_what_was_exceeded_in_format_1_is_told_as_before() -> None:
    run = load_run(DATABASE)
    verdict, results = judge_run(run.checks)
    assert verdict is Verdict.FAILED
    assert [message(result) for result in results if result.finding is not None] == [
        "Database 64 MiB exceeded, on disk; the app was ended."
    ]
    assert is_on_page(run, "Database 64 MiB exceeded, on disk; the app was ended.")


def is_on_page(run: Run, text: str) -> bool:
    return text in render_page(Graded(run, graded(run).report), graded(fixed_run()))


def test_each_call_of_format_1_is_an_event_with_all_that_was_known_of_it() -> None:
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


def test_a_run_that_was_migrated_can_be_saved_in_the_current_format(tmp_path: Path) -> None:
    run = load_run(CALLS)
    assert load_run(save_run(run, tmp_path)) == run


@pytest.mark.parametrize(
    "change",
    [
        {"checks": 5},
        {"checks": [5]},
        {"checks": [{"name": "a", "title": "a", "attempts": {}}]},
        {"calls": 5},
        {"calls": [5]},
        {"calls": [{}]},
        {"calls": [{"id": 1, "connection": 1, "method": 1, "path": "/", "arrived_s": 1.0}]},
        {"life": {"workers": 1, "started_s": 1.0, "exceeded": {"what": "database_bytes"}}},
    ],
)
def test_a_damaged_run_of_format_1_is_refused_in_one_sentence(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    document: Any = json.loads(DATABASE.read_text())
    (document if "checks" in change else document["checks"][0]["attempts"][0]).update(change)
    path = tmp_path / "run.json"
    path.write_text(json.dumps(document))
    with pytest.raises(EvidenceFileError, match=r"run\.json is damaged: "):
        load_run(path)


def test_a_run_that_is_nested_without_end_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(
        '{"format": 1, "checks": ' + "[" * 100_000 + "]" * 100_000 + "}"
    )
    with pytest.raises(EvidenceFileError, match="is damaged"):
        load_run(tmp_path / "run.json")


def test_the_step_leaves_alone_what_it_does_not_know() -> None:
    assert from_1_to_2({"x": 1, "checks": [{"attempts": [{"y": 2, "calls": []}]}]}) == {
        "x": 1,
        "checks": [{"attempts": [{"y": 2, "events": []}]}],
    }


def test_what_was_asked_in_format_1_is_bounded_as_it_is_now() -> None:
    run = from_1_to_2(
        {"checks": [{"attempts": [{"calls": [{"method": "GET", "path": "/" * 500}]}]}]}
    )
    assert len(run["checks"][0]["attempts"][0]["events"][0]["what"]) == 500


# ---- other formats
# ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (7, "Upgrade fastapi-katas with `pip install --upgrade fastapi-katas`."),
        (0, "Grade the solution again"),
    ],
)
def test_a_run_of_a_format_that_is_not_read_is_refused_with_what_to_do(
    tmp_path: Path, number: int, hint: str
) -> None:
    path = tmp_path / "run.json"
    path.write_text(json.dumps({"format": number}))
    with pytest.raises(
        EvidenceFileError,
        match=rf"run\.json has format {number}; this version reads up to {RUN_FORMAT}\.",
    ) as caught:
        load_run(path)
    assert hint in caught.value.hint


# ---- which there are
# ----------------------------------------------------------------------------------------------------


def test_runs_of_every_format_that_is_read_are_found_the_oldest_first(tmp_path: Path) -> None:
    new = save_run(fixed_run(), tmp_path)
    old = save_run(blocking_run(), tmp_path)
    document = json.loads(old.read_text())
    (tmp_path / "sleepy-handler-1.json").write_text(
        json.dumps({**document, "format": 1, "began_at": "2026-11-22T08:00:00+00:00"})
    )
    (tmp_path / "sleepy-handler-7.json").write_text(json.dumps({**document, "format": 7}))
    (tmp_path / "sleepy-handler-8.json").write_text("nonsense")
    assert saved_runs(tmp_path, ["sleepy-handler"]) == [
        tmp_path / "sleepy-handler-1.json",
        old,
        new,
    ]


def test_a_run_that_is_nested_without_end_is_none(tmp_path: Path) -> None:
    (tmp_path / "tiny-1.json").write_text("[" * 200_000)
    assert saved_runs(tmp_path, {"tiny"}) == []
