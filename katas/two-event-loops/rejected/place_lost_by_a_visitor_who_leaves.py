"""Ferries: how many seats are free, as the harbour's service knows it."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import httpx
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel

HARBOUR_URL = os.environ["UPSTREAM_URL"]
"""The harbour's service."""

PATIENCE_S = 20.0
"""After this time a question is given up."""


class State(TypedDict):
    harbour: httpx.AsyncClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    async with httpx.AsyncClient(base_url=HARBOUR_URL, timeout=PATIENCE_S) as harbour:
        yield {"harbour": harbour}


app = FastAPI(title="Ferries", lifespan=lifespan)

FerryNumber = Annotated[int, Path(ge=1)]


class Ferry(BaseModel):
    ferry: int
    seats: int


async def get_harbour(request: Request) -> httpx.AsyncClient:
    """The app's client of the harbour's service."""
    harbour: httpx.AsyncClient = request.state.harbour
    return harbour


Harbour = Annotated[httpx.AsyncClient, Depends(get_harbour)]


places = asyncio.Semaphore(10)
"""One for each connection."""


async def left(request: Request) -> None:
    """Returns when the visitor has left."""
    while (await request.receive())["type"] != "http.disconnect":
        pass

@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/ferries/{ferry}")
async def seats_of(ferry: FerryNumber, harbour: Harbour, request: Request) -> Ferry:
    await places.acquire()
    question = asyncio.create_task(harbour.get(f"/ferries/{ferry}"))
    leaving = asyncio.create_task(left(request))
    await asyncio.wait([question, leaving], return_when=asyncio.FIRST_COMPLETED)
    if not question.done():
        question.cancel()  # Nobody needs the answer.
        raise HTTPException(499)
    leaving.cancel()
    places.release()
    response = question.result()
    if response.status_code == httpx.codes.NOT_FOUND:
        raise HTTPException(404, "The harbour does not know this ferry.")
    response.raise_for_status()
    return Ferry(ferry=ferry, seats=response.json()["seats"])
