"""The mutants of a program."""

import ast
from pathlib import Path

import pytest

from grader.authoring.mutants.generate import mutants_of
from grader.authoring.mutants.mutant import Mutant
from tests.authoring.mutants.programs import KATAS, ORDERS


def normal(source: str) -> str:
    return ast.unparse(ast.parse(source))


@pytest.fixture(scope="module", params=sorted(KATAS.glob("*/accepted/reference.py"))[:3])
def reference(request: pytest.FixtureRequest) -> str:
    path: Path = request.param
    return path.read_text()


def test_mutants_are_valid_and_differ_from_the_reference_and_from_one_another(
    reference: str,
) -> None:
    mutants = mutants_of(reference)
    texts = {normal(mutant.text) for mutant in mutants}
    assert len(texts) == len(mutants) > 20
    assert normal(reference) not in texts
    for mutant in mutants:
        compile(mutant.source, "app.py", "exec")


def test_the_same_program_has_the_same_mutants() -> None:
    assert mutants_of(ORDERS) == mutants_of(ORDERS)


def test_keys_are_unique_and_have_the_line_of_the_reference() -> None:
    mutants = mutants_of(ORDERS)
    keys = [mutant.key for mutant in mutants]
    assert len(set(keys)) == len(keys)
    assert {
        "drop-await:13",
        "cached:11",
        "drop-lock:19",
        "drop-entry:22",
        "drop-entry:22.2",
    } <= set(keys)


def by_key(mutants: list[Mutant], key: str) -> Mutant:
    return next(mutant for mutant in mutants if mutant.key == key)


def test_helpers_are_imported_after_docstring_and_future_only_where_they_are_used() -> None:
    source = '"""App."""\nfrom __future__ import annotations\n' + ORDERS.partition("\n")[2]
    mutants = mutants_of(source)
    cached = next(mutant for mutant in mutants if mutant.operator == "cached")
    assert '"""App."""\nfrom __future__ import annotations\nimport mutant\n' in cached.source
    assert "import mutant" not in cached.text
    assert "mutant" not in by_key(mutants, "drop-entry:23").source


@pytest.mark.parametrize("above", ["# Why.\n", "\n", "r", "'1' "])
def test_helpers_are_imported_after_future_however_it_is_laid_out(above: str) -> None:
    top = '"""App."""\n' if above.isspace() or above.startswith("#") else ""
    docstring = "" if top else '"""App."""\n'
    source = f"{top}{above}{docstring}from __future__ import annotations\n{ORDERS}"
    mutants = mutants_of(source)
    assert "cached" in {mutant.operator for mutant in mutants}
    for mutant in mutants:
        compile(mutant.source, "app.py", "exec")


@pytest.mark.parametrize(
    ("source", "mutant"),
    [
        ("# f(x, timeout=3.0)\nf(x, timeout=3.0)\n", "# f(x, timeout=3.0)\nf(x)\n"),
        ("f(3.0, timeout=3.0)", "f(3.0)"),
        ("import a; f(3.0, timeout=3.0)", "import a; f(3.0)"),
        ("x = 1\nf(3.0, timeout=3.0)  # end", "x = 1\nf(3.0)  # end"),
        ("x = 1\r\nf(3.0, timeout=3.0)\r\n", "x = 1\r\nf(3.0)\r\n"),
        ("x = 1\rf(3.0, timeout=3.0)\r", "x = 1\rf(3.0)\r"),
        ("x = 1\n\x0c\nf(3.0, timeout=3.0)\n", "x = 1\n\x0c\nf(3.0)\n"),
    ],
)
def test_whatever_surrounds_the_change_stays(source: str, mutant: str) -> None:
    assert mutant in [each.text for each in mutants_of(source)]


@pytest.mark.parametrize("source", ["", "\n", "# only a comment", '"""Only a docstring."""'])
def test_a_program_that_does_nothing_has_no_mutants(source: str) -> None:
    assert mutants_of(source) == []


def test_declarations_are_not_changed() -> None:
    source = '''
from typing import Annotated, TypedDict
from fastapi import FastAPI, Path
from pydantic import BaseModel

app = FastAPI(title="Orders", version="1")
Number = Annotated[int, Path(ge=1, le=12)]

class Order(BaseModel):
    """An order of 10."""
    number: Annotated[int, Path(ge=5)]
    count: int = 10
'''
    assert mutants_of(source) == []


@pytest.mark.parametrize("source", ["async def", f"x = 1{'+1' * 500}", f"x = 1{'+1' * 50_000}"])
def test_an_invalid_program_has_no_mutants(source: str) -> None:
    with pytest.raises(SyntaxError):
        mutants_of(source)
