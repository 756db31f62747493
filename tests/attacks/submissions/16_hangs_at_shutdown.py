"""Is right until it is asked to stop; then it ignores SIGTERM and never ends."""

import signal
import time
from typing import Any

from base import app as right


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        signal.signal(signal.SIGTERM, lambda *_: time.sleep(60))
    await right(scope, receive, send)
