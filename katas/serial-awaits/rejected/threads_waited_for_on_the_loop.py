"""Mornings: the page that people see first, with what five services of the intranet know of their day."""

import os
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
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
    intranet: httpx.Client


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    with httpx.Client(base_url=INTRANET_URL, timeout=PATIENCE_S, limits=CONTRACT) as intranet:
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


async def get_intranet(request: Request) -> httpx.Client:
    """The app's client of the intranet."""
    intranet: httpx.Client = request.state.intranet
    return intranet


Intranet = Annotated[httpx.Client, Depends(get_intranet)]


def ask(intranet: httpx.Client, path: str) -> int:
    """What one service says."""
    response = intranet.get(path)
    response.raise_for_status()
    return int(response.json()["value"])


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/mornings/{person}")
async def morning(person: PersonNumber, intranet: Intranet) -> Morning:
    with ThreadPoolExecutor(max_workers=4) as questions:
        weather = questions.submit(ask, intranet, f"/weather/{person}")
        trains = questions.submit(ask, intranet, f"/trains/{person}")
        roads = questions.submit(ask, intranet, f"/roads/{person}")
        meeting = ask(intranet, f"/meetings/{person}")
        room = ask(intranet, f"/rooms/{meeting}")
    return Morning(
        person=person, weather=weather.result(), trains=trains.result(), roads=roads.result(), meeting=meeting, room=room
    )
