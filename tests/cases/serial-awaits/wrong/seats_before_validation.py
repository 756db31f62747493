"""Breaks refusal: "Anything else, such as `0`, `-3` or `bob`, is refused with 422, also while 5 visitors wait for the services".

The learner gives the 5 visitors 5 seats, so that the 24 connections always suffice, as a dependency of the route. FastAPI
solves the dependencies before it looks at the person's number: while the 5 seats are taken, the refusal waits for one, up to
1 s.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel

PATIENCE_S = 20.0
SEATS = 5
CONTRACT = httpx.Limits(max_connections=24)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
    async with httpx.AsyncClient(
        base_url=os.environ["UPSTREAM_URL"], timeout=PATIENCE_S, limits=CONTRACT
    ) as intranet:
        yield {"intranet": intranet, "seats": asyncio.Semaphore(SEATS)}


app = FastAPI(title="Mornings", lifespan=lifespan)


async def seat(request: Request) -> AsyncIterator[None]:
    async with request.state.seats:
        yield


class Morning(BaseModel):
    person: int
    weather: int
    trains: int
    roads: int
    meeting: int
    room: int


async def ask(intranet: httpx.AsyncClient, path: str) -> int:
    response = await intranet.get(path)
    response.raise_for_status()
    return int(response.json()["value"])


async def ask_meeting_and_room(intranet: httpx.AsyncClient, person: int) -> tuple[int, int]:
    meeting = await ask(intranet, f"/meetings/{person}")
    return meeting, await ask(intranet, f"/rooms/{meeting}")


async def make(intranet: httpx.AsyncClient, person: int) -> Morning:
    async with asyncio.TaskGroup() as group:
        weather = group.create_task(ask(intranet, f"/weather/{person}"))
        trains = group.create_task(ask(intranet, f"/trains/{person}"))
        roads = group.create_task(ask(intranet, f"/roads/{person}"))
        both = group.create_task(ask_meeting_and_room(intranet, person))
    meeting, room = both.result()
    return Morning(
        person=person,
        weather=weather.result(),
        trains=trains.result(),
        roads=roads.result(),
        meeting=meeting,
        room=room,
    )


async def leaving(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/mornings/{person}", dependencies=[Depends(seat)])
async def morning(person: Annotated[int, Path(ge=1)], request: Request) -> Morning:
    page = asyncio.create_task(make(request.state.intranet, person))
    left = asyncio.create_task(leaving(request))
    try:
        await asyncio.wait({page, left}, return_when=asyncio.FIRST_COMPLETED)
        if not page.done():
            raise HTTPException(503, "the visitor has left")
        try:
            return page.result()
        except* Exception as failures:
            reason = repr(failures.exceptions[0])
        raise HTTPException(502, reason)
    finally:
        page.cancel()
        left.cancel()
        await asyncio.gather(page, left, return_exceptions=True)
