"""Doors: opens them for people, by the badges that they hold to the reader."""

import os
import re
from typing import Annotated

import httpx
from anyio import CapacityLimiter, to_thread
from fastapi import Depends, FastAPI, Header, HTTPException, Path
from pydantic import BaseModel

BADGES_URL = os.environ["UPSTREAM_URL"]
"""The badge service: knows whose badge it is, and which were handed back."""

PATIENCE_S = 20.0
"""The badge service promises an answer by then."""

AT_ONCE = 6

PERSON = re.compile(r'"person": *([0-9]+)[^0-9]')

badges = httpx.Client(base_url=BADGES_URL, timeout=PATIENCE_S, limits=httpx.Limits(max_connections=AT_ONCE))
"""Safe to use in several threads."""

free = CapacityLimiter(AT_ONCE)
"""Threads of their own, so that nobody who waits for the badge service keeps those of other routes."""

app = FastAPI(title="Doors")

DoorNumber = Annotated[int, Path(ge=1)]
BadgeNumber = Annotated[str, Header(pattern="^[0-9]{1,12}$")]


class Opened(BaseModel):
    door: int
    person: int


def ask(badge: str) -> int:
    """Asked in a thread: the badge service's answer, read no further than needed."""
    with badges.stream("GET", f"/badges/{badge}") as response:
        if response.status_code == httpx.codes.NOT_FOUND:
            raise HTTPException(403, "Nobody holds this badge.")
        response.raise_for_status()
        read = ""
        for piece in response.iter_text():
            read += piece
            if found := PERSON.search(read):
                return int(found[1])
    raise HTTPException(502, "The badge service has named nobody.")


async def get_person(x_badge: BadgeNumber) -> int:
    """The number of the person who holds this badge."""
    return await to_thread.run_sync(ask, x_badge, limiter=free)


Person = Annotated[int, Depends(get_person)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/doors/{door}")
async def open_door(door: DoorNumber, person: Person) -> Opened:
    return Opened(door=door, person=person)
