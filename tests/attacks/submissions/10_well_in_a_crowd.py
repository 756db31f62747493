"""Works properly only for those who come in a crowd; who comes alone gets yesterday's answer."""

import asyncio
from typing import Any

import base

inside = 0
old: list[dict[str, Any]] = []


async def app(scope: Any, receive: Any, send: Any) -> None:
    global inside
    if scope["type"] != "http" or not scope["path"].startswith("/parcels"):
        await base.app(scope, receive, send)
        return
    inside += 1
    await asyncio.sleep(0.01)
    kept: list[dict[str, Any]] = []

    async def keep(message: dict[str, Any]) -> None:
        kept.append(message)
        await send(message)

    if inside > 1 or not old:
        await base.app(scope, receive, keep)
        old[:] = kept
    else:
        for message in old:
            await send(message)
    inside -= 1
