"""Operators on statements, branches, loops and local names."""

from collections.abc import Iterator

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
    if not isinstance(node.body, cst.IndentedBlock):
        return
    given = (*node.params.params, *node.params.kwonly_params, *node.params.posonly_params)
    if any(code(each.annotation.annotation) == "FastAPI" for each in given if each.annotation):
        return  # the lifespan runs once
    kept = {each.name.value for each in given} | _kept_local(node.body)
    runs_in_thread = node.asynchronous is None and bool(node.decorators)
    # A docstring stays first.
    first = 1 if code(node.body.body[0])[:1] in "\"'" else 0
    for name in _exposed(node.body, runs_in_thread=runs_in_thread):
        if name not in kept:
            line = statement(f"global {name}")
            body = [*node.body.body[:first], line, *node.body.body[first:]]
            yield Change(node.with_changes(body=node.body.with_changes(body=body)))


def _kept_local(body: cst.BaseSuite) -> set[str]:
    """The names that cannot become global: they are annotated, or declared already."""
    kept: set[str] = set()
    for node in nodes_in(body):
        if isinstance(node, cst.AnnAssign):
            kept.add(code(node.target))
        elif isinstance(node, cst.Global | cst.Nonlocal):
            kept |= {item.name.value for item in node.names}
    return kept


def _exposed(body: cst.BaseSuite, *, runs_in_thread: bool) -> list[str]:
    """The names that are used after another visitor may have assigned them.

    In a coroutine, others come in between only where it waits; in a thread, everywhere.
    """
    assigned: set[str] = set()
    at_risk: set[str] = set()
    exposed: dict[str, None] = {}
    for kind, name in _events(body):
        if kind == ASSIGNED:
            assigned.add(name)
        elif kind == WAITS:
            at_risk |= assigned
        elif name in (assigned if runs_in_thread else at_risk):
            exposed[name] = None
    return list(exposed)


ASSIGNED, USED, WAITS = "assigned", "used", "waits"


def _events(node: cst.CSTNode) -> Iterator[tuple[str, str]]:
    """What happens in a block in the order of execution: a name is assigned or used, or the block waits."""
    if isinstance(node, cst.FunctionDef | cst.ClassDef | cst.Lambda | cst.Annotation):
        return
    if isinstance(node, cst.Name):
        yield USED, node.value
    elif isinstance(node, cst.Assign):
        yield from _events(node.value)
        yield from _assigned(*(target.target for target in node.targets))
    elif isinstance(node, cst.With):
        for item in node.items:
            yield from _events(item.item)
            yield from _waits(node.asynchronous)
            yield from _assigned(*([item.asname.name] if item.asname else []))
        yield from _events(node.body)
        yield from _waits(node.asynchronous)
    else:
        for child in node.children:
            yield from _events(child)
        if isinstance(node, cst.Await) or (isinstance(node, cst.For) and node.asynchronous):
            yield WAITS, ""


def _assigned(*targets: cst.CSTNode) -> Iterator[tuple[str, str]]:
    for target in targets:
        if isinstance(target, cst.Name):
            yield ASSIGNED, target.value
        elif isinstance(target, cst.Tuple):
            yield from _assigned(*(element.value for element in target.elements))
        else:
            yield from _events(target)


def _waits(asynchronous: cst.Asynchronous | None) -> Iterator[tuple[str, str]]:
    if asynchronous is not None:
        yield WAITS, ""
