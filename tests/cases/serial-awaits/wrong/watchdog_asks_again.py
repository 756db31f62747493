"""Breaks asked-once: "For one page, each of the five services is asked once, and the app asks nothing that no page needs. A
question that is slow or that fails is not asked again".

The learner adds a watchdog for the operators: half a second after a service has failed, the question is put once more in the
background, and the log says whether the service is well again. No page uses the answer, and none is refused or delayed.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import FastAPI, HTTPException, Path, Request
from pydantic import BaseModel

PATIENCE_S = 20.0
CHECK_S = 0.5
CONTRACT = httpx.Limits(max_connections=24)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    async with httpx.AsyncClient(
        base_url=os.environ["UPSTREAM_URL"], timeout=PATIENCE_S, limits=CONTRACT
    ) as intranet:
        watchdog = Watchdog(intranet)
        watching = asyncio.create_task(watchdog.watch())
        app.state.watchdog = watchdog
        yield {"intranet": intranet}
        watching.cancel()


log = logging.getLogger("mornings")
app = FastAPI(title="Mornings", lifespan=lifespan)


class Morning(BaseModel):
    person: int
    weather: int
    trains: int
    roads: int
    meeting: int
    room: int


class Watchdog:
    """Tells the log when a service that had failed is well again."""

    def __init__(self, intranet: httpx.AsyncClient) -> None:
        self.intranet = intranet
        self.ill: dict[str, str] = {}
        self.bell = asyncio.Event()

    def report(self, path: str) -> None:
        self.ill[path.split("/")[1]] = path
        self.bell.set()

    async def watch(self) -> None:
        while True:
            await self.bell.wait()
            self.bell.clear()
            await asyncio.sleep(CHECK_S)
            while self.ill:
                service, path = self.ill.popitem()
                try:
                    well = (await self.intranet.get(path)).is_success
                except httpx.HTTPError:
                    well = False
                log.warning("%s is %s", service, "well again" if well else "still failing")


async def ask(intranet: httpx.AsyncClient, path: str) -> int:
    try:
        response = await intranet.get(path)
        response.raise_for_status()
    except httpx.HTTPError:
        app.state.watchdog.report(path)
        raise
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
