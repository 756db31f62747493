"""The report for programs: one JSON document, versioned by `format`."""

import json
import math
from collections.abc import Sequence
from typing import Any

import msgspec

from grader.authoring.examples import Example
from grader.authoring.proof import Margin, Problem, Proof, Side, verdict_of_proofs
from grader.errors import GraderError
from grader.facts import Fact
from grader.formats import REPORT_FORMAT
from grader.render.document import CheckDocument, ErrorDocument, GraderDocument, ReportDocument
from grader.render.proof import place, sentence
from grader.render.text import escaped, printable
from grader.render.wording import message
from grader.report import CheckResult, GraderInfo, Report, Verdict

IN_SCRIPTS = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})
"""Escapes that make a document safe inside a script of a page; in JSON, these characters occur only in strings."""


def render_report(report: Report, unsaved: str = "") -> str:
    """The whole report as JSON in ASCII, so that no text of a solution can control the terminal.

    Args:
        report: of a grading.
        unsaved: why the evidence could not be saved; empty if it was saved, or was not to be saved.
    """
    document = ReportDocument(
        format=report.format,
        kata=report.kata,
        verdict=report.verdict,
        duration_s=round(report.duration_s, 3),
        because=report.because,
        sandboxed=not report.without_sandbox,
        unsaved=unsaved,
        checks=tuple(_check(check) for check in report.checks),
        grader=GraderDocument(**_grader(report.grader)),
    )
    return _dump(msgspec.to_builtins(document))


def _check(check: CheckResult) -> CheckDocument:
    return CheckDocument(
        name=check.name,
        title=check.title,
        outcome=check.outcome,
        message=message(check),
        measured=_rounded(check.measured),
        limit=_rounded(check.limit),
        unit=check.unit,
    )


def render_error(kata: str, error: GraderError, grader: GraderInfo) -> str:
    """A grading that broke before any check, in the same format, with `error` and without checks."""
    document = ReportDocument(
        format=REPORT_FORMAT,
        kata=kata,
        verdict=Verdict.BROKEN,
        duration_s=0.0,
        because="",
        unsaved="",
        checks=(),
        error=ErrorDocument(message=printable(error.message), hint=printable(error.hint)),
        grader=GraderDocument(**_grader(grader)),
    )
    return _dump(msgspec.to_builtins(document))


def render_proofs(proofs: Sequence[Proof], grader: GraderInfo) -> str:
    """The results of `kata verify` as one document."""
    document = {
        "format": REPORT_FORMAT,
        "verdict": verdict_of_proofs(proofs).value,
        "katas": [_proof(proof) for proof in proofs],
    }
    return as_document(document, grader)


def as_document(document: dict[str, Any], grader: GraderInfo) -> str:
    """A document of the grader with every text bounded and printable."""
    return _dump({**document, "grader": _grader(grader)})


def problem_document(slug: str, problem: Problem) -> dict[str, Any]:
    """A problem with a kata, as all documents have it."""
    return {
        "place": place(slug, problem),
        "file": problem.file,
        "line": problem.line,
        "message": sentence(problem),
        "is_environment": problem.is_environment,
    }


def _proof(proof: Proof) -> dict[str, Any]:
    return {
        "kata": proof.kata,
        "verdict": proof.verdict.value,
        "duration_s": round(proof.duration_s, 3),
        "problems": [problem_document(proof.kata, problem) for problem in proof.problems],
        "gradings": {"planned": proof.planned, "made": len(proof.trials)},
        "results": {"judged": proof.judged, "inconclusive": proof.inconclusive},
        "checks": list(proof.checks),
        "requirements": [
            {
                "id": name,
                "checks": {
                    check: [printable(example.name) for example in proof.failed_by(check)]
                    for check in checks
                },
            }
            for name, checks in proof.requirements.items()
        ],
        "examples": [_example(proof, example) for example in proof.examples],
        "margins": [_margin(margin) for margin in proof.margins],
        "margins_are_judged": not proof.shows_margins_only,
    }


def _example(proof: Proof, example: Example) -> dict[str, Any]:
    rounds = [trial for trial in proof.trials if trial.example == example]
    return {
        "kind": example.kind.value,
        "name": printable(example.name),
        "must_fail": None if example.fails is None else sorted(example.fails),
        "may_fail": sorted(example.may_fail),
        "rounds": [
            {
                "verdict": trial.verdict.value,
                "duration_s": round(trial.duration_s, 3),
                "outcomes": {result.name: result.outcome.value for result in trial.results},
            }
            for trial in rounds
        ],
    }


def render_facts(facts: Sequence[Fact]) -> str:
    """The facts about this machine as one document."""
    told = [
        {
            "name": fact.name,
            "state": fact.state.value,
            "seen": printable(fact.seen),
            "advice": fact.advice,
        }
        for fact in facts
    ]
    return _dump({"format": REPORT_FORMAT, "facts": told})


def _margin(margin: Margin) -> dict[str, Any]:
    return {
        "check": margin.check,
        "what": printable(margin.what),
        "limit_s": margin.limit_s,
        "alone_s": margin.alone_s,
        "slowest_accepted": _side(margin.accepted),
        "slowest_leisurely": _side(margin.leisurely),
        "fastest_rejected": _side(margin.rejected),
        "above": _rounded(margin.above),
        "below": _rounded(margin.below),
    }


def _side(sides: Sequence[Side]) -> dict[str, Any] | None:
    if not sides:
        return None
    timing = sides[0].timing
    return {
        "example": printable(sides[0].example.label),
        "measured_s": _rounded(timing.measured_s),
        "own_s": _rounded(timing.own_s),
        "is_bound": timing.is_bound,
        "rounds": sides[0].rounds,
    }


def _grader(info: GraderInfo) -> dict[str, Any]:
    return {"version": info.version, "python": info.python, "cores": info.cores}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _dump(document: dict[str, Any]) -> str:
    return json.dumps(_safe(document), indent=2, allow_nan=False).translate(IN_SCRIPTS)


def _safe(value: Any) -> Any:
    """The same value with every text made printable and bounded, and None for infinities and NaN."""
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {escaped(key): _safe(part) for key, part in value.items()}
    return [_safe(part) for part in value] if isinstance(value, list | tuple) else value
