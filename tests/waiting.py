"""Waiting for conditions, however slow the machine is."""

import time
from collections.abc import Callable
from typing import Any

import anyio

HANG_S = 150.0
"""After this time a test is considered hung. It says nothing about behaviour, and no passing test waits that long:
beside eight busy processes and other tests on two cores, a command that takes 2 s alone has taken 30 s."""

LOOK_S = 0.01


def wait_until(condition: Callable[[], object], told: Callable[[], Any] = str) -> None:
    """Wait for a condition that must become true; on failure, `told` describes what is there instead."""
    deadline_s = time.monotonic() + HANG_S
    while not condition():
        assert time.monotonic() < deadline_s, told()
        time.sleep(LOOK_S)


async def until(condition: Callable[[], object]) -> None:
    """`wait_until` on an event loop."""
    with anyio.fail_after(HANG_S):
        while not condition():
            await anyio.sleep(LOOK_S)
