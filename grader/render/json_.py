"""The report for programs: one JSON document, versioned by `format`."""

import json
from typing import Any

from grader.errors import GraderError
from grader.render.text import printable
from grader.render.wording import message
from grader.report import FORMAT, GraderInfo, Report, Verdict


def render_report(report: Report) -> str:
    """The whole report as JSON, pure ASCII, so that no text of a solution can act on a terminal."""
    document: dict[str, Any] = {
        "format": report.format,
        "kata": report.kata,
        "verdict": report.verdict.value,
        "duration_s": round(report.duration_s, 3),
        "because": report.because,
        "checks": [
            {
                "name": check.name,
                "title": check.title,
                "outcome": check.outcome.value,
                "message": message(check),
                "measured": _rounded(check.measured),
                "limit": _rounded(check.limit),
                "unit": check.unit,
            }
            for check in report.checks
        ],
        "grader": _grader(report.grader),
    }
    return json.dumps(document, indent=2)


def render_error(kata: str, error: GraderError, grader: GraderInfo) -> str:
    """A grading that broke before any check, in the same format: no checks, and `error` with what to do."""
    document = {
        "format": FORMAT,
        "kata": kata,
        "verdict": Verdict.BROKEN.value,
        "duration_s": 0.0,
        "because": "",
        "checks": [],
        "error": {"message": printable(error.message), "hint": printable(error.hint)},
        "grader": _grader(grader),
    }
    return json.dumps(document, indent=2)


def _grader(info: GraderInfo) -> dict[str, Any]:
    return {"version": info.version, "python": info.python, "cores": info.cores}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
