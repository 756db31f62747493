"""The structure of the JSON report that `kata check --json` prints.

The published JSON Schema is generated from these classes, with their docstrings and descriptions.
"""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from grader.formats import REPORT_FORMAT
from grader.report import Outcome, Verdict


class CheckDocument(Struct, frozen=True, kw_only=True):
    """One check of the kata."""

    name: Annotated[str, Meta(description="Name of the test function.")]
    title: Annotated[str, Meta(description="The requirement in one sentence.")]
    outcome: Annotated[Outcome, Meta(description="The result of the check.")]
    message: Annotated[
        str,
        Meta(description="Why the check did not pass, one or two sentences; empty if it passed."),
    ]
    measured: Annotated[
        float | None, Meta(description="The number that decided the check, if there is one.")
    ]
    limit: Annotated[float | None, Meta(description="The limit that the number was compared with.")]
    unit: Annotated[str, Meta(description="`s`, or empty for counts.")]


class GraderDocument(Struct, frozen=True, kw_only=True):
    """The grader, and the machine that it ran on."""

    version: Annotated[str, Meta(description="Version of fastapi-katas.")]
    python: Annotated[str, Meta(description="Version of Python.")]
    cores: Annotated[int, Meta(ge=1, description="How many cores the machine has.")]


class ErrorDocument(Struct, frozen=True, kw_only=True):
    """The error that ended a grading before any check."""

    message: Annotated[str, Meta(description="What happened, one sentence.")]
    hint: Annotated[str, Meta(description="What to do about it, one sentence; may be empty.")]


class ReportDocument(Struct, frozen=True, kw_only=True):
    """The result of one grading, as printed by `kata check --json`. New keys may be added within a format."""

    format: Annotated[
        int, Meta(description="Version of this format.", extra_json_schema={"const": REPORT_FORMAT})
    ]
    kata: Annotated[str, Meta(description="Slug of the kata.")]
    verdict: Annotated[Verdict, Meta(description="The verdict on the solution.")]
    duration_s: Annotated[
        float, Meta(ge=0, description="Duration of the whole grading, in seconds.")
    ]
    because: Annotated[
        str,
        Meta(
            description="The explanation of a known mistake, if exactly its checks failed; else empty."
        ),
    ]
    sandboxed: Annotated[
        bool | UnsetType,
        Meta(
            description="Whether the solution ran in a sandbox; missing if the grading broke before any check."
        ),
    ] = UNSET
    unsaved: Annotated[
        str,
        Meta(
            description="Why the evidence could not be saved; empty if it was saved, or was not to be saved."
        ),
    ]
    checks: Annotated[
        tuple[CheckDocument, ...], Meta(description="One object for each check, in order.")
    ]
    error: Annotated[
        ErrorDocument | UnsetType,
        Meta(description="Present only if the grading broke before any check."),
    ] = UNSET
    grader: Annotated[
        GraderDocument, Meta(description="The grader, and the machine that it ran on.")
    ]
