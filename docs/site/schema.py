"""The JSON Schema of the report, generated from the structs that the report is written from."""

import json

import msgspec

from grader.render.document import ReportDocument

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def report_schema() -> str:
    """The schema of what `kata check --json` prints."""
    schema = {
        "$schema": DIALECT,
        "title": "Report of fastapi-katas",
        **msgspec.json.schema(ReportDocument),
    }
    return json.dumps(schema, indent=2) + "\n"
