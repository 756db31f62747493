"""Mornings: an ASGI middleware that drops the work of visitors who leave, and an HTTP client of its own on asyncio's
streams, with callbacks that put the page together."""

import asyncio
import json
import os
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Path
from fastapi.responses import JSONResponse

PATIENCE_S = 20.0
BASE = urlsplit(os.environ["UPSTREAM_URL"])
LINES = asyncio.Semaphore(24)


class Trouble(Exception):
    pass


async def read_head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(lines[0].split(" ", 2)[1])
    pairs = (line.split(":", 1) for line in lines[1:] if ":" in line)
    return status, {key.strip().lower(): value.strip() for key, value in pairs}


async def read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body = b""
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            body += (await reader.readexactly(size + 2))[:-2]
        while await reader.readuntil(b"\r\n") != b"\r\n":
            pass
        return body
    if "content-length" in headers:
        return await reader.readexactly(int(headers["content-length"]))
    return await reader.read()


async def fetch(path: str) -> int:
    secure = BASE.scheme == "https"
    port = BASE.port or (443 if secure else 80)
    async with LINES:
        reader, writer = await asyncio.open_connection(BASE.hostname, port, ssl=secure or None)
        try:
            target = BASE.path.rstrip("/") + path
            writer.write(
                f"GET {target} HTTP/1.1\r\nHost: {BASE.netloc}\r\n"
                "Accept: application/json\r\nConnection: close\r\n\r\n".encode()
            )
            status, headers = await read_head(reader)
            while status < 200:
                status, headers = await read_head(reader)
            if status >= 300:
                raise Trouble(f"{path}: {status}")
            return int(json.loads(await read_body(reader, headers))["value"])
        finally:
            writer.transport.abort()


class Page:
    """A page in the making."""

    def __init__(self, person: int) -> None:
        self.person = person
        self.answers: dict[str, int] = {}
        self.tasks: set[asyncio.Task[int]] = set()
        self.ready: asyncio.Future[dict[str, int]] = asyncio.get_running_loop().create_future()

    def ask(self, name: str, path: str, then: Callable[[int], None] | None = None) -> None:
        async def question() -> int:
            async with asyncio.timeout(PATIENCE_S):
                return await fetch(path)

        def answered(task: asyncio.Task[int]) -> None:
            self.tasks.discard(task)
            if task.cancelled():
                return
            error = task.exception()
            if self.ready.done():
                return
            if error is not None:
                self.ready.set_exception(Trouble(f"{name}: {error!r}"))
                self.drop()
                return
            self.answers[name] = task.result()
            if then is not None:
                then(task.result())
            if len(self.answers) == 5:
                self.ready.set_result({"person": self.person, **self.answers})

        task = asyncio.get_running_loop().create_task(question())
        self.tasks.add(task)
        task.add_done_callback(answered)

    def start(self) -> None:
        for name in ("weather", "trains", "roads"):
            self.ask(name, f"/{name}/{self.person}")
        self.ask("meeting", f"/meetings/{self.person}", lambda n: self.ask("room", f"/rooms/{n}"))

    def drop(self) -> None:
        for task in self.tasks:
            task.cancel()


class DropWhenLeft:
    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        mail: asyncio.Queue[Any] = asyncio.Queue()
        work = asyncio.create_task(self.app(scope, mail.get, send))

        async def listen() -> None:
            while True:
                message = await receive()
                mail.put_nowait(message)
                if message["type"] == "http.disconnect":
                    work.cancel()
                    return

        ear = asyncio.create_task(listen())
        try:
            await asyncio.wait({work})
            if not work.cancelled():
                work.result()
        finally:
            ear.cancel()
            work.cancel()


app = FastAPI(title="Mornings")
app.add_middleware(DropWhenLeft)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/mornings/{person}")
async def morning(person: Annotated[int, Path(ge=1)]) -> JSONResponse:
    page = Page(person)
    page.start()
    try:
        return JSONResponse(await page.ready)
    except Trouble as trouble:
        return JSONResponse({"detail": str(trouble)}, 502)
    finally:
        page.drop()
