"""Operators on `with`, `try` and `except`: locks, timeouts, clean-up, failures."""

from collections.abc import Iterator

import libcst as cst

from grader.authoring.mutants.operators.registry import Change, Changes, Registry
from grader.authoring.mutants.operators.syntax import (
    block_of,
    called,
    code,
    dotted,
    expression,
    statement,
    with_value,
)

operators = Registry()

TIMEOUTS = (
    "asyncio.timeout",
    "asyncio.timeout_at",
    "anyio.fail_after",
    "anyio.move_on_after",
)

WIDER = {
    "httpx.HTTPStatusError": ("httpx.HTTPError",),
    "httpx.TransportError": ("httpx.HTTPError",),
    "Exception": ("BaseException",),
}
"""Wider types of errors; any other type but these has `Exception`."""

NARROWER = {
    "BaseException": ("Exception",),
    "Exception": ("httpx.HTTPStatusError", "httpx.TransportError"),
    "httpx.HTTPError": ("httpx.HTTPStatusError", "httpx.TransportError"),
    "httpx.TransportError": ("httpx.TimeoutException",),
}

Handler = cst.ExceptHandler | cst.ExceptStarHandler


# ---- with -----------------------------------------------------------------------------------------------------------


def _kind(item: cst.WithItem) -> str:
    """What kind of context this is: "lock", "timeout" or "with"; empty if the block has a name for it."""
    if item.asname is not None:
        return "" if not _is_timeout(item.item) else "timeout"
    if isinstance(item.item, cst.Call):
        return "timeout" if _is_timeout(item.item) else "with"
    return "lock"


def _is_timeout(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.Call) and dotted(node.func) in TIMEOUTS


