"""Ferries: how many seats are free, as the harbour's service knows it."""

import asyncio
import os
import time
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


SLOW_S = 0.2


class Limit:
    """How many questions the harbour gets at once: fewer when it is slow."""

    def __init__(self) -> None:
        self.most, self.now = 10, 0
        self.changed = asyncio.Condition()

    async def begin(self) -> None:
        async with self.changed:
            await self.changed.wait_for(lambda: self.now < self.most)
            self.now += 1

    async def end(self, took_s: float) -> None:
        async with self.changed:
            self.now -= 1
            if took_s > SLOW_S:
                self.most = max(1, self.most // 2)
            self.changed.notify_all()


limit = Limit()

@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/ferries/{ferry}")
async def seats_of(ferry: FerryNumber, harbour: Harbour) -> Ferry:
    await limit.begin()
    began = time.monotonic()
    try:
        response = await harbour.get(f"/ferries/{ferry}")
    finally:
        await limit.end(time.monotonic() - began)
    if response.status_code == httpx.codes.NOT_FOUND:
        raise HTTPException(404, "The harbour does not know this ferry.")
    response.raise_for_status()
    return Ferry(ferry=ferry, seats=response.json()["seats"])
