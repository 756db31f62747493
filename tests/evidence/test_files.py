"""Saved runs: which are kept, which are found, and which are refused."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from grader.errors import EvidenceFileError
from grader.evidence.claims import Claim, ClockClaim, Relation, StatusClaim
from grader.evidence.files import KEPT_RUNS, keep_run, load_run, save_run, saved_runs
from grader.formats import RUN_FORMAT
from tests.judge.records import watch
from tests.render.runs import blocking_run, fixed_run

RUNS = Path(__file__).parent / "runs"
CALLS = RUNS / "format-1-calls.json"
"""A right solution of ghost-request, whose visitors leave; a call was cut."""

DATABASE = RUNS / "format-1-database.json"
"""A solution of sync-driver-on-loop that fills its database."""


def test_a_saved_run_is_loaded_without_loss(tmp_path: Path) -> None:
    run = blocking_run()
    assert load_run(save_run(run, tmp_path)) == run


def test_runs_of_the_same_second_are_all_kept(tmp_path: Path) -> None:
    first, second = (save_run(blocking_run(), tmp_path) for _ in range(2))
    assert first.name == "sleepy-handler-20261123T081500.json"
    assert second.name == "sleepy-handler-20261123T081500-1.json"
    assert saved_runs(tmp_path, ["sleepy-handler"]) == [first, second]


def test_the_oldest_runs_of_a_kata_are_deleted(tmp_path: Path) -> None:
    other = save_run(replace(blocking_run(), kata="other"), tmp_path)
    oldest, *others = (save_run(blocking_run(), tmp_path) for _ in range(KEPT_RUNS))
    os.utime(oldest, ns=(0, 0))
    newest = save_run(blocking_run(), tmp_path)
    assert set(tmp_path.iterdir()) == {other, *others, newest}


def test_a_run_that_cannot_be_saved_is_refused_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("not a folder")
    with pytest.raises(EvidenceFileError, match="cannot be saved in") as caught:
        save_run(blocking_run(), tmp_path / "runs")
    assert caught.value.hint == "Free some space or fix the permissions."


def test_a_run_that_cannot_be_kept_says_why_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("not a folder")
    kept = keep_run(blocking_run(), tmp_path / "runs")
    assert kept.path is None
    assert "cannot be saved" in kept.unsaved


def test_a_run_is_not_kept_without_a_folder(tmp_path: Path) -> None:
    assert keep_run(blocking_run(), None).path is None
    assert keep_run(blocking_run(), tmp_path).path == next(tmp_path.iterdir())


def test_a_migrated_run_is_saved_in_the_current_format(tmp_path: Path) -> None:
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
def test_a_damaged_run_in_format_1_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    document: Any = json.loads(DATABASE.read_text())
    (document if "checks" in change else document["checks"][0]["attempts"][0]).update(change)
    path = tmp_path / "run.json"
    path.write_text(json.dumps(document))
    with pytest.raises(EvidenceFileError, match=r"run\.json is damaged: "):
        load_run(path)


def test_a_deeply_nested_run_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(
        '{"format": 1, "checks": ' + "[" * 100_000 + "]" * 100_000 + "}"
    )
    with pytest.raises(EvidenceFileError, match="is damaged"):
        load_run(tmp_path / "run.json")


@pytest.mark.parametrize(
    "claim",
    [
        StatusClaim(exchanges=(99,), allowed=(200,), watch=watch(1.0)),
        ClockClaim(
            what="x", exchanges=(99,), relation=Relation.AT_MOST, limit_s=1.0, watch=watch(1.0)
        ),
        ClockClaim(
            what="x", exchanges=(), relation=Relation.AT_MOST, limit_s=1.0, watch=watch(1.0)
        ),
    ],
)
def test_a_run_with_a_claim_about_an_unknown_exchange_is_damaged(
    tmp_path: Path, claim: Claim
) -> None:
    run = blocking_run()
    (first, *rest) = run.checks
    attempt = replace(first.attempts[0], claims=(claim,))
    run = replace(run, checks=(replace(first, attempts=(attempt,)), *rest))
    with pytest.raises(EvidenceFileError, match=f"is damaged: {first.name} has a claim about an"):
        load_run(save_run(run, tmp_path))


# ---- refused -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (7, "Upgrade fastapi-katas with `pip install --upgrade fastapi-katas`."),
        (0, "Grade the solution again"),
    ],
)
def test_a_run_in_an_unknown_format_is_refused_with_a_hint(
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


# ---- found -----------------------------------------------------------------------------


def test_runs_in_readable_formats_are_found_oldest_first(tmp_path: Path) -> None:
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


def test_a_deeply_nested_file_is_not_a_run(tmp_path: Path) -> None:
    (tmp_path / "tiny-1.json").write_text("[" * 200_000)
    assert saved_runs(tmp_path, {"tiny"}) == []
