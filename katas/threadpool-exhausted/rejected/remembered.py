"""Reading room: on which page of the register a deed stands, and what a copy costs."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import httpx
from anyio import to_thread
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel

ARCHIVE_URL = os.environ["UPSTREAM_URL"]
"""The archive: fetches deeds from its vault."""

PATIENCE_S = 60.0
"""The archive promises an answer by then."""

LIMITS = httpx.Limits(max_connections=100)
"""All connections are kept: httpx may close one that a thread is about to use while it keeps fewer."""

THREADS = 100
"""Enough for a busy morning and the fees; the container has the memory for 120."""

COPY_CENTS = 1200
PAGE_CENTS = 35


class State(TypedDict):
    archive: httpx.Client


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    to_thread.current_default_thread_limiter().total_tokens = THREADS
    with httpx.Client(base_url=ARCHIVE_URL, timeout=PATIENCE_S, limits=LIMITS) as archive:
        yield {"archive": archive}


app = FastAPI(title="Reading room", lifespan=lifespan)

DeedNumber = Annotated[int, Path(ge=1)]
PageCount = Annotated[int, Path(ge=1)]


class Deed(BaseModel):
    deed: int
    page: int


class Fee(BaseModel):
    pages: int
    cents: int


async def get_archive(request: Request) -> httpx.Client:
    """The app's client of the archive."""
    archive: httpx.Client = request.state.archive
    return archive


Archive = Annotated[httpx.Client, Depends(get_archive)]


known: dict[int, Deed] = {}
"""Deeds that were asked for before."""


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/deeds/{deed}")
def find_deed(deed: DeedNumber, archive: Archive) -> Deed:
    if deed in known:
        return known[deed]
    response = archive.get(f"/deeds/{deed}")
    if response.status_code == httpx.codes.NOT_FOUND:
        raise HTTPException(404, "The archive does not know this deed.")
    response.raise_for_status()
    known[deed] = Deed(deed=deed, page=response.json()["page"])
    return known[deed]


@app.get("/fees/{pages}")
def tell_fee(pages: PageCount) -> Fee:
    return Fee(pages=pages, cents=COPY_CENTS + pages * PAGE_CENTS)
