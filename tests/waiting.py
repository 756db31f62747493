"""Waiting for what must come about, however slow the machine is."""

import time
from collections.abc import Callable
from typing import Any

import anyio

HANG_S = 150.0
"""After so long a test is held to hang. It states nothing about behaviour and nobody waits for it in a test that
passes: beside eight busy processes and other tests on two cores, a command that needs 2 s alone was seen to need 30
s."""

LOOK_S = 0.01


def wait_until(condition: Callable[[], object], told: Callable[[], Any] = str) -> None:
    """Wait for something that must come about; `told` describes what is seen instead when it does not."""
    deadline_s = time.monotonic() + HANG_S
    while not condition():
        assert time.monotonic() < deadline_s, told()
        time.sleep(LOOK_S)


async def until(condition: Callable[[], object]) -> None:
    """The same on an event loop."""
    with anyio.fail_after(HANG_S):
        while not condition():
            await anyio.sleep(LOOK_S)
