"""Breaks failures-told: the door opens as soon as the person has been read, whether or not the rest of the answer
comes.
"""

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI, Header, HTTPException, Path
from pydantic import BaseModel

BADGES_URL = os.environ["UPSTREAM_URL"]
PATIENCE_S = 20.0
PERSON = re.compile(rb'"person"\s*:\s*([0-9]+)\s*[,}]')

client = httpx.AsyncClient(timeout=PATIENCE_S, limits=httpx.Limits(max_connections=24, keepalive_expiry=1.0))


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with client:
        yield


app = FastAPI(title="Doors", lifespan=lifespan)

DoorNumber = Annotated[int, Path(ge=1)]
BadgeNumber = Annotated[str, Header(pattern="^[0-9]{1,12}$")]


class Opened(BaseModel):
    door: int
    person: int


async def read_person(response: httpx.Response) -> int:
    seen = b""
    async for piece in response.aiter_bytes():
        seen += piece
        if found := PERSON.search(seen):
            return int(found[1])
    raise ValueError("no person in the answer")


async def get_person(x_badge: BadgeNumber) -> int:
    """The number of the person who holds this badge."""
    try:
        async with client.stream("GET", f"{BADGES_URL}/badges/{x_badge}") as response:
            if response.status_code == 404:
                await response.aread()
                raise HTTPException(403, "Nobody holds this badge.")
            response.raise_for_status()
            return await read_person(response)
    except (httpx.HTTPError, ValueError) as error:
        raise HTTPException(502, "The badge service failed.") from error


Person = Annotated[int, Depends(get_person)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/doors/{door}")
async def open_door(door: DoorNumber, person: Person) -> Opened:
    return Opened(door=door, person=person)
