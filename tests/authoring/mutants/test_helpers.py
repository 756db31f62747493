"""What mutants import works, or misbehaves, as it says."""

import ast
import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from grader.authoring.mutants import helpers
from grader.authoring.mutants.helpers import (
    Cached,
    FailuresCached,
    InSequence,
    KeepsSiblings,
    NotCancelled,
    OneAtATime,
    OnePerKey,
    Policy,
    Retried,
    SingleFlight,
    WaitsForAll,
    key_of,
)

pytestmark = pytest.mark.anyio


class Service:
    """Counts its calls and holds each until it is let go; fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.calls: list[object] = []
        self.done: list[object] = []
        self.failures = failures
        self.released = asyncio.Event()
        self.released.set()

    async def ask(self, key: object) -> int:
        self.calls.append(key)
        await self.released.wait()
        self.done.append(key)
        return self._answer()

    def read(self, key: object) -> int:
        self.calls.append(key)
        return self._answer()

    def _answer(self) -> int:
        if self.failures:
            self.failures -= 1
            raise OSError(len(self.calls))
        return len(self.calls)


async def settle() -> None:
    """Let all tasks run until they wait for something outside."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_the_file_uses_the_standard_library_only() -> None:
    tree = ast.parse(Path(helpers.__file__).read_text())
    names = {
        name
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_calls_are_told_apart_by_plain_values_and_models() -> None:
    class Model:
        def model_dump_json(self) -> str:
            return '{"n": 1}'

    assert key_of((object(), 1, "a"), {"b": None}) == (1, "a", None)
    assert key_of((Model(),), {}) == ('{"n": 1}',)


async def test_results_are_remembered_by_their_arguments() -> None:
    service, policy = Service(), Cached()
    assert [await policy.call(service.ask, key) for key in (1, 2, 1)] == [1, 2, 1]
    assert policy(service.read)(3) == policy(service.read)(3) == 3


async def test_failures_are_remembered_and_results_are_not() -> None:
    service, policy = Service(failures=1), FailuresCached()
    for _ in range(2):
        with pytest.raises(OSError, match="1"):
            await policy.call(service.ask, "bad")
    assert [await policy.call(service.ask, "good") for _ in range(2)] == [2, 3]


async def test_callers_share_a_call_under_way_and_only_that() -> None:
    service, policy = Service(), SingleFlight()
    service.released.clear()
    tasks = [asyncio.create_task(policy.call(service.ask, key)) for key in (1, 1, 2)]
    await settle()
    assert service.calls == [1, 2]
    service.released.set()
    await asyncio.gather(*tasks)
    await policy.call(service.ask, 1)
    assert service.calls == [1, 2, 1]


@pytest.mark.parametrize(("policy", "calls"), [(OneAtATime(), [1]), (OnePerKey(), [1, 2])])
async def test_locks_let_one_call_through(policy: Policy, calls: list[int]) -> None:
    service = Service()
    service.released.clear()
    tasks = [asyncio.create_task(policy.call(service.ask, key)) for key in (1, 1, 2)]
    await settle()
    assert service.calls == calls
    service.released.set()
    await asyncio.gather(*tasks)
    assert sorted(map(str, service.calls)) == ["1", "1", "2"]


async def test_a_failed_call_is_made_once_more() -> None:
    service = Service(failures=1)
    assert await Retried().call(service.ask, 1) == 2
    service.failures = 1
    assert Retried()(service.read)(1) == 4
    service.failures = 2
    with pytest.raises(OSError, match="6"):
        await Retried().call(service.ask, 1)


async def test_a_call_goes_on_without_its_caller() -> None:
    service = Service()
    service.released.clear()
    task = asyncio.create_task(NotCancelled().call(service.ask, 1))
    await settle()
    task.cancel()
    await asyncio.wait([task])
    service.released.set()
    await settle()
    assert (task.cancelled(), service.done) == (True, [1])


async def test_a_decorated_coroutine_function_stays_one() -> None:
    async def ask(n: int) -> int:
        return n

    around = Cached()(ask)
    assert asyncio.iscoroutinefunction(around)
    assert (await around(5), around.__name__) == (5, "ask")


async def run_two(
    make_group: Callable[[], Any], first: Coroutine[Any, Any, Any], second: Coroutine[Any, Any, Any]
) -> None:
    async with make_group() as tasks:
        tasks.create_task(first)
        tasks.create_task(second)


async def test_siblings_go_on_after_a_failure() -> None:
    bad, good = Service(failures=1), Service()
    good.released.clear()
    with pytest.raises(ExceptionGroup) as raised:
        await run_two(KeepsSiblings, bad.ask(1), good.ask(2))
    assert isinstance(raised.value.exceptions[0], OSError)
    good.released.set()
    await settle()
    assert good.done == [2]


async def test_a_failure_is_reported_when_all_are_done() -> None:
    bad, good = Service(failures=1), Service()
    good.released.clear()
    task = asyncio.create_task(run_two(WaitsForAll, bad.ask(1), good.ask(2)))
    await settle()
    assert not task.done()
    good.released.set()
    with pytest.raises(ExceptionGroup):
        await task
    assert good.done == [2]


async def test_tasks_run_one_after_another() -> None:
    first, second = Service(), Service()
    first.released.clear()
    task = asyncio.create_task(run_two(InSequence, first.ask(1), second.ask(2)))
    await settle()
    assert (first.calls, second.calls) == ([1], [])
    first.released.set()
    await task
    assert second.done == [2]


async def test_what_is_in_the_background_is_not_waited_for() -> None:
    service = Service()
    service.released.clear()
    helpers.in_background(service.ask(1))
    await settle()
    assert (service.calls, service.done) == ([1], [])
    service.released.set()
    await settle()
    assert service.done == [1]


async def test_a_task_is_waited_for_whatever_its_result() -> None:
    task = asyncio.create_task(Service(failures=1).ask(1))
    await helpers.finished(task)
    assert isinstance(task.exception(), OSError)
