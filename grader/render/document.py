"""The shape of the JSON report: what `kata check --json` prints, and what its JSON Schema is made from.

People read the docstrings and descriptions: they become part of the schema.
"""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from grader.formats import REPORT_FORMAT
from grader.report import Outcome, Verdict


class CheckDocument(Struct, frozen=True, kw_only=True):
    """One check of the kata."""

    name: Annotated[str, Meta(description="Name of the test function.")]
    title: Annotated[str, Meta(description="The requirement in one sentence.")]
    outcome: Annotated[Outcome, Meta(description="What the grading says of this check.")]
    message: Annotated[
        str, Meta(description="Why it did not pass, one or two sentences; empty when it did.")
    ]
    measured: Annotated[
        float | None, Meta(description="The number that decided the check, if there is one.")
    ]
    limit: Annotated[float | None, Meta(description="The limit that the number was compared with.")]
    unit: Annotated[str, Meta(description="`s`, or empty for counts.")]


class GraderDocument(Struct, frozen=True, kw_only=True):
    """Which grader, on which machine."""

    version: Annotated[str, Meta(description="Version of fastapi-katas.")]
    python: Annotated[str, Meta(description="Version of Python.")]
    cores: Annotated[int, Meta(ge=1, description="How many cores the machine has.")]


class ErrorDocument(Struct, frozen=True, kw_only=True):
    """What broke a grading before any check could begin."""

    message: Annotated[str, Meta(description="What happened, one sentence.")]
    hint: Annotated[str, Meta(description="What to do about it, one sentence; may be empty.")]


class ReportDocument(Struct, frozen=True, kw_only=True):
    """What `kata check --json` prints: the result of one grading. New keys may come within a format."""

    format: Annotated[
        int, Meta(description="Version of this format.", extra_json_schema={"const": REPORT_FORMAT})
    ]
    kata: Annotated[str, Meta(description="Slug of the kata.")]
    verdict: Annotated[Verdict, Meta(description="What the grading says of the solution.")]
    duration_s: Annotated[float, Meta(ge=0, description="Seconds of the whole grading.")]
    because: Annotated[
        str,
        Meta(
            description="The explanation of a known mistake, when exactly its checks failed; else empty."
        ),
    ]
    sandboxed: Annotated[
        bool | UnsetType,
        Meta(
            description="Whether the solution ran in a sandbox; missing when the grading broke before any check."
        ),
    ] = UNSET
    unsaved: Annotated[
        str,
        Meta(
            description="Why the evidence could not be saved; empty when it was saved, or when nobody asked for that."
        ),
    ]
    checks: Annotated[
        tuple[CheckDocument, ...], Meta(description="One object for each check, in order.")
    ]
    error: Annotated[
        ErrorDocument | UnsetType, Meta(description="Only when the grading broke before any check.")
    ] = UNSET
    grader: Annotated[GraderDocument, Meta(description="Which grader, on which machine.")]
