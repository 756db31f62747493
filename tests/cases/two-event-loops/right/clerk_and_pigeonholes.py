"""Ferries: a clerk takes the questions at every tick and puts the answers into pigeonholes; visitors look there now and
then.
"""

import asyncio
import itertools
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

TICK_S = 0.05
LOOK_S = 0.045


class HarbourError(Exception):
    pass


class Line:
    """A connection to the harbour."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.keep = True

    def usable(self) -> bool:
        return self.keep and not self.reader.at_eof() and not self.writer.is_closing()

    async def get(self, host: str, path: str) -> tuple[int, bytes]:
        self.writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n\r\n".encode())
        await self.writer.drain()
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        version, status, *_ = head[0].split(" ", 2)
        fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        self.keep = version == "HTTP/1.1" and fields.get("connection", "").lower() != "close"
        if "chunked" in fields.get("transfer-encoding", "").lower():
            body = b""
            while size := int((await self.reader.readuntil(b"\r\n")).split(b";")[0], 16):
                body += (await self.reader.readexactly(size + 2))[:-2]
            while await self.reader.readuntil(b"\r\n") != b"\r\n":
                pass
        elif "content-length" in fields:
            body = await self.reader.readexactly(int(fields["content-length"]))
        else:
            self.keep = False
            body = await self.reader.read()
        return int(status), body

    def close(self) -> None:
        self.writer.close()


class Clerk:
    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host, self.port, self.prefix = parts.hostname, parts.port or 80, parts.path.rstrip("/")
        self.numbers = itertools.count()
        self.inbox: asyncio.Queue[tuple[int, int]] = asyncio.Queue()
        self.pigeonholes: dict[int, tuple[int, bytes] | None] = {}
        self.idle: list[Line] = []

    async def work(self) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                while not self.inbox.empty():
                    number, ferry = self.inbox.get_nowait()
                    group.create_task(self.answer(number, ferry))
                await asyncio.sleep(TICK_S)

    async def answer(self, number: int, ferry: int) -> None:
        try:
            self.pigeonholes[number] = await asyncio.wait_for(self.ask(ferry), 2)
        except Exception:
            self.pigeonholes[number] = None

    async def ask(self, ferry: int) -> tuple[int, bytes]:
        while self.idle:
            line = self.idle.pop()
            if line.usable():
                break
            line.close()
        else:
            line = Line(*await asyncio.open_connection(self.host, self.port))
        done = False
        try:
            answer = await line.get(f"{self.host}:{self.port}", f"{self.prefix}/ferries/{ferry}")
            done = line.usable()
        finally:
            if done:
                self.idle.append(line)
            else:
                line.close()
        return answer

    async def look(self, ferry: int) -> Any:
        number = next(self.numbers)
        self.inbox.put_nowait((number, ferry))
        while number not in self.pigeonholes:
            await asyncio.sleep(LOOK_S)
        answer = self.pigeonholes.pop(number)
        if answer is None:
            raise HarbourError(504)
        status, body = answer
        if status != 200:
            raise HarbourError(404 if status == 404 else 500)
        try:
            return json.loads(body)["seats"]
        except (ValueError, KeyError, TypeError) as error:
            raise HarbourError(502) from error


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.clerk = clerk = Clerk(os.environ["UPSTREAM_URL"])
    work = asyncio.create_task(clerk.work())
    yield
    work.cancel()
    await asyncio.wait([work])
    for line in clerk.idle:
        line.close()


app = FastAPI(title="Ferries", lifespan=lifespan)


@app.exception_handler(HarbourError)
async def told(_: Request, error: HarbourError) -> JSONResponse:
    return JSONResponse({"detail": "The harbour says no."}, error.args[0])


class Ferry(BaseModel):
    ferry: int
    seats: int


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/ferries/{ferry}")
async def seats_of(ferry: Annotated[int, Path(ge=1)], request: Request) -> Ferry:
    return Ferry(ferry=ferry, seats=await request.app.state.clerk.look(ferry))
