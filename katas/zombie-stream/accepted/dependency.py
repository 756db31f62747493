"""Delays: what the screens at tram stops show, as the control room tells it."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import httpx
from fastapi import Depends, FastAPI, Query, Request
from fastapi.sse import EventSourceResponse
from pydantic import BaseModel

CONTROL_ROOM_URL = os.environ["UPSTREAM_URL"]
"""The control room: a call about a stop is answered when there is news of it, be it in a second or in an hour."""

CONNECTIONS = 100
"""So many calls may be open at the control room."""


class State(TypedDict):
    control_room: httpx.AsyncClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    limits = httpx.Limits(max_connections=CONNECTIONS)
    timeout = httpx.Timeout(5, read=None)
    async with httpx.AsyncClient(base_url=CONTROL_ROOM_URL, limits=limits, timeout=timeout) as control_room:
        yield {"control_room": control_room}


app = FastAPI(title="Delays", lifespan=lifespan)

Stops = Annotated[list[int], Query(alias="stop", min_length=1, max_length=8)]


class Delay(BaseModel):
    """Of the next tram at a stop, in seconds."""

    stop: int
    delay: int


News = asyncio.Queue[Delay | httpx.HTTPError]
"""What there is to show on a screen, or why there will be nothing any more."""


async def get_control_room(request: Request) -> httpx.AsyncClient:
    """The app's client of the control room."""
    control_room: httpx.AsyncClient = request.state.control_room
    return control_room


ControlRoom = Annotated[httpx.AsyncClient, Depends(get_control_room)]


async def follow(control_room: httpx.AsyncClient, stop: int, news: News) -> None:
    """Pass on what the control room tells of a stop, one call after another, until one fails."""
    try:
        while True:
            response = await control_room.get(f"/stops/{stop}/next")
            response.raise_for_status()
            await news.put(Delay(stop=stop, delay=response.json()["value"]))
    except httpx.HTTPError as error:
        await news.put(error)


async def follow_stops(stops: Stops, control_room: ControlRoom) -> AsyncIterator[News]:
    """News of the stops that are asked for. What follows the `yield` runs when the stream is over."""
    news: News = asyncio.Queue()
    followers = [asyncio.create_task(follow(control_room, stop, news)) for stop in stops]
    try:
        yield news
    finally:
        for follower in followers:
            follower.cancel()


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/delays", response_class=EventSourceResponse)
async def delays(news: Annotated[News, Depends(follow_stops)]) -> AsyncIterator[Delay]:
    while True:
        item = await news.get()
        if isinstance(item, httpx.HTTPError):
            raise item
        yield item
