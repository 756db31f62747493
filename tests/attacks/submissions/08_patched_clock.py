"""Makes every clock of its process, the event loop's too, run 20 times as fast."""

import asyncio.base_events
import time

true = time.monotonic
zero = true()
time.monotonic = time.perf_counter = time.time = lambda: zero + (true() - zero) * 20
asyncio.base_events.BaseEventLoop.time = lambda self: time.monotonic()

import select  # noqa: E402
import selectors  # noqa: E402

poll = selectors.EpollSelector.select
selectors.EpollSelector.select = lambda self, timeout=None: poll(self, timeout / 20 if timeout and timeout > 0 else timeout)

from base import app as app  # noqa: E402
