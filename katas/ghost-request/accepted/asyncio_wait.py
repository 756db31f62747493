"""Searches in the newspaper archive: how many pages have a word, and an excerpt of the best one."""

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypedDict, TypeVar
from uuid import uuid4

import httpx
from fastapi import Depends, FastAPI, HTTPException, Path, Request, Response
from pydantic import BaseModel
from starlette.middleware.base import RequestResponseEndpoint

ARCHIVE_URL = os.environ["UPSTREAM_URL"]
"""The archive's search engine."""

T = TypeVar("T")

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


async def ask(archive: httpx.AsyncClient, path: str) -> int:
    """What the engine says to one question."""
    try:
        response = await archive.get(path)
        response.raise_for_status()
    except httpx.HTTPError as error:
        raise HTTPException(502, "The archive has failed.") from error
    return int(response.json()["value"])


async def find(archive: httpx.AsyncClient, word: str) -> Found:
    """The two questions, one after the other."""
    pages = await ask(archive, f"/pages/{word}")
    excerpt = await ask(archive, f"/excerpts/{word}")
    return Found(word=word, pages=pages, excerpt=excerpt)


async def has_left(request: Request) -> None:
    """Returns when the visitor has left."""
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            return


async def unless_left(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """What the work comes to; it is cancelled when the visitor leaves before."""
    working = asyncio.create_task(work)
    watching = asyncio.create_task(has_left(request))
    try:
        await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise HTTPException(499, "The visitor has left.")
        return working.result()
    finally:
        working.cancel()
        watching.cancel()
        await asyncio.gather(working, watching, return_exceptions=True)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/searches/{word}")
async def search(word: Word, archive: Archive, request: Request) -> Found:
    return await unless_left(request, find(archive, word))
