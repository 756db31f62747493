"""The registry of operators."""

from collections import Counter

import libcst as cst

from grader.authoring.mutants.generate import OPERATORS
from grader.authoring.mutants.operators.registry import Change, Changes, Registry


def test_a_decorated_function_is_an_operator() -> None:
    operators = Registry()

    @operators.on("drop-await", cst.Await)
    def drop_await(node: cst.Await) -> Changes:
        yield Change(node.expression)

    (only,) = operators
    assert (only.name, only.nodes, only.changes) == ("drop-await", (cst.Await,), drop_await)


def test_names_of_operators_are_unique_and_can_be_keys() -> None:
    counts = Counter(operator.name for operator in OPERATORS)
    assert {name for name, count in counts.items() if count > 1} == set()
    assert all(name.replace("-", "").isalpha() and name.islower() for name in counts)


def test_each_operator_says_what_it_changes() -> None:
    assert [operator.name for operator in OPERATORS if not operator.changes.__doc__] == []
