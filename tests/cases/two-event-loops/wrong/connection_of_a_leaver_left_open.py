"""Breaks connections-kept: when a visitor leaves, the question is cancelled, and its connection is neither closed nor
put back.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import FastAPI, HTTPException, Path, Request, Response
from pydantic import BaseModel


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


class Lines:
    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host, self.port, self.prefix = parts.hostname, parts.port or 80, parts.path.rstrip("/")
        self.idle: list[Line] = []
        self.open: set[Line] = set()

    async def take(self) -> Line:
        while self.idle:
            line = self.idle.pop()
            if line.usable():
                return line
            self.drop(line)
        line = Line(*await asyncio.open_connection(self.host, self.port))
        self.open.add(line)
        return line

    def drop(self, line: Line) -> None:
        self.open.discard(line)
        line.close()

    async def ask(self, ferry: int) -> tuple[int, bytes]:
        line = await self.take()
        try:
            answer = await line.get(f"{self.host}:{self.port}", f"{self.prefix}/ferries/{ferry}")
        except Exception as error:
            self.drop(line)
            raise HarbourError from error
        if line.usable():
            self.idle.append(line)
        else:
            self.drop(line)
        return answer

    def close(self) -> None:
        for line in list(self.open):
            self.drop(line)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.lines = Lines(os.environ["UPSTREAM_URL"])
    yield
    app.state.lines.close()


app = FastAPI(title="Ferries", lifespan=lifespan)


class Ferry(BaseModel):
    ferry: int
    seats: int


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


async def left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


@app.get("/ferries/{ferry}", response_model=Ferry)
async def seats_of(ferry: Annotated[int, Path(ge=1)], request: Request):
    question = asyncio.create_task(app.state.lines.ask(ferry))
    leaving = asyncio.create_task(left(request))
    await asyncio.wait([question, leaving], return_when=asyncio.FIRST_COMPLETED)
    leaving.cancel()
    if not question.done():
        question.cancel()
        return Response(status_code=503)
    try:
        status, body = question.result()
        if status == 200:
            return Ferry(ferry=ferry, seats=json.loads(body)["seats"])
    except (HarbourError, ValueError, KeyError, TypeError) as error:
        raise HTTPException(502, "The harbour gave no answer.") from error
    raise HTTPException(404 if status == 404 else 502)
