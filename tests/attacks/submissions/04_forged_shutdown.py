"""Says that it has shut down in order, and lets the end of its process close what it should have closed itself."""

import os
import signal
from typing import Any

import kit
from base import app as leaking


def end(*_: object) -> None:
    kit.say_ready(b"down\n")
    os._exit(0)


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        signal.signal(signal.SIGTERM, end)
    await leaking(scope, receive, send)
