"""Operators: small functions that change one node of a program. A new operator is one function."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import libcst as cst

Replacement = cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[Any]


@dataclass(frozen=True)
class Change:
    """What to put in place of a node.

    Attributes:
        new: the new node, or several.
        at: the node whose line names the mutant, if it is not the replaced one.
    """

    new: Replacement
    at: cst.CSTNode | None = None


Changes = Iterable[Change]
Function = TypeVar("Function", bound=Callable[[Any], Changes])


@dataclass(frozen=True)
class Operator:
    """A kind of small change.

    Attributes:
        name: the first part of a mutant's key.
        nodes: the types of nodes that it can change.
        changes: the possible changes of a node of these types.
    """

    name: str
    nodes: tuple[type[cst.CSTNode], ...]
    changes: Callable[[Any], Changes]


class Registry:
    """The operators of a module, in the order of their definition."""

    def __init__(self) -> None:
        self._operators: list[Operator] = []

    def __iter__(self) -> Iterator[Operator]:
        return iter(self._operators)

    def on(self, name: str, *nodes: type[cst.CSTNode]) -> Callable[[Function], Function]:
        """Register the decorated function as an operator on nodes of these types."""

        def register(changes: Function) -> Function:
            self._operators.append(Operator(name, nodes, changes))
            return changes

        return register
