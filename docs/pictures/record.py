"""Records the scenes again, and saves what the pictures need: `python -m docs.pictures.record`."""

from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from grader.atomic import write_whole
from grader.catalog.manifest import read_manifest
from grader.evidence.run import Attempt, CheckRecord, Run
from grader.grading.grade import grade
from grader.report import Verdict

FOLDER = Path(__file__).parent
SCENES = FOLDER / "loop"
RUN_FILE = FOLDER / "loop.json"
DIGITS = 4
"""Decimal places of seconds; tenths of a millisecond are finer than any drawing."""


def record() -> Run:
    """Grade the app of the scenes like any solution.

    Raises:
        RuntimeError: a scene failed; on a busy machine try again.
    """
    graded = grade(read_manifest(SCENES), SCENES / "app.py")
    if graded.report.verdict is not Verdict.PASSED:
        raise RuntimeError(f"{graded.report.verdict}: {graded.report.cause}")
    return graded.run


def smaller(run: Run) -> Run:
    """The run with only what is drawn: requests, calls and stalls."""
    checks = tuple(
        replace(check, attempts=tuple(map(_drawn, check.attempts)), machine=None)
        for check in run.checks
    )
    kept = replace(run, solution="app.py", checks=checks)
    return msgspec.convert(_rounded(msgspec.to_builtins(kept)), Run)


def _drawn(attempt: Attempt) -> Attempt:
    # Requests that ended before the first visitor came only waited for the server to start.
    begins_s = min(
        exchange.planned_s for exchange in attempt.exchanges if exchange.path != "/health"
    )
    return Attempt(
        subject=attempt.subject,
        started_s=attempt.started_s,
        ended_s=attempt.ended_s,
        exchanges=tuple(
            replace(exchange, body="")
            for exchange in attempt.exchanges
            if exchange.ended_s >= begins_s
        ),
        events=attempt.events,
        stalls=attempt.stalls,
    )


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    return [_rounded(part) for part in value] if isinstance(value, list | tuple) else value


def scene(run: Run, name: str) -> Attempt:
    """The last attempt at one scene."""
    check: CheckRecord = next(check for check in run.checks if check.name == name)
    return check.attempts[-1]


if __name__ == "__main__":
    write_whole(RUN_FILE, msgspec.json.encode(smaller(record())))
