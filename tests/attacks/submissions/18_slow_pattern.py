"""Prints a traceback that is made to keep the grader's patterns busy, whenever it is asked something, and ends."""

import os
import sys
from typing import Any

LINES = f'Traceback (most recent call last):\n  File "{os.getcwd()}/app.py", line 1, in f\n{"^" * 45_000}x\n'


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        sys.stdout.write(LINES)
        sys.stdout.flush()
        os._exit(1)
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
