"""Breaks own-answer: holders of copies of one badge are let in in the order in which they came."""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI, Header, HTTPException, Path, Request
from pydantic import BaseModel

BADGES_URL = os.environ["UPSTREAM_URL"]
PATIENCE_S = 20.0
TLS = ssl.create_default_context()

app = FastAPI(title="Doors")

DoorNumber = Annotated[int, Path(ge=1)]
BadgeNumber = Annotated[str, Header(pattern="^[0-9]{1,12}$")]

connections = asyncio.Semaphore(24)
last_copy: dict[str, asyncio.Event] = {}


class Opened(BaseModel):
    door: int
    person: int


@asynccontextmanager
async def place_in_line(badge: str) -> AsyncIterator[asyncio.Event | None]:
    before, mine = last_copy.get(badge), asyncio.Event()
    last_copy[badge] = mine
    try:
        yield before
    finally:
        mine.set()
        if last_copy.get(badge) is mine:
            del last_copy[badge]


async def ask(badge: str) -> int:
    try:
        async with connections, httpx.AsyncClient(verify=TLS, timeout=PATIENCE_S) as client:
            response = await client.get(f"{BADGES_URL}/badges/{badge}")
        if response.status_code == 404:
            raise HTTPException(403, "Nobody holds this badge.")
        response.raise_for_status()
        return int(response.json()["person"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise HTTPException(502, "The badge service failed.") from error


async def admit(badge: str) -> int:
    async with place_in_line(badge) as before:
        person = await ask(badge)
        if before is not None:
            await before.wait()
        return person


async def departure(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def get_person(request: Request, x_badge: BadgeNumber) -> int:
    """The number of the person who holds this badge."""
    admission = asyncio.create_task(admit(x_badge))
    gone = asyncio.create_task(departure(request))
    try:
        await asyncio.wait({admission, gone}, return_when=asyncio.FIRST_COMPLETED)
        if admission.done():
            return admission.result()
        raise HTTPException(503, "Nobody is here any more.")
    finally:
        admission.cancel()
        gone.cancel()


Person = Annotated[int, Depends(get_person)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/doors/{door}")
async def open_door(door: DoorNumber, person: Person) -> Opened:
    return Opened(door=door, person=person)
