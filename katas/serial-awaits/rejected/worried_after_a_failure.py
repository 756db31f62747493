"""Mornings: the page that people see first, with what five services of the intranet know of their day."""

import asyncio
import os
import time
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


WORRIED_S = 30
"""So long after a failure the app says that something is wrong."""

failed_s: list[float] = []
"""When a service has failed."""


async def ask(intranet: httpx.AsyncClient, path: str) -> int:
    """What one service says."""
    try:
        response = await intranet.get(path)
        response.raise_for_status()
    except httpx.HTTPError:
        failed_s.append(time.monotonic())
        raise
    return int(response.json()["value"])


async def find_meeting(intranet: httpx.AsyncClient, person: int) -> tuple[int, int]:
    """The first meeting of a person, and its room."""
    meeting = await ask(intranet, f"/meetings/{person}")
    return meeting, await ask(intranet, f"/rooms/{meeting}")


@app.get("/health")
async def health() -> dict[str, str]:
    if failed_s and time.monotonic() - failed_s[-1] < WORRIED_S:
        return {"status": "degraded"}
    return {"status": "ok"}


@app.get("/mornings/{person}")
async def morning(person: PersonNumber, intranet: Intranet) -> Morning:
    async with asyncio.TaskGroup() as questions:
        weather = questions.create_task(ask(intranet, f"/weather/{person}"))
        trains = questions.create_task(ask(intranet, f"/trains/{person}"))
        roads = questions.create_task(ask(intranet, f"/roads/{person}"))
        first = questions.create_task(find_meeting(intranet, person))
    meeting, room = first.result()
    return Morning(person=person, weather=weather.result(), trains=trains.result(), roads=roads.result(), meeting=meeting, room=room)
