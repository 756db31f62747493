"""Operators that put a policy around a function, or around a single call."""

from collections.abc import Iterable, Iterator

import libcst as cst

from grader.authoring.mutants.operators.registry import Change, Changes, Registry
from grader.authoring.mutants.operators.syntax import (
    called,
    code,
    dotted,
    helper,
    nodes_in,
    with_value,
)

operators = Registry()

LIBRARIES = ("asyncio", "anyio", "mutant")
STARTERS = ("create_task", "ensure_future", "gather", "shield", "wait_for")
"""Functions that take a coroutine: calls among their arguments are wrapped too."""

ROUTES = (".get", ".post", ".put", ".patch", ".delete")
NODES = (cst.FunctionDef, cst.Await, cst.Call)


@operators.on("cached", *NODES)
def cached(node: cst.CSTNode) -> Changes:
    """Results are remembered for ever."""
    return _around(node, "cached")


@operators.on("failures-cached", *NODES)
def failures_cached(node: cst.CSTNode) -> Changes:
    """Failures are remembered for ever."""
    return _around(node, "failures_cached", needs_failures=True)


@operators.on("single-flight", *NODES)
def single_flight(node: cst.CSTNode) -> Changes:
    """Callers with the same arguments share a call."""
    return _around(node, "single_flight", is_async_only=True)


@operators.on("one-at-a-time", *NODES)
def one_at_a_time(node: cst.CSTNode) -> Changes:
    """One lock for all calls."""
    return _around(node, "one_at_a_time")


@operators.on("one-per-key", *NODES)
def one_per_key(node: cst.CSTNode) -> Changes:
    """A lock for each set of arguments."""
    return _around(node, "one_per_key", is_async_only=True)


@operators.on("retried", *NODES)
def retried(node: cst.CSTNode) -> Changes:
    """Calls that fail are made again."""
    return _around(node, "retried", needs_failures=True)


@operators.on("not-cancelled", *NODES)
def not_cancelled(node: cst.CSTNode) -> Changes:
    """Calls go on when their caller is cancelled."""
    return _around(node, "not_cancelled", is_async_only=True)


def _around(
    node: cst.CSTNode, policy: str, *, is_async_only: bool = False, needs_failures: bool = False
) -> Iterator[Change]:
    """The changes that put this policy around the function, the awaited call, or the call that becomes a task.

    Args:
        node: a function, an `await` or a call.
        policy: the name of the helper.
        is_async_only: leave plain functions out.
        needs_failures: leave functions out that only compute and sleep.
    """
    if isinstance(node, cst.FunctionDef):
        matters = _waits(node) if node.asynchronous is not None else not is_async_only
        can_fail = _calls_out(node) or not (needs_failures or node.asynchronous is None)
        if (matters or policy == "cached") and can_fail and _can_be_wrapped(node):
            decorators = [*node.decorators, cst.Decorator(helper(policy))]
            yield Change(node.with_changes(decorators=decorators))
    elif isinstance(node, cst.Await):
        call = called(node)
        if call is not None and _is_own(call):
            yield Change(node.with_changes(expression=_under(policy, call)))
    elif isinstance(node, cst.Call) and dotted(node.func).endswith(STARTERS):
        for place, argument in enumerate(node.args):
            if isinstance(argument.value, cst.Call) and _is_own(argument.value):
                changed = with_value(node.args, place, _under(policy, argument.value))
                yield Change(node.with_changes(args=changed), argument)


def _under(policy: str, call: cst.Call) -> cst.Call:
    """`f(x)` → `mutant.POLICY.call(f, x)`."""
    return cst.Call(helper(f"{policy}.call"), [cst.Arg(call.func), *call.args])


def _is_own(call: cst.Call) -> bool:
    """Whether it is a call with arguments of a function or method, not of a library for concurrency."""
    name = dotted(call.func)
    return bool(call.args and name) and name.split(".")[0] not in LIBRARIES


def _waits(node: cst.FunctionDef) -> bool:
    """Whether others can come in between; a coroutine that never waits is done at once."""
    return any(
        isinstance(inner, cst.Await)
        or (isinstance(inner, cst.With | cst.For) and inner.asynchronous is not None)
        for inner in nodes_in(node.body)
    )


def _calls_out(node: cst.FunctionDef) -> bool:
    """Whether a function awaits own functions or calls methods, which may reach a service and fail."""
    return any(
        (call is not None and _is_own(call)) or _is_method(inner)
        for inner in nodes_in(node.body)
        for call in (called(inner),)
    )


def _is_method(node: cst.CSTNode) -> bool:
    """Whether it is a call of a method, not of a library for concurrency."""
    return (
        isinstance(node, cst.Call)
        and isinstance(node.func, cst.Attribute)
        and dotted(node.func).split(".")[0] not in LIBRARIES
    )


def _can_be_wrapped(node: cst.FunctionDef) -> bool:
    """Whether calls of this function can be told apart by its arguments, and it is no generator or dependency."""
    parameters: Iterable[cst.Param] = (*node.params.params, *node.params.kwonly_params)
    annotations = {
        code(each.annotation.annotation) if each.annotation else "" for each in parameters
    }
    if not annotations or annotations <= {"Request", "FastAPI"}:
        return False
    if any(isinstance(inner, cst.Yield) for inner in nodes_in(node.body)):
        return False
    return all(
        isinstance(each.decorator, cst.Call) and dotted(each.decorator.func).endswith(ROUTES)
        for each in node.decorators
    ) and not node.name.value.startswith("__")
