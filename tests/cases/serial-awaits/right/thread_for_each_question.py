"""Mornings: one thread and one http.client connection for each question; hanging up shuts the socket down."""

import asyncio
import http.client
import json
import os
import socket
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import FastAPI, HTTPException, Path, Request

PATIENCE_S = 20.0
BASE = urlsplit(os.environ["UPSTREAM_URL"])
LINES = ThreadPoolExecutor(max_workers=24, thread_name_prefix="line")


class Failed(Exception):
    pass


class Call:
    """One question, on a connection of its own."""

    def __init__(self, path: str) -> None:
        self.path = BASE.path.rstrip("/") + path
        kind = http.client.HTTPSConnection if BASE.scheme == "https" else http.client.HTTPConnection
        self.line = kind(BASE.hostname or "", BASE.port, timeout=PATIENCE_S)
        self.lock = threading.Lock()
        self.socket: socket.socket | None = None
        self.hung_up = False

    def talk(self) -> int:
        if self.hung_up:
            raise Failed("hung up")
        try:
            self.line.connect()
            with self.lock:
                if self.hung_up:
                    raise Failed("hung up")
                self.socket = self.line.sock
            self.line.request("GET", self.path, headers={"Connection": "close"})
            with self.line.getresponse() as response:
                if response.status >= 300:
                    raise Failed(f"{self.path}: {response.status}")
                return int(json.loads(response.read())["value"])
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
            raise Failed(f"{self.path}: {error!r}") from error
        finally:
            with self.lock:
                self.socket = None
            self.line.close()

    def hang_up(self) -> None:
        with self.lock:
            self.hung_up = True
            if self.socket is not None:
                try:
                    self.socket.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass


async def ask(path: str) -> int:
    call = Call(path)
    try:
        return await asyncio.get_running_loop().run_in_executor(LINES, call.talk)
    except asyncio.CancelledError:
        call.hang_up()
        raise


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield
    LINES.shutdown(wait=False, cancel_futures=True)


app = FastAPI(title="Mornings", lifespan=lifespan)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


async def left(request: Request) -> None:
    while not await request.is_disconnected():
        await asyncio.sleep(0.05)
    raise Failed("left")


async def meeting_then_room(person: int) -> dict[str, int]:
    meeting = await ask(f"/meetings/{person}")
    return {"meeting": meeting, "room": await ask(f"/rooms/{meeting}")}


async def one(name: str, person: int) -> dict[str, int]:
    return {name: await ask(f"/{name}/{person}")}


@app.get("/mornings/{person}")
async def morning(person: Annotated[int, Path(ge=1)], request: Request) -> dict[str, int]:
    watch = asyncio.create_task(left(request))
    parts = [asyncio.create_task(one(name, person)) for name in ("weather", "trains", "roads")]
    parts.append(asyncio.create_task(meeting_then_room(person)))
    waiting = {watch, *parts}
    try:
        while waiting - {watch}:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
    except Failed as failure:
        raise HTTPException(503, str(failure)) from failure
    finally:
        for task in (watch, *parts):
            task.cancel()
        await asyncio.gather(watch, *parts, return_exceptions=True)
    page = {"person": person}
    for part in parts:
        page |= part.result()
    return page
