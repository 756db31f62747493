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


def test_an_invalid_program_has_no_mutants() -> None:
    with pytest.raises(SyntaxError):
        mutants_of("async def")
