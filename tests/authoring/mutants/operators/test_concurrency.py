"""Operators on awaits, tasks, task groups and threads."""

import pytest

from tests.authoring.mutants.programs import come

GATHER = """
import asyncio

async def page(ask):
    return await asyncio.gather(ask(1), ask(2))
"""
GATHER_ALL = """
import asyncio

async def page(ask, names):
    return await asyncio.gather(*(ask(name) for name in names))
"""
GROUP = """
import asyncio

async def page(ask):
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(ask(1))
        second = tasks.create_task(ask(2))
    return first.result()
"""
WAITS = """
import asyncio

async def page(ask, work, done):
    await ask(1)
    await done.wait()
    await asyncio.shield(work)
    await asyncio.sleep(0.1)
    await asyncio.wait([work], return_when=asyncio.FIRST_EXCEPTION)
"""
THREADS = """
import asyncio

async def page(read, name, loop):
    first = await asyncio.to_thread(read, name)
    second = await loop.run_in_executor(None, read, name)
    return first + second

@app.get("/")
def home():
    return 1
"""


@pytest.mark.parametrize(
    ("operator", "source", "lines"),
    [
        ("gather-in-sequence", GATHER, ["return [await ask(1), await ask(2)]"]),
        (
            "gather-in-sequence",
            GATHER_ALL,
            ["return [await each for each in (ask(name) for name in names)]"],
        ),
        (
            "gather-keeps-failures",
            GATHER,
            ["return await asyncio.gather(ask(1), ask(2), return_exceptions = True)"],
        ),
        ("group-keeps-siblings", GROUP, ["async with mutant.KeepsSiblings() as tasks:"]),
        ("group-waits-for-all", GROUP, ["async with mutant.WaitsForAll() as tasks:"]),
        ("group-in-sequence", GROUP, ["async with mutant.InSequence() as tasks:"]),
        (
            "task-awaited-at-once",
            GROUP,
            ["await mutant.finished(first)"],
        ),
        ("swap-awaits", GROUP, []),
        (
            "drop-await",
            WAITS,
            [
                "ask(1)",
                "done.wait()",
                "asyncio.shield(work)",
                "asyncio.sleep(0.1)",
                "asyncio.wait([work], return_when=asyncio.FIRST_EXCEPTION)",
            ],
        ),
        ("drop-shield", WAITS, ["await work"]),
        ("blocking-sleep", WAITS, ["mutant.block(0.1)"]),
        (
            "wait-for",
            WAITS,
            [
                "await asyncio.wait([work], return_when=asyncio.FIRST_COMPLETED)",
                "await asyncio.wait([work], return_when=asyncio.ALL_COMPLETED)",
            ],
        ),
        ("drop-thread", THREADS, ["first = read(name)", "second = read(name)"]),
        ("endpoint-on-loop", THREADS, ["async def home():"]),
    ],
)
def test_what_goes_wrong_with_tasks_and_threads(
    operator: str, source: str, lines: list[str]
) -> None:
    assert come(source, operator) == lines


def test_what_is_awaited_goes_on_in_the_background() -> None:
    assert come(WAITS, "await-in-background")[:2] == [
        "mutant.in_background(ask(1))",
        "mutant.in_background(done.wait())",
    ]


def test_lines_of_which_one_awaits_change_places() -> None:
    source = """
    async def page(ask, tasks):
        tasks.create_task(ask(1))
        await ask(2)
        print(3)
    """
    assert come(source, "swap-awaits") == ["await ask(2)"]
