"""Doors: opens them for people, by the badges that they hold to the reader."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import requests
from fastapi import Depends, FastAPI, Header, HTTPException, Path
from pydantic import BaseModel

BADGES_URL = os.environ["UPSTREAM_URL"]
"""The badge service: knows whose badge it is, and which were handed back."""

PATIENCE_S = 20.0
"""The badge service promises an answer by then."""

AT_ONCE = 5
"""No more questions than this at the same time; everybody else waits."""

LOOK_S = 0.13

threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="badges")
free = asyncio.Semaphore(AT_ONCE)

app = FastAPI(title="Doors")

DoorNumber = Annotated[int, Path(ge=1)]
BadgeNumber = Annotated[str, Header(pattern="^[0-9]{1,12}$")]


class Opened(BaseModel):
    door: int
    person: int


async def get_person(x_badge: BadgeNumber) -> int:
    """The number of the person who holds this badge."""
    async with free:
        asked = threads.submit(requests.get, f"{BADGES_URL}/badges/{x_badge}", timeout=PATIENCE_S)
        while not asked.done():
            await asyncio.sleep(LOOK_S)
    response = asked.result()
    if response.status_code == requests.codes.not_found:
        raise HTTPException(403, "Nobody holds this badge.")
    response.raise_for_status()
    return int(response.json()["person"])


Person = Annotated[int, Depends(get_person)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/doors/{door}")
async def open_door(door: DoorNumber, person: Person) -> Opened:
    return Opened(door=door, person=person)
