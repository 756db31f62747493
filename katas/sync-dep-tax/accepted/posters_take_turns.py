"""Cinemas: free seats for the tills, shows for the screens in the lobby, posters for the walls."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import httpx
from fastapi import Depends, FastAPI, Header, HTTPException, Path, Query, Request
from pydantic import BaseModel

SERVICES_URL = os.environ["UPSTREAM_URL"]
"""The box office, which knows seats and shows, and the printing house."""

PATIENCE_S = 60.0
"""The printing house promises a poster by then."""

LIMITS = httpx.Limits(max_connections=100)
"""All connections are kept: httpx may close one that a thread is about to use while it keeps fewer."""

POSTERS_AT_ONCE = 30
"""The other threads are for those who need one only for a moment."""

HOUSES = {"north", "south", "harbour", "station"}


class State(TypedDict):
    box_office: httpx.AsyncClient
    printers: httpx.Client


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    with httpx.Client(base_url=SERVICES_URL, timeout=PATIENCE_S, limits=LIMITS) as printers:
        async with httpx.AsyncClient(base_url=SERVICES_URL) as box_office:
            yield {"box_office": box_office, "printers": printers}


app = FastAPI(title="Cinemas", lifespan=lifespan)

ShowNumber = Annotated[int, Path(ge=1)]


class Seats(BaseModel):
    house: str
    show: int
    free: int


class Shows(BaseModel):
    shows: list[int]


class Poster(BaseModel):
    show: int
    sheet: int


class Page:
    """Which part of a long list is wanted."""

    def __init__(self, first: Annotated[int, Query(ge=1)] = 1, count: Annotated[int, Query(ge=1, le=50)] = 10) -> None:
        self.part = slice(first - 1, first - 1 + count)


def get_house(x_house: Annotated[str, Header()]) -> str:
    """The cinema that asks."""
    if x_house not in HOUSES:
        raise HTTPException(403, "This house is none of ours.")
    return x_house


async def take_turn() -> AsyncIterator[None]:
    """Held by each poster that is being printed; who waits for it does so without a thread."""
    yield


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/seats/{show}")
async def count_seats(show: ShowNumber, house: Annotated[str, Depends(get_house)], request: Request) -> Seats:
    response = await request.state.box_office.get(f"/seats/{show}")
    response.raise_for_status()
    return Seats(house=house, show=show, free=response.json()["free"])


@app.get("/shows")
async def list_shows(page: Annotated[Page, Depends()], request: Request) -> Shows:
    response = await request.state.box_office.get("/shows")
    response.raise_for_status()
    return Shows(shows=response.json()["shows"][page.part])


@app.get("/posters/{show}", dependencies=[Depends(take_turn, max_concurrency=POSTERS_AT_ONCE)])
def order_poster(show: ShowNumber, request: Request) -> Poster:
    response = request.state.printers.get(f"/posters/{show}")
    response.raise_for_status()
    return Poster(show=show, sheet=response.json()["sheet"])
