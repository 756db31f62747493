"""Searches in the newspaper archive: how many pages have a word, and an excerpt of the best one."""

import math
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict
from uuid import uuid4

import anyio
import httpx
from fastapi import Depends, FastAPI, HTTPException, Path, Request, Response
from pydantic import BaseModel
from starlette.middleware.base import RequestResponseEndpoint
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ARCHIVE_URL = os.environ["UPSTREAM_URL"]
"""The archive's search engine."""

SEARCH_S = 30
"""So long may the engine take for one question."""


class State(TypedDict):
    archive: httpx.AsyncClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    async with httpx.AsyncClient(base_url=ARCHIVE_URL, timeout=SEARCH_S) as archive:
        yield {"archive": archive}


app = FastAPI(title="Searches", lifespan=lifespan)

Word = Annotated[str, Path(pattern="^[a-z0-9]{1,30}$")]


class Found(BaseModel):
    word: str
    pages: int
    excerpt: int


async def get_archive(request: Request) -> httpx.AsyncClient:
    """The app's client of the archive's search engine."""
    archive: httpx.AsyncClient = request.state.archive
    return archive


Archive = Annotated[httpx.AsyncClient, Depends(get_archive)]


@app.middleware("http")
async def carry_request_id(request: Request, call_next: RequestResponseEndpoint) -> Response:
    """Each answer carries the id of its request, by which support finds it in the logs."""
    response = await call_next(request)
    response.headers["x-request-id"] = request.headers.get("x-request-id") or uuid4().hex
    return response


class CancelWhenLeft:
    """Cancels all that is done for a visitor who has left before the answer was complete."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_complete = False
        messages, inbox = anyio.create_memory_object_stream[Message](math.inf)

        async def listen() -> None:
            while True:
                message = await receive()
                messages.send_nowait(message)
                if message["type"] == "http.disconnect":
                    break
            # The server says so, too, when the answer is complete; what is still to be done then must not be cancelled.
            if not is_complete:
                group.cancel_scope.cancel()

        async def send_and_look(message: Message) -> None:
            nonlocal is_complete
            is_complete = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        with messages, inbox:
            async with anyio.create_task_group() as group:
                group.start_soon(listen)
                await self.app(scope, inbox.receive, send_and_look)
                group.cancel_scope.cancel()


app.add_middleware(CancelWhenLeft)


async def ask(archive: httpx.AsyncClient, path: str) -> int:
    """What the engine says to one question."""
    try:
        response = await archive.get(path)
        response.raise_for_status()
    except httpx.HTTPError as error:
        raise HTTPException(502, "The archive has failed.") from error
    return int(response.json()["value"])


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/searches/{word}")
async def search(word: Word, archive: Archive) -> Found:
    pages = await ask(archive, f"/pages/{word}")
    excerpt = await ask(archive, f"/excerpts/{word}")
    return Found(word=word, pages=pages, excerpt=excerpt)
