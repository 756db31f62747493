"""What operators need of LibCST: names, code, new nodes."""

from collections.abc import Iterator, Sequence

import libcst as cst

HELPERS = "mutant"
"""The module of helpers, as mutants import it."""


def dotted(node: cst.CSTNode) -> str:
    """The name that an expression is written with, as "asyncio.gather"; empty for anything but names and attributes.

    An attribute of any other expression begins with a dot: ".get".
    """
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        return f"{dotted(node.value)}.{node.attr.value}"
    return ""


def code(node: cst.CSTNode) -> str:
    """The node as source text."""
    return cst.Module([]).code_for_node(node).strip()


def expression(text: str) -> cst.BaseExpression:
    """Parse an expression."""
    return cst.parse_expression(text)


def helper(name: str) -> cst.BaseExpression:
    """The helper of this name."""
    return expression(f"{HELPERS}.{name}")


def called(node: cst.CSTNode) -> cst.Call | None:
    """The call in `await f(…)`, or None."""
    if isinstance(node, cst.Await) and isinstance(node.expression, cst.Call):
        return node.expression
    return None


def only_expression(node: cst.CSTNode) -> cst.BaseExpression | None:
    """The expression of a line that consists of an expression, or None."""
    if isinstance(node, cst.SimpleStatementLine) and len(node.body) == 1:
        (small,) = node.body
        return small.value if isinstance(small, cst.Expr) else None
    return None


def block_of(body: cst.BaseSuite) -> Sequence[cst.BaseStatement]:
    """The statements of an indented block; none for a block on the line of its colon."""
    return body.body if isinstance(body, cst.IndentedBlock) else ()


def statement(text: str) -> cst.SimpleStatementLine | cst.BaseCompoundStatement:
    """Parse a statement."""
    return cst.parse_statement(text)


def without(arguments: Sequence[cst.Arg], place: int) -> list[cst.Arg]:
    """The arguments of a call without one of them."""
    rest = [argument for number, argument in enumerate(arguments) if number != place]
    return [*rest[:-1], rest[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)] if rest else []


def with_value(
    arguments: Sequence[cst.Arg], place: int, value: cst.BaseExpression
) -> list[cst.Arg]:
    """The arguments of a call with another value for one of them."""
    return [
        argument.with_changes(value=value) if number == place else argument
        for number, argument in enumerate(arguments)
    ]


def nodes_in(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """All nodes below this one, without those of functions and classes inside it."""
    for child in node.children:
        if not isinstance(child, cst.FunctionDef | cst.ClassDef | cst.Lambda):
            yield child
            yield from nodes_in(child)
