"""Mornings: the page that people see first, with what five services of the intranet know of their day."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import httpx
from fastapi import Depends, FastAPI, Path, Request
from pydantic import BaseModel

INTRANET_URL = os.environ["UPSTREAM_URL"]
"""The gateway to all services of the intranet."""

PATIENCE_S = 20.0
"""Agreed with the teams: no question is given up earlier."""

CONTRACT = httpx.Limits(max_connections=24)
"""With the teams: no more connections at a time."""


class State(TypedDict):
    intranet: httpx.AsyncClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    async with httpx.AsyncClient(base_url=INTRANET_URL, timeout=PATIENCE_S, limits=CONTRACT) as intranet:
        yield {"intranet": intranet}


app = FastAPI(title="Mornings", lifespan=lifespan)

PersonNumber = Annotated[int, Path(ge=1)]


class Morning(BaseModel):
    """What a person should know before leaving the house.

    Attributes:
        weather: degrees at eight.
        trains: minutes by which the usual train is late.
        roads: jams on the way.
    """

    person: int
    weather: int
    trains: int
    roads: int
    meeting: int
    room: int


async def get_intranet(request: Request) -> httpx.AsyncClient:
    """The app's client of the intranet."""
    intranet: httpx.AsyncClient = request.state.intranet
    return intranet


Intranet = Annotated[httpx.AsyncClient, Depends(get_intranet)]


async def ask(intranet: httpx.AsyncClient, path: str) -> int:
    """What one service says."""
    response = await intranet.get(path)
    response.raise_for_status()
    return int(response.json()["value"])


async def ask_anew(intranet: httpx.AsyncClient, path: str) -> int:
    """What a service says; it is asked a second time when it takes long."""
    first = asyncio.create_task(ask(intranet, path))
    if not (await asyncio.wait({first}, timeout=0.3))[0]:
        first.cancel()
        return await ask(intranet, path)
    return await first


async def find_meeting(intranet: httpx.AsyncClient, person: int) -> tuple[int, int]:
    """The first meeting of a person, and its room."""
    meeting = await ask(intranet, f"/meetings/{person}")
    return meeting, await ask(intranet, f"/rooms/{meeting}")


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/mornings/{person}")
async def morning(person: PersonNumber, intranet: Intranet) -> Morning:
    weather = asyncio.create_task(ask(intranet, f"/weather/{person}"))
    trains = asyncio.create_task(ask_anew(intranet, f"/trains/{person}"))
    roads = asyncio.create_task(ask(intranet, f"/roads/{person}"))
    meeting, room = await find_meeting(intranet, person)
    return Morning(person=person, weather=await weather, trains=await trains, roads=await roads, meeting=meeting, room=room)
