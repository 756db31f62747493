"""Operators on locks, timeouts, clean-up and failures."""

import pytest

from tests.authoring.mutants.programs import ORDERS, changes, come, gone, mutants

CLEANING = """
async def page(ask, close):
    try:
        await ask(1)
    finally:
        close()
"""
FAILING = """
import httpx

async def page(ask):
    try:
        await ask(1)
    except (httpx.ConnectError, httpx.ReadError):
        return 1
    except httpx.HTTPError:
        raise ValueError
"""


def test_a_lock_is_dropped_or_released_too_early_or_too_late() -> None:
    assert gone(ORDERS, "drop-lock")[0].startswith("async with lock:")
    (narrow,) = mutants(ORDERS, "narrow-with")
    assert "\n    await ask(client" in narrow.text
    assert "\n        price = await" in narrow.text
    (wide,) = mutants(ORDERS, "widen-with")
    assert "\n        return {" in wide.text
    assert wide.line == narrow.line == 19


def test_of_two_contexts_one_is_dropped() -> None:
    source = """
    async def page(lock, places, ask):
        async with lock, places:
            await ask(1)
    """
    assert come(source, "drop-lock") == ["async with places:", "async with lock:"]


def test_a_context_with_a_name_is_kept_because_the_block_needs_it() -> None:
    source = """
    async def page(pool, ask):
        async with pool.acquire() as connection:
            await ask(connection)
    """
    assert come(source, "drop-with") == come(source, "drop-lock") == []


def test_suppressed_errors_are_raised() -> None:
    source = """
    import contextlib

    async def page(ask):
        with contextlib.suppress(OSError):
            await ask(1)
    """
    assert come(source, "drop-with") == ["await ask(1)"]


@pytest.mark.parametrize(
    ("line", "without"),
    [
        ("async with asyncio.timeout(1): await ask(1)", "asyncio.timeout(None)"),
        ("await ask(1, timeout=1)", "timeout=None"),
    ],
)
def test_a_timeout_is_dropped(line: str, without: str) -> None:
    (came,) = come(f"import asyncio\nasync def page(ask):\n    {line}\n", "drop-timeout")
    assert without in came


def test_a_wait_without_its_limit() -> None:
    source = "import asyncio\nasync def page(ask):\n    await asyncio.wait_for(ask(1), 2)\n"
    assert come(source, "drop-wait-for") == ["await ask(1)"]


def test_clean_up_is_dropped_or_happens_only_sometimes() -> None:
    assert come(CLEANING, "drop-finally") == ["await ask(1)"]
    assert come(CLEANING, "finally-on-success") == ["await ask(1); close()"]
    (uncancelled,) = mutants(CLEANING, "finally-not-on-cancel")
    assert uncancelled.text.endswith(
        "    except Exception:\n        close()\n        raise\n    else:\n        close()\n"
    )


def test_a_clause_is_dropped() -> None:
    assert [went[0] for went, _ in changes(FAILING, "drop-except")] == [
        "except (httpx.ConnectError, httpx.ReadError):",
        "except httpx.HTTPError:",
    ]
    single = (
        "async def page(ask):\n    try:\n        await ask(1)\n    except OSError:\n        pass\n"
    )
    assert come(single, "drop-except") == ["await ask(1)"]


def test_clauses_catch_more_or_less() -> None:
    assert come(FAILING, "except-wider") == ["except Exception:", "except Exception:"]
    assert come(FAILING, "except-narrower") == [
        "except (httpx.ReadError,):",
        "except (httpx.ConnectError,):",
        "except httpx.HTTPStatusError:",
        "except httpx.TransportError:",
    ]


def test_no_mutant_uses_a_library_that_the_program_does_not_import() -> None:
    source = "async def page(ask):\n    try:\n        await ask(1)\n    except Exception:\n        pass\n"
    assert come(source, "except-narrower") == []


def test_a_handler_is_for_other_errors() -> None:
    source = """
    import httpx

    @app.exception_handler(httpx.HTTPError)
    async def failed(request, error):
        return 1
    """
    assert come(source, "handler-for-others") == [
        "@app.exception_handler(httpx.HTTPStatusError)",
        "@app.exception_handler(httpx.TransportError)",
        "@app.exception_handler(Exception)",
    ]


def test_an_error_is_not_raised() -> None:
    assert gone(FAILING, "drop-raise") == ["raise ValueError"]