def _without_items(node: cst.With, kind: str) -> Iterator[Change]:
    """The block without each context of this kind."""
    for place, item in enumerate(node.items):
        if _kind(item) != kind or item.asname is not None:
            continue
        rest = [other for number, other in enumerate(node.items) if number != place]
        if rest:
            rest[-1] = rest[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
            yield Change(node.with_changes(items=rest))
        elif block_of(node.body):
            yield Change(cst.FlattenSentinel(block_of(node.body)))


@operators.on("drop-lock", cst.With)
def drop_lock(node: cst.With) -> Changes:
    """`async with lock:` → its block alone."""
    return _without_items(node, "lock")


@operators.on("drop-with", cst.With)
def drop_with(node: cst.With) -> Changes:
    """`with suppress(…):` and other calls without a name → the block alone."""
    return _without_items(node, "with")


@operators.on("narrow-with", cst.With)
def narrow_with(node: cst.With) -> Changes:
    """A lock is released one statement earlier."""
    body = block_of(node.body)
    if len(body) > 1 and all(item.asname is None for item in node.items):
        inner = node.with_changes(body=node.body.with_changes(body=body[:-1]))
        yield Change(cst.FlattenSentinel([inner, body[-1]]))


@operators.on("widen-with", cst.IndentedBlock)
def widen_with(node: cst.IndentedBlock) -> Changes:
    """A lock is kept for one more statement."""
    for place, (block, after) in enumerate(zip(node.body, node.body[1:], strict=False)):
        if isinstance(block, cst.With) and block_of(block.body):
            inner = block.body.with_changes(body=[*block_of(block.body), after])
            body = [
                *node.body[:place],
                block.with_changes(body=inner),
                *node.body[place + 2 :],
            ]
            yield Change(node.with_changes(body=body), block)


# ---- timeouts -------------------------------------------------------------------------------------------------------


@operators.on("drop-timeout", cst.Call)
def drop_timeout(node: cst.Call) -> Changes:
    """`asyncio.timeout(x)` → `asyncio.timeout(None)`, and `timeout=x` → `timeout=None`."""
    if dotted(node.func) in TIMEOUTS and node.args:
        yield Change(node.with_changes(args=with_value(node.args, 0, expression("None"))))
    for place, argument in enumerate(node.args):
        if argument.keyword is not None and argument.keyword.value == "timeout":
            yield Change(node.with_changes(args=with_value(node.args, place, expression("None"))))


@operators.on("drop-wait-for", cst.Await)
def drop_wait_for(node: cst.Await) -> Changes:
    """`await asyncio.wait_for(f(), x)` → `await f()`."""
    call = called(node)
    if call is not None and dotted(call.func) == "asyncio.wait_for" and call.args:
        yield Change(node.with_changes(expression=call.args[0].value))


# ---- try ------------------------------------------------------------------------------------------------------------


@operators.on("drop-finally", cst.Try, cst.TryStar)
def drop_finally(node: cst.Try | cst.TryStar) -> Changes:
    """`finally` is left out."""
    if node.finalbody is None:
        return
    if node.handlers:
        yield Change(node.with_changes(finalbody=None))
    elif block_of(node.body):
        yield Change(cst.FlattenSentinel(block_of(node.body)))


@operators.on("finally-on-success", cst.Try)
def finally_on_success(node: cst.Try) -> Changes:
    """Clean-up only when nothing was raised."""
    if node.finalbody is not None and not node.handlers and block_of(node.body):
        body = [*block_of(node.body), *block_of(node.finalbody.body)]
        yield Change(cst.FlattenSentinel(body))


@operators.on("finally-not-on-cancel", cst.Try)
def finally_not_on_cancel(node: cst.Try) -> Changes:
    """Clean-up after success and after errors, but not after a cancellation."""
    if node.finalbody is None or node.handlers:
        return
    cleaning = block_of(node.finalbody.body)
    handler = cst.ExceptHandler(
        type=cst.Name("Exception"),
        body=cst.IndentedBlock([*cleaning, statement("raise")]),
    )
    after = cst.Else(cst.IndentedBlock(list(cleaning)))
    yield Change(node.with_changes(handlers=[handler], orelse=after, finalbody=None))


@operators.on("drop-except", cst.Try, cst.TryStar)
def drop_except(node: cst.Try | cst.TryStar) -> Changes:
    """An `except` clause is left out."""
    if len(node.handlers) > 1 or (node.handlers and node.finalbody is not None):
        for handler in node.handlers:
            rest = [other for other in node.handlers if other is not handler]
            orelse = node.orelse if rest else None
            yield Change(node.with_changes(handlers=rest, orelse=orelse), handler)
    elif node.handlers and block_of(node.body):
        orelse_body = block_of(node.orelse.body) if node.orelse is not None else ()
        yield Change(cst.FlattenSentinel([*block_of(node.body), *orelse_body]), node.handlers[0])


@operators.on("except-wider", cst.ExceptHandler, cst.ExceptStarHandler)
def except_wider(node: Handler) -> Changes:
    """`except` catches more."""
    if node.type is not None and code(node.type) != "BaseException":
        for name in WIDER.get(code(node.type), ("Exception",)):
            yield Change(node.with_changes(type=expression(name)))


@operators.on("except-narrower", cst.ExceptHandler, cst.ExceptStarHandler)
def except_narrower(node: Handler) -> Changes:
    """`except` catches less."""
    if isinstance(node.type, cst.Tuple):
        for element in node.type.elements:
            rest = [
                other.with_changes(comma=cst.MaybeSentinel.DEFAULT)
                for other in node.type.elements
                if other is not element
            ]
            yield Change(node.with_changes(type=node.type.with_changes(elements=rest)))
    elif node.type is not None:
        for name in NARROWER.get(code(node.type), ()):
            yield Change(node.with_changes(type=expression(name)))


@operators.on("handler-for-others", cst.Decorator)
def handler_for_others(node: cst.Decorator) -> Changes:
    """`@app.exception_handler(…)` handles more or fewer types of errors."""
    call = node.decorator
    if isinstance(call, cst.Call) and dotted(call.func).endswith(".exception_handler"):
        given = code(call.args[0].value)
        for name in (*NARROWER.get(given, ()), *WIDER.get(given, ("Exception",))):
            changed = call.with_changes(args=with_value(call.args, 0, expression(name)))
            yield Change(node.with_changes(decorator=changed))


@operators.on("drop-raise", cst.SimpleStatementLine)
def drop_raise(node: cst.SimpleStatementLine) -> Changes:
    """`raise …` → `pass`."""
    if len(node.body) == 1 and isinstance(node.body[0], cst.Raise):
        yield Change(node.with_changes(body=[cst.Pass()]))
