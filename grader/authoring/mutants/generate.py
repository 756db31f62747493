"""Makes the mutants of a program with LibCST. Pure."""

import ast
import builtins
import itertools
import warnings
from collections import Counter
from dataclasses import dataclass

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from grader.authoring.lint.package import parsed_source
from grader.authoring.mutants.mutant import Mutant
from grader.authoring.mutants.operators import blocks, concurrency, flow, values, wrappers
from grader.authoring.mutants.operators.registry import Operator, Replacement
from grader.authoring.mutants.operators.syntax import HELPERS, dotted

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
class _Change:
    """A change that an operator can make.

    Attributes:
        place: of the statement at the top of the program that contains the node.
    """

    operator: str
    line: int
    place: int
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
    names = _names(parsed_source(source)) | set(dir(builtins)) | {HELPERS, "each"}
    end = "" if source.endswith(("\n", "\r")) else "\n"  # LibCST ends each statement in a line end
    wrapper = _parsed(source + end)
    module = wrapper.module
    head, pieces, tail = _pieces(module)
    first = _beginning(module)
    known = {(place, _normal(piece, names)) for place, piece in enumerate(pieces)}
    counts: Counter[tuple[str, int]] = Counter()
    mutants: list[Mutant] = []
    for change in _changes(wrapper):
        piece = _changed(module, change)
        normal = change.place, _normal(piece, names)
        if normal[1] is None or normal in known:
            continue
        known.add(normal)
        counts[change.operator, change.line] += 1
        number = counts[change.operator, change.line]
        changed = [*pieces[: change.place], piece, *pieces[change.place + 1 :]]
        imported = [f"import {HELPERS}\n"] if f"{HELPERS}." in piece else []
        text = "".join([head, *changed, tail]).removesuffix(end)
        runnable = "".join([head, *changed[:first], *imported, *changed[first:], tail])
        mutants.append(Mutant(change.operator, change.line, number, text, runnable))
    return mutants


def _parsed(source: str) -> MetadataWrapper:
    try:
        return MetadataWrapper(cst.parse_module(source))
    except cst.ParserSyntaxError as error:
        raise SyntaxError(f"LibCST cannot parse it: {error.message}") from error


def _changes(wrapper: MetadataWrapper) -> list[_Change]:
    """All changes of all operators, by line; within a line in the order of the operators."""
    lines = {node: where.start.line for node, where in wrapper.resolve(PositionProvider).items()}
    changes = []
    for place, top in enumerate(wrapper.module.body):
        finder = _Finder()
        top.visit(finder)
        changes += [
            _Change(operator.name, lines[_named(change.at or node)], place, node, change.new)
            for operator, node in itertools.product(OPERATORS, finder.nodes)
            if isinstance(node, operator.nodes)
            for change in operator.changes(node)
        ]
    return sorted(changes, key=lambda change: change.line)


def _changed(module: cst.Module, change: _Change) -> str:
    """The changed statement at the top of the program, as text."""
    new = module.body[change.place].visit(_Replacing(change.node, change.new))
    if isinstance(new, cst.RemovalSentinel):
        return ""
    nodes = list(new) if isinstance(new, cst.FlattenSentinel) else [new]
    return "".join(module.code_for_node(node) for node in nodes)


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


def _pieces(module: cst.Module) -> tuple[str, list[str], str]:
    """The program as text: what is above its first statement, each of its statements, and what is below the last."""
    head = "".join(map(module.code_for_node, module.header))
    pieces = [module.code_for_node(statement) for statement in module.body]
    return head, pieces, module.code[len(head) + sum(map(len, pieces)) :]


def _beginning(module: cst.Module) -> int:
    """The number of statements that nothing may precede: the docstring, and imports from `__future__`."""
    return sum(1 for _ in itertools.takewhile(_must_come_first, module.body))


def _must_come_first(statement: cst.CSTNode) -> bool:
    if not isinstance(statement, cst.SimpleStatementLine):
        return False
    first = statement.body[0]
    if isinstance(first, cst.ImportFrom):
        return first.module is not None and dotted(first.module) == "__future__"
    return isinstance(first, cst.Expr) and isinstance(
        first.value, cst.SimpleString | cst.ConcatenatedString
    )


def _normal(piece: str, names: set[str]) -> str | None:
    """The code without comments and layout; None if it is not valid, or uses other names than these.

    An operator may name what only some programs import, such as httpx.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(piece, "app.py", "exec", dont_inherit=True)
        tree = ast.parse(piece)
    except SyntaxError:
        return None
    return ast.unparse(tree) if _names(tree) <= names else None


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
