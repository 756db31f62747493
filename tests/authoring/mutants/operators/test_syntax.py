"""What operators need of LibCST."""

import libcst as cst
import pytest

from grader.authoring.mutants.operators.syntax import (
    called,
    code,
    dotted,
    expression,
    nodes_in,
    only_expression,
    statement,
    without,
)


@pytest.mark.parametrize(
    ("text", "name"),
    [("f", "f"), ("a.b.c", "a.b.c"), ("f(x).get", ".get"), ("1", ""), ("x[1].y", ".y")],
)
def test_the_name_of_an_expression(text: str, name: str) -> None:
    assert dotted(expression(text)) == name


def test_the_call_that_is_awaited() -> None:
    call = called(expression("await f(1)"))
    assert call is not None
    assert code(call) == "f(1)"
    assert called(expression("await task")) is None
    assert called(expression("f(1)")) is None


def test_the_expression_of_a_line() -> None:
    value = only_expression(statement("f(1)"))
    assert value is not None
    assert code(value) == "f(1)"
    assert only_expression(statement("x = 1")) is None
    assert only_expression(statement("f(1); g(2)")) is None


@pytest.mark.parametrize(("place", "left"), [(0, "f(b=2)"), (1, "f(1)")])
def test_a_call_without_an_argument(place: int, left: str) -> None:
    call = expression("f(1, b=2)")
    assert isinstance(call, cst.Call)
    assert code(call.with_changes(args=without(call.args, place))) == left


def test_nodes_of_inner_functions_are_not_nodes_of_the_outer_one() -> None:
    outer = cst.parse_module("x = 1\ndef f():\n    y = 2\n")
    assert {node.value for node in nodes_in(outer) if isinstance(node, cst.Name)} == {"x"}
