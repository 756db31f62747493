"""Operators on statements, branches, loops and local names."""

import libcst as cst

from grader.authoring.mutants.operators.registry import Change, Changes, Registry
from grader.authoring.mutants.operators.syntax import (
    block_of,
    code,
    dotted,
    nodes_in,
    only_expression,
    statement,
)

operators = Registry()

LOGS = ("log", "logger", "logging")


@operators.on("if-never", cst.If, cst.IfExp)
def if_never(node: cst.If | cst.IfExp) -> Changes:
    """A condition is never true."""
    yield Change(node.with_changes(test=cst.Name("False")))


@operators.on("if-always", cst.If, cst.IfExp)
def if_always(node: cst.If | cst.IfExp) -> Changes:
    """A condition is always true."""
    yield Change(node.with_changes(test=cst.Name("True")))


@operators.on("drop-statement", cst.SimpleStatementLine)
def drop_statement(node: cst.SimpleStatementLine) -> Changes:
    """A call, or a change of an object, is left out."""
    value = only_expression(node)
    small = node.body[0] if len(node.body) == 1 else None
    inner = value.expression if isinstance(value, cst.Await) else value
    is_call = isinstance(inner, cst.Call) and dotted(inner.func).split(".")[0] not in LOGS
    is_change = isinstance(small, cst.AugAssign | cst.Del) or (
        isinstance(small, cst.Assign)
        and isinstance(small.targets[0].target, cst.Attribute | cst.Subscript)
    )
    if is_call or is_change:
        yield Change(node.with_changes(body=[cst.Pass()]))


@operators.on("loop-once", cst.For, cst.While)
def loop_once(node: cst.For | cst.While) -> Changes:
    """A loop ends after its first round."""
    if block_of(node.body):
        body = [*block_of(node.body), statement("break")]
        yield Change(node.with_changes(body=node.body.with_changes(body=body)))


@operators.on("share-local", cst.FunctionDef)
def share_local(node: cst.FunctionDef) -> Changes:
    """A local name becomes global, so visitors share its value."""
    if not isinstance(node.body, cst.IndentedBlock) or not _may_be_interrupted(node):
        return
    parameters = {
        each.name.value
        for each in (*node.params.params, *node.params.kwonly_params, *node.params.posonly_params)
    }
    assigned, kept_local = _names_in(node.body)
    # A docstring stays first.
    first = 1 if code(node.body.body[0])[:1] in "\"'" else 0
    for name in dict.fromkeys(assigned):
        if name not in parameters | kept_local:
            line = statement(f"global {name}")
            body = [*node.body.body[:first], line, *node.body.body[first:]]
            yield Change(node.with_changes(body=node.body.with_changes(body=body)))


def _may_be_interrupted(node: cst.FunctionDef) -> bool:
    """Whether another visitor can come in between: in a coroutine that awaits, or an endpoint in a thread.

    The lifespan, which takes the application, runs only once.
    """
    if any(
        code(each.annotation.annotation) == "FastAPI"
        for each in node.params.params
        if each.annotation
    ):
        return False
    if node.asynchronous is None:
        return bool(node.decorators)
    return any(
        isinstance(each, cst.Await) or (isinstance(each, cst.With | cst.For) and each.asynchronous)
        for each in nodes_in(node.body)
    )


def _names_in(body: cst.BaseSuite) -> tuple[list[str], set[str]]:
    """The names that a function assigns, and those that cannot become global: annotated, or declared already."""
    assigned: list[str] = []
    kept: set[str] = set()
    for node in nodes_in(body):
        if isinstance(node, cst.AssignTarget) and isinstance(node.target, cst.Name):
            assigned.append(node.target.value)
        elif isinstance(node, cst.AsName) and isinstance(node.name, cst.Name):
            assigned.append(node.name.value)
        elif isinstance(node, cst.AnnAssign):
            kept.add(code(node.target))
        elif isinstance(node, cst.Global | cst.Nonlocal):
            kept |= {item.name.value for item in node.names}
    return assigned, kept
