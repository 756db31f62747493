"""Operators on numbers, statuses, headers, keys and keyword arguments."""

import pytest

from tests.authoring.mutants.programs import come, mutants


@pytest.mark.parametrize(
    ("operator", "line", "others"),
    [
        ("number-tenth", "LIMIT = 25", ["LIMIT = 2"]),
        ("number-tenth", "LIMIT = 5", ["LIMIT = 1"]),
        ("number-tenth", "LIMIT = 1", []),
        ("number-tenth", "WAIT_S = 0.5", ["WAIT_S = 0.05"]),
        ("number-tenfold", "LIMIT = 25", ["LIMIT = 250"]),
        ("number-tenfold", "WAIT_S = 0.5", ["WAIT_S = 5.0"]),
        ("number-tenfold", "FIRST = 0", []),
        ("limit-less", "LIMIT = 12", ["LIMIT = 11"]),
        ("limit-less", "LIMIT = 1", []),
        ("limit-less", "LIMIT = 300_000", []),
        ("limit-more", "LIMIT = 12", ["LIMIT = 13"]),
        ("boundary", "x = 1 < y", ["x = 1 <= y"]),
        ("boundary", "x = 1 >= y", ["x = 1 > y"]),
        ("boundary", "x = 1 == y", []),
        ("status", "raise HTTPException(502)", ["raise HTTPException(500)"]),
        ("status", "f({}, status_code=202)", ["f({}, status_code=200)"]),
        ("number-tenfold", "raise HTTPException(502)", []),
        ("status-compared", "x = answer.status == 404", ["x = answer.status == 400"]),
        ("status-name", "x = status.HTTP_503_SERVICE_UNAVAILABLE", ["x = 500"]),
        ("status-name", "x = httpx.codes.NOT_FOUND", ["x = 418"]),
        ("drop-entry", 'h = {"a": 1, "b": 2}', ['h = {"b": 2}', 'h = {"a": 1}']),
        ("drop-entry", 'h = {"Retry-After": "1"}', ["h = {}"]),
        ("drop-keyword", "f(1, a=2, b=3)", ["f(1, b=3)", "f(1, a=2)"]),
        ("drop-keyword", "Page(price=1, stock=2)", []),
        ("drop-keyword", "Limits(max_connections=1)", ["Limits()"]),
        ("swap-keywords", "Page(price=a, stock=b)", ["Page(price=b, stock=a)"]),
        ("swap-keywords", "Page(price=a, stock=a)", []),
    ],
)
def test_values_that_go_wrong(operator: str, line: str, others: list[str]) -> None:
    assert come(line + "\n", operator) == others


def test_a_mutant_belongs_to_the_line_of_its_argument() -> None:
    source = "f(\n    1,\n    a=2,\n    b=3,\n)\n"
    assert [mutant.key for mutant in mutants(source, "drop-keyword")] == [
        "drop-keyword:3",
        "drop-keyword:4",
    ]
