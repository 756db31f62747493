"""Payments, with a client of its own on asyncio's streams, and callbacks from one call to the next."""

import asyncio
import json
import logging
import os
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Path
from pydantic import BaseModel, Field

log = logging.getLogger("uvicorn.error")


class BureauError(Exception):
    pass


class Bureau:
    """One connection for each call."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host = parts.hostname or "127.0.0.1"
        self.port = parts.port or 80
        self.prefix = parts.path.rstrip("/")

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        content = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {self.prefix}{path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nConnection: close\r\n"
        if body is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            writer.write(head.encode() + b"\r\n" + content)
            await writer.drain()
            status, answer = await self.read(reader)
        finally:
            writer.close()
        if status != 200:
            raise BureauError(f"{method} {path}: {status}")
        return json.loads(answer) if answer else None

    async def read(self, reader: asyncio.StreamReader) -> tuple[int, bytes]:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
        headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
        status = int(first.split()[1])
        if headers.get("transfer-encoding", "").lower() == "chunked":
            answer = b""
            while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
                answer += await reader.readexactly(size)
                await reader.readexactly(2)
            await reader.readuntil(b"\r\n")
            return status, answer
        if "content-length" in headers:
            return status, await reader.readexactly(int(headers["content-length"]))
        return status, await reader.read()


class Post:
    def __init__(self, bureau: Bureau) -> None:
        self.bureau = bureau
        self.calls: set[asyncio.Task[Any]] = set()
        self.quiet = asyncio.Event()
        self.quiet.set()

    def start(self, coroutine: Any, then: Any) -> None:
        call = asyncio.create_task(coroutine)
        self.calls.add(call)
        self.quiet.clear()
        call.add_done_callback(partial(self.ended, then))

    def ended(self, then: Any, call: asyncio.Task[Any]) -> None:
        try:
            error = call.exception()
            if error is not None:
                log.warning("lost: %r", error)
            elif then is not None:
                then(call.result())
        except Exception as error:
            log.warning("lost: %r", error)
        finally:
            self.calls.discard(call)
            if not self.calls:
                self.quiet.set()

    def receipt(self, payment: int, cents: int) -> None:
        def found(owner: Any) -> None:
            receipt = {"mailbox": owner["mailbox"], "cents": cents}
            self.start(self.bureau.call("POST", f"/receipts/{payment}", receipt), None)

        self.start(self.bureau.call("GET", f"/owners/{payment}"), found)


@asynccontextmanager
async def lifespan(app: FastAPI) -> Any:
    app.state.post = Post(Bureau(os.environ["UPSTREAM_URL"]))
    yield
    await app.state.post.quiet.wait()


app = FastAPI(title="Payments", lifespan=lifespan)


class Payment(BaseModel):
    cents: int = Field(gt=0)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/payments/{payment}", status_code=202)
async def pay(payment: Annotated[int, Path(gt=0)], paid: Payment) -> dict[str, int]:
    app.state.post.receipt(payment, paid.cents)
    return {"payment": payment}
