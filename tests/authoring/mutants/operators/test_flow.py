"""Operators on statements, branches, loops and local names."""

from tests.authoring.mutants.programs import ORDERS, come, gone, mutants

BRANCH = """
async def page(ask, full):
    if full:
        return 503
    elif ask:
        return 404
    x = 1 if full else 2
    return x
"""
LOOPS = """
async def page(ask, names):
    for name in names:
        await ask(name)
    while names:
        names.pop()
"""


def test_conditions_are_never_or_always_true() -> None:
    assert come(BRANCH, "if-never") == ["if False:", "elif False:", "x = 1 if False else 2"]
    assert come(BRANCH, "if-always") == ["if True:", "elif True:", "x = 1 if True else 2"]


def test_calls_and_changes_are_dropped() -> None:
    source = """
    async def page(tasks, task, state):
        \"\"\"A page.\"\"\"
        tasks.add(task)
        await task.start()
        state["n"] = 1
        state.count += 1
        del state.rest
        local = 1
        return local
    """
    assert gone(source, "drop-statement") == [
        "tasks.add(task)",
        "await task.start()",
        'state["n"] = 1',
        "state.count += 1",
        "del state.rest",
    ]


def test_what_is_logged_does_not_matter() -> None:
    assert come("log.warning('%s', 5)\nlogging.info(5)\n", "drop-statement") == []
    assert come("log.warning('%s', 5)\n", "number-tenfold") == []


def test_loops_end_after_their_first_round() -> None:
    assert come(LOOPS, "loop-once") == ["break", "break"]


def test_a_local_name_is_shared_if_others_can_assign_it_before_it_is_used() -> None:
    assert come(ORDERS, "share-local") == ["global price"]
    source = """
    import asyncio

    async def page(ask, n):
        \"\"\"A page.\"\"\"
        async with asyncio.TaskGroup() as tasks:
            first, second = tasks.create_task(ask(1)), tasks.create_task(ask(2))
        body = first.result()
        return body, second
    """
    assert come(source, "share-local") == ["global first", "global second"]
    assert '"""A page."""\n    global first\n' in mutants(source, "share-local")[0].text


def test_an_endpoint_in_a_thread_shares_every_name() -> None:
    source = """
    @app.get("/")
    def page(n):
        doubled = 2 * n
        return doubled

    def helper(n):
        doubled = 2 * n
        return doubled
    """
    assert [(each.line, each.operator) for each in mutants(source, "share-local")] == [
        (2, "share-local")
    ]


def test_names_that_cannot_be_shared_or_matter_only_once_are_left_alone() -> None:
    source = """
    async def page(ask, given):
        given = await ask(1)
        annotated: int = await ask(2)
        await ask(3)
        return given + annotated

    async def lifespan(app: FastAPI):
        client = await connect()
        await client.open()
        yield client
    """
    assert come(source, "share-local") == []
