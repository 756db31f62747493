"""Ferries: how many seats are free, as the harbour's service knows it."""

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

FerryNumber = Annotated[int, Path(ge=1, lt=2**31)]


class Ferry(BaseModel):
    ferry: int
    seats: int


async def get_harbour(request: Request) -> httpx.AsyncClient:
    """The app's client of the harbour's service."""
    harbour: httpx.AsyncClient = request.state.harbour
    return harbour


Harbour = Annotated[httpx.AsyncClient, Depends(get_harbour)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/ferries/{ferry}")
async def seats_of(ferry: FerryNumber, harbour: Harbour) -> Ferry:
    response = await harbour.get(f"/ferries/{ferry}")
    if response.status_code == httpx.codes.NOT_FOUND:
        raise HTTPException(404, "The harbour does not know this ferry.")
    response.raise_for_status()
    return Ferry(ferry=ferry, seats=response.json()["seats"])
