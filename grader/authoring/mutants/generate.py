"""Makes the mutants of a program with LibCST. Pure."""

import ast
import builtins
import itertools
import warnings
from collections import Counter
from dataclasses import dataclass

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from grader.authoring.mutants.mutant import Mutant
from grader.authoring.mutants.operators import blocks, concurrency, flow, values, wrappers
from grader.authoring.mutants.operators.registry import Operator, Replacement
from grader.authoring.mutants.operators.syntax import HELPERS, code, dotted

OPERATORS: tuple[Operator, ...] = (
    *concurrency.operators,
    *blocks.operators,
    *values.operators,
    *flow.operators,
    *wrappers.operators,
)

DATA = ("BaseModel", "TypedDict", "NamedTuple", "Enum", "StrEnum", "BaseSettings")
"""Bases of classes that declare data and do nothing."""

DECLARING = ("FastAPI", "Depends", "Query", "getLogger", "logging.getLogger")
"""Calls whose arguments do not matter under load."""

LOGGING = ("log.", "logger.", "logging.")


@dataclass(frozen=True)
class _Place:
    """A change that an operator can make."""

    operator: str
    line: int
    node: cst.CSTNode
    new: Replacement


def mutants_of(source: str) -> list[Mutant]:
    """All mutants of a program, in the order of its lines.

    They are valid, and differ from the program and from one another in more than layout.

    Args:
        source: a valid program.

    Raises:
        SyntaxError: it is not valid.
    """
    known = {_normal(source)}
    names = _names(source)
    counts: Counter[tuple[str, int]] = Counter()
    mutants: list[Mutant] = []
    wrapper = MetadataWrapper(cst.parse_module(source))
    for place in _places(wrapper):
        changed = wrapper.module.visit(_Replacing(place.node, place.new))
        normal = _normal_or_none(changed.code)
        if normal is None or normal in known or not _names(changed.code) <= names:
            continue
        known.add(normal)
        counts[place.operator, place.line] += 1
        number = counts[place.operator, place.line]
        runnable = _with_helpers(changed)
        mutants.append(Mutant(place.operator, place.line, number, changed.code, runnable))
    return mutants


def _places(wrapper: MetadataWrapper) -> list[_Place]:
    """All changes of all operators, by line; within a line in the order of the operators."""
    lines = {node: where.start.line for node, where in wrapper.resolve(PositionProvider).items()}
    finder = _Finder()
    wrapper.module.visit(finder)
    places = [
        _Place(operator.name, lines[_named(change.at or node)], node, change.new)
        for operator, node in itertools.product(OPERATORS, finder.nodes)
        if isinstance(node, operator.nodes)
        for change in operator.changes(node)
    ]
    return sorted(places, key=lambda place: place.line)


def _named(node: cst.CSTNode) -> cst.CSTNode:
    """The node whose line stands for this one; a function begins at its name, not at its decorators."""
    return node.name if isinstance(node, cst.FunctionDef) else node


class _Finder(cst.CSTVisitor):
    """Collects the nodes that may be changed: no declarations, annotations and logging.

    Attributes:
        nodes: in the order of the program.
    """

    def __init__(self) -> None:
        super().__init__()
        self.nodes: list[cst.CSTNode] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Collect the node, unless it is left out together with all below it."""
        if _is_left_out(node):
            return False
        self.nodes.append(node)
        return True


def _is_left_out(node: cst.CSTNode) -> bool:
    if isinstance(node, cst.ClassDef):
        return any(dotted(base.value).rpartition(".")[2] in DATA for base in node.bases)
    if isinstance(node, cst.Subscript):
        return dotted(node.value) == "Annotated"
    if isinstance(node, cst.Call):
        name = dotted(node.func)
        return name in DECLARING or name.startswith(LOGGING)
    return isinstance(node, cst.Annotation | cst.Import | cst.ImportFrom)


class _Replacing(cst.CSTTransformer):
    """Puts something in place of one node."""

    def __init__(self, node: cst.CSTNode, new: Replacement) -> None:
        super().__init__()
        self._node = node
        self._new = new

    def on_leave(  # type: ignore[override]
        self, original_node: cst.CSTNode, updated_node: cst.CSTNode
    ) -> Replacement:
        return self._new if original_node is self._node else updated_node


def _with_helpers(module: cst.Module) -> str:
    """The program, with an import of the helpers if it uses them."""
    if f"{HELPERS}." not in module.code:
        return module.code
    head = list(itertools.takewhile(_comes_first, module.body))
    lines = cst.parse_module(f"import {HELPERS}\n").body
    return module.with_changes(body=[*head, *lines, *module.body[len(head) :]]).code


def _comes_first(line: cst.CSTNode) -> bool:
    """Whether nothing may be put before this statement: the docstring and `from __future__`."""
    text = code(line)
    return text[:1] in "\"'" or text.startswith("from __future__")


def _normal(source: str) -> str:
    return ast.unparse(ast.parse(source))


def _normal_or_none(source: str) -> str | None:
    """The program without comments and layout; None if it is not valid."""
    try:
        with warnings.catch_warnings(action="ignore"):
            compile(source, "app.py", "exec", dont_inherit=True)
        return _normal(source)
    except SyntaxError:
        return None


def _names(source: str) -> set[str]:
    """The names that a program uses, and those that every mutant may use: an operator must not invent any other."""
    used = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    return used | set(dir(builtins)) | {HELPERS, "each"}
