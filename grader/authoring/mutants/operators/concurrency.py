"""Operators on awaits, tasks, task groups and threads."""

import libcst as cst

from grader.authoring.mutants.operators.registry import Change, Changes, Registry
from grader.authoring.mutants.operators.syntax import (
    called,
    code,
    dotted,
    expression,
    helper,
    only_expression,
    statement,
)

operators = Registry()

GROUPS = ("asyncio.TaskGroup", "anyio.create_task_group")
TO_THREAD = (
    "asyncio.to_thread",
    "anyio.to_thread.run_sync",
    "to_thread.run_sync",
    "run_in_threadpool",
)
SLEEPS = ("asyncio.sleep", "anyio.sleep")
STARTS = ("await ", "create_task(", "start_soon(", ".submit(")
"""Parts of a line that make its place among others matter, if one of the two lines awaits."""


@operators.on("drop-await", cst.Await)
def drop_await(node: cst.Await) -> Changes:
    """`await f()` → `f()`."""
    yield Change(node.expression)


@operators.on("await-in-background", cst.SimpleStatementLine)
def await_in_background(node: cst.SimpleStatementLine) -> Changes:
    """`await f()` → a task that nobody waits for."""
    value = only_expression(node)
    if value is not None and called(value) is not None and isinstance(value, cst.Await):
        call = cst.Call(helper("in_background"), [cst.Arg(value.expression)])
        yield Change(node.with_changes(body=[cst.Expr(call)]))


@operators.on("gather-in-sequence", cst.Await)
def gather_in_sequence(node: cst.Await) -> Changes:
    """`await asyncio.gather(a, b)` → `[await a, await b]`."""
    call = called(node)
    if call is None or dotted(call.func) != "asyncio.gather":
        return
    arguments = [argument for argument in call.args if argument.keyword is None]
    if len(arguments) == 1 and arguments[0].star:
        yield Change(expression(f"[await each for each in {code(arguments[0].value)}]"))
    elif arguments and not any(argument.star for argument in arguments):
        awaits = ", ".join(f"await {code(argument.value)}" for argument in arguments)
        yield Change(expression(f"[{awaits}]"))


@operators.on("gather-keeps-failures", cst.Call)
def gather_keeps_failures(node: cst.Call) -> Changes:
    """`asyncio.gather(…)` → `asyncio.gather(…, return_exceptions=True)`."""
    named = {argument.keyword.value for argument in node.args if argument.keyword is not None}
    if dotted(node.func) == "asyncio.gather" and "return_exceptions" not in named:
        option = cst.Arg(expression("True"), keyword=cst.Name("return_exceptions"))
        yield Change(node.with_changes(args=[*node.args, option]))


@operators.on("group-keeps-siblings", cst.Call)
def group_keeps_siblings(node: cst.Call) -> Changes:
    """A task group that does not cancel its other tasks when one fails."""
    if dotted(node.func) in GROUPS:
        yield Change(cst.Call(helper("KeepsSiblings")))


@operators.on("group-waits-for-all", cst.Call)
def group_waits_for_all(node: cst.Call) -> Changes:
    """A task group that reports a failure only when all its tasks are done."""
    if dotted(node.func) in GROUPS:
        yield Change(cst.Call(helper("WaitsForAll")))


@operators.on("group-in-sequence", cst.Call)
def group_in_sequence(node: cst.Call) -> Changes:
    """A task group that runs its tasks one after another."""
    if dotted(node.func) in GROUPS:
        yield Change(cst.Call(helper("InSequence")))


@operators.on("task-awaited-at-once", cst.IndentedBlock)
def task_awaited_at_once(node: cst.IndentedBlock) -> Changes:
    """`task = create_task(…)` → the same, and a wait until the task is done, if anything follows."""
    for place, line in enumerate(node.body[:-1]):
        if not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1:
            continue
        small = line.body[0]
        if (
            isinstance(small, cst.Assign)
            and isinstance(small.value, cst.Call)
            and dotted(small.value.func).endswith(("create_task", "ensure_future"))
        ):
            wait = statement(f"await mutant.finished({code(small.targets[0].target)})")
            body = [*node.body[: place + 1], wait, *node.body[place + 1 :]]
            yield Change(node.with_changes(body=body), line)


@operators.on("swap-awaits", cst.IndentedBlock)
def swap_awaits(node: cst.IndentedBlock) -> Changes:
    """Two neighbouring lines that await or start something, in the other order."""
    for place, (first, second) in enumerate(zip(node.body, node.body[1:], strict=False)):
        lines = [
            code(line) for line in (first, second) if isinstance(line, cst.SimpleStatementLine)
        ]
        starting = [line for line in lines if any(word in line for word in STARTS)]
        if len(starting) == 2 and any("await " in line for line in starting):
            body = [*node.body[:place], second, first, *node.body[place + 2 :]]
            yield Change(node.with_changes(body=body), first)


@operators.on("drop-shield", cst.Call)
def drop_shield(node: cst.Call) -> Changes:
    """`asyncio.shield(x)` → `x`."""
    if dotted(node.func) == "asyncio.shield" and node.args:
        yield Change(node.args[0].value)


@operators.on("wait-for", cst.Attribute)
def wait_for(node: cst.Attribute) -> Changes:
    """`FIRST_EXCEPTION`, `FIRST_COMPLETED` and `ALL_COMPLETED` in place of one another."""
    kinds = ("FIRST_EXCEPTION", "FIRST_COMPLETED", "ALL_COMPLETED")
    if node.attr.value in kinds:
        for kind in kinds:
            yield Change(node.with_changes(attr=cst.Name(kind)))


@operators.on("drop-thread", cst.Await)
def drop_thread(node: cst.Await) -> Changes:
    """`await asyncio.to_thread(f, x)` → `f(x)`, on the event loop."""
    call = called(node)
    if call is None or not call.args:
        return
    name = dotted(call.func)
    skipped = 1 if name.endswith("run_in_executor") else 0 if name in TO_THREAD else None
    if skipped is not None and len(call.args) > skipped:
        function, *given = call.args[skipped:]
        rest = [argument for argument in given if argument.keyword is None]
        yield Change(cst.Call(function.value, rest))


@operators.on("blocking-sleep", cst.Await)
def blocking_sleep(node: cst.Await) -> Changes:
    """`await asyncio.sleep(x)` → a sleep that blocks the event loop."""
    call = called(node)
    if call is not None and dotted(call.func) in SLEEPS:
        yield Change(call.with_changes(func=helper("block")))


@operators.on("endpoint-on-loop", cst.FunctionDef)
def endpoint_on_loop(node: cst.FunctionDef) -> Changes:
    """`def` → `async def` for a function with a decorator, such as an endpoint that FastAPI runs in a thread."""
    if node.asynchronous is None and any(
        isinstance(decorator.decorator, cst.Call) for decorator in node.decorators
    ):
        yield Change(node.with_changes(asynchronous=cst.Asynchronous()))
