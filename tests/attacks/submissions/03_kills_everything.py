"""Kills every process that it can see, the first one too."""

import os
import signal
from typing import Any

import kit
from base import app as right

kit.stay_in_the_cage()


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGCHLD, signal.SIGKILL):
            kit.worked(lambda: os.kill(1, number))
        kit.worked(lambda: os.kill(-1, signal.SIGKILL))
        os.kill(os.getpid(), signal.SIGKILL)
    await right(scope, receive, send)
