"""Makes `time.sleep` and `asyncio.sleep` do nothing."""

import asyncio
import time


real_sleep = asyncio.sleep


async def no_sleep(delay: float, result: object = None) -> object:
    return await real_sleep(0, result)


time.sleep = lambda seconds: None
asyncio.sleep = no_sleep

from base import app as app  # noqa: E402
