"""The shape of the JSON report: everything in it is described, and only two keys may be missing."""

from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from grader.formats import REPORT_FORMAT
from grader.render.document import GraderDocument, ReportDocument
from grader.report import Outcome, Verdict

DEFINITIONS: dict[str, Any] = msgspec.json.schema(ReportDocument)["$defs"]
OBJECTS = [name for name, schema in DEFINITIONS.items() if schema.get("type") == "object"]
REPORT = DEFINITIONS["ReportDocument"]


@pytest.mark.parametrize("name", OBJECTS)
def test_each_object_and_each_key_has_a_description(name: str) -> None:
    schema = DEFINITIONS[name]
    assert schema["description"]
    assert [key for key, about in schema["properties"].items() if not about["description"]] == []


def test_only_what_a_broken_grading_lacks_or_adds_may_be_missing() -> None:
    assert set(REPORT["properties"]) - set(REPORT["required"]) == {"sandboxed", "error"}
    others = [DEFINITIONS[name] for name in OBJECTS if name != "ReportDocument"]
    assert all(set(schema["properties"]) == set(schema["required"]) for schema in others)


def test_verdicts_outcomes_and_the_format_are_enumerated() -> None:
    assert set(DEFINITIONS["Verdict"]["enum"]) == set(Verdict)
    assert set(DEFINITIONS["Outcome"]["enum"]) == set(Outcome)
    assert REPORT["properties"]["format"]["const"] == REPORT_FORMAT


def test_a_key_without_a_value_is_left_out() -> None:
    document = ReportDocument(
        format=REPORT_FORMAT,
        kata="tiny",
        verdict=Verdict.PASSED,
        duration_s=1.0,
        because="",
        unsaved="",
        checks=(),
        grader=GraderDocument(version="1", python="3", cores=2),
    )
    assert document.error is document.sandboxed is UNSET
    assert set(msgspec.json.decode(msgspec.json.encode(document))) == set(REPORT["required"])
