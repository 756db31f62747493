"""The JSON report matches its schema and its page."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from grader.authoring.mutants.proof import Fate
from grader.authoring.proof import Problem
from grader.errors import GraderError
from grader.grading.graded import grader_info
from grader.render.json_ import render_error, render_report
from grader.render.mutants import render_mutants
from grader.report import GraderInfo
from tests.authoring.mutants.proofs import proof_of
from tests.conftest import RunKata
from tests.findings import KINDS
from tests.render.hostile import hostile_text, report_of

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
SCHEMA = json.loads((REFERENCE / "report.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)


def test_the_schema_is_valid() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.slow
def test_real_reports_are_valid(
    kata: RunKata, make_kata: Callable[..., Path], tmp_path: Path
) -> None:
    katas = make_kata()
    failed = kata(
        "check", "--solution", katas / "tiny" / "starter" / "app.py", "--katas", katas, "--json"
    )
    (katas / "tiny" / "checks.py").unlink()
    broken = kata(
        "check", "--solution", katas / "tiny" / "starter" / "app.py", "--katas", katas, "--json"
    )
    documents = [json.loads(ran.out) for ran in (failed, broken)]
    assert [document["verdict"] for document in documents] == ["failed", "broken"]
    assert [set(document) & {"sandboxed", "error"} for document in documents] == [
        {"sandboxed"},
        {"error"},
    ]
    for document in documents:
        VALIDATOR.validate(document)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(text=hostile_text)
def test_reports_are_valid_whatever_text_comes_from_a_solution(text: str) -> None:
    for kind in KINDS:
        VALIDATOR.validate(json.loads(render_report(report_of(text, kind))))
    VALIDATOR.validate(
        json.loads(
            render_error(
                text, GraderError(text, text), GraderInfo(version=text, python=text, cores=1)
            )
        )
    )


@pytest.mark.parametrize(
    "change", [{"verdict": "good"}, {"checks": {}}, {"format": 2}, {"duration_s": "1"}]
)
def test_an_invalid_document_does_not_match_the_schema(change: Mapping[str, Any]) -> None:
    document = json.loads(
        render_error("tiny", GraderError("No.", ""), GraderInfo(version="1", python="3", cores=1))
    )
    with pytest.raises(ValidationError):
        VALIDATOR.validate({**document, **change})


def keys(name: str, before: str = "") -> Iterator[str]:
    """Every key of a document, in the page's notation."""
    for key, about in SCHEMA["$defs"][name]["properties"].items():
        yield before + key
        inner = about.get("$ref") or about.get("items", {}).get("$ref", "")
        of = inner.rpartition("/")[2]
        if "properties" in SCHEMA["$defs"].get(of, {}):
            yield from keys(of, f"{before}{key}{'[]' if 'items' in about else ''}.")


def test_the_page_lists_every_key() -> None:
    section, _ = sections()
    assert documented(section) == set(keys("ReportDocument"))


def test_the_page_lists_every_key_of_the_document_of_mutants() -> None:
    problem = Problem("mutants.toml", "A mistake.")
    proof = replace(proof_of(Fate.SURVIVED), problems=(problem,))
    document = json.loads(render_mutants([proof], grader_info()))
    _, section = sections()
    of_grader = {key for key in keys_of(document) if key.startswith("grader.")}
    assert documented(section) == set(keys_of(document)) - of_grader


def sections() -> tuple[str, str]:
    """The page up to its section on mutants, and that section."""
    page = (REFERENCE / "json-report.md").read_text(encoding="utf-8")
    report, mutants = page.split("\n## Mutants\n")
    return report, mutants


def documented(section: str) -> set[str]:
    return set(re.findall(r"^\| `([\w.\[\]]+)` \|", section, re.MULTILINE))


def keys_of(value: dict[str, Any], before: str = "") -> Iterator[str]:
    """All keys of a document, as the page writes them."""
    for key, inner in value.items():
        yield f"{before}{key}"
        if isinstance(inner, dict):
            yield from keys_of(inner, f"{before}{key}.")
        elif isinstance(inner, list) and inner and isinstance(inner[0], dict):
            yield from keys_of(inner[0], f"{before}{key}[].")
