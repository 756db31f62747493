"""Closes every descriptor that it holds, sockets and pipes to the grader too, as soon as it serves."""

import os
from typing import Any

from base import app as right


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        os.closerange(3, 1000)
    await right(scope, receive, send)
