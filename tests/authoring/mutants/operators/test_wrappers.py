"""Operators that put a policy around a function, or around a single call."""

import pytest

from tests.authoring.mutants.programs import come

PAGE = """
import asyncio

@app.get("/{n}")
async def page(n: int, client: Client):
    first = await ask(client, n)
    task = asyncio.create_task(ask(client, first))
    await asyncio.sleep(1)
    return await task
"""
POLICIES = {
    "cached": "cached",
    "failures-cached": "failures_cached",
    "single-flight": "single_flight",
    "one-at-a-time": "one_at_a_time",
    "one-per-key": "one_per_key",
    "retried": "retried",
    "not-cancelled": "not_cancelled",
}


@pytest.mark.parametrize(("operator", "policy"), POLICIES.items())
def test_a_policy_is_put_around_functions_and_calls(operator: str, policy: str) -> None:
    assert come(PAGE, operator) == [
        f"@mutant.{policy}",
        f"first = await mutant.{policy}.call(ask, client, n)",
        f"task = asyncio.create_task(mutant.{policy}.call(ask, client, first))",
    ]


@pytest.mark.parametrize("operator", POLICIES)
@pytest.mark.parametrize(
    "function",
    [
        "def barcode(n: int):\n    return str(n)\n",
        "async def health():\n    return await ask(1 + 0)\n",
        "async def client(request: Request):\n    return request.state.get('x')\n",
        "async def lines(n: int):\n    yield n\n",
        "@contextmanager\ndef context(n: int):\n    client.get(n)\n",
        "@app.exception_handler(OSError)\nasync def failed(n: int):\n    client.get(n)\n",
    ],
)
def test_functions_that_only_compute_or_are_no_calls_of_a_visitor_are_left_alone(
    operator: str, function: str
) -> None:
    assert [line for line in come(function, operator) if line.startswith("@")] == []


def test_plain_functions_that_reach_a_service_get_what_works_in_threads() -> None:
    source = "def ask(client: Client, path: str):\n    return client.get(path)\n"
    wrapped = [operator for operator in POLICIES if come(source, operator)]
    assert wrapped == ["cached", "failures-cached", "one-at-a-time", "retried"]


def test_coroutines_that_only_sleep_cannot_fail() -> None:
    source = "import asyncio\nasync def wait(n: int):\n    await asyncio.sleep(n)\n"
    wrapped = [operator for operator in POLICIES if come(source, operator)]
    assert wrapped == ["cached", "single-flight", "one-at-a-time", "one-per-key", "not-cancelled"]


def test_a_coroutine_that_never_waits_can_only_be_cached() -> None:
    source = "async def pay(n: int):\n    tasks.add(n)\n"
    wrapped = [operator for operator in POLICIES if come(source, operator)]
    assert wrapped == ["cached"]
