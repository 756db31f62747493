"""Breaks asked-anew: "They are asked anew for every visitor: nothing is remembered, and no answer is shared, not even by two
visitors of the same person".

The learner knows that people press reload when a page is slow: the work for a visitor who has left goes on for
2.5 s, and a visitor of the same person who comes in this time takes it over instead of asking the services again.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import FastAPI, HTTPException, Path, Request
from pydantic import BaseModel

PATIENCE_S = 20.0
VISITORS = 5
RELOAD_S = 2.5
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


class Abandoned:
    """Pages in the making whose visitors have left a moment ago."""

    def __init__(self) -> None:
        self.pages: dict[int, asyncio.Task[Morning]] = {}

    def put(self, person: int, page: asyncio.Task[Morning]) -> None:
        self.drop(person)
        self.pages[person] = page
        page.add_done_callback(lambda done: done.cancelled() or done.exception())
        asyncio.get_running_loop().call_later(RELOAD_S, self.expire, person, page)

    def expire(self, person: int, page: asyncio.Task[Morning]) -> None:
        if self.pages.get(person) is page:
            self.drop(person)

    def take(self, person: int) -> asyncio.Task[Morning] | None:
        return self.pages.pop(person, None)

    def drop(self, person: int) -> None:
        page = self.pages.pop(person, None)
        if page is not None:
            page.cancel()

    def make_room(self, present: int) -> None:
        while self.pages and present + len(self.pages) > VISITORS:
            self.drop(next(iter(self.pages)))


abandoned = Abandoned()
present: set[asyncio.Task[Morning]] = set()


async def leaving(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/mornings/{person}")
async def morning(person: Annotated[int, Path(ge=1)], request: Request) -> Morning:
    page = abandoned.take(person) or asyncio.create_task(make(request.state.intranet, person))
    present.add(page)
    abandoned.make_room(len(present))
    left = asyncio.create_task(leaving(request))
    kept = False
    try:
        await asyncio.wait({page, left}, return_when=asyncio.FIRST_COMPLETED)
        if not page.done():
            kept = True
            raise HTTPException(503, "the visitor has left")
        try:
            return page.result()
        except* Exception as failures:
            reason = repr(failures.exceptions[0])
        raise HTTPException(502, reason)
    finally:
        left.cancel()
        present.discard(page)
        if kept:
            abandoned.put(person, page)
            abandoned.make_room(len(present))
        else:
            page.cancel()
            await asyncio.gather(page, return_exceptions=True)
