"""Mornings: asyncio tasks on one shared httpx client, raced against the visitor's leaving."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import FastAPI, HTTPException, Path, Request
from pydantic import BaseModel

PATIENCE_S = 20.0
CONTRACT = httpx.Limits(max_connections=24)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    async with httpx.AsyncClient(
        base_url=os.environ["UPSTREAM_URL"], timeout=PATIENCE_S, limits=CONTRACT
    ) as intranet:
        yield {"intranet": intranet}


app = FastAPI(title="Mornings", lifespan=lifespan)


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


@app.get("/mornings/{person}")
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
