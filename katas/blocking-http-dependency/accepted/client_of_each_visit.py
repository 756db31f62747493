"""Doors: opens them for people, by the badges that they hold to the reader."""

import os
import ssl
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI, Header, HTTPException, Path
from pydantic import BaseModel

BADGES_URL = os.environ["UPSTREAM_URL"]
"""The badge service: knows whose badge it is, and which were handed back."""

PATIENCE_S = 20.0
"""The badge service promises an answer by then."""

TLS = ssl.create_default_context()
"""Takes long to make, so all clients share it."""

app = FastAPI(title="Doors")

DoorNumber = Annotated[int, Path(ge=1)]
BadgeNumber = Annotated[str, Header(pattern="^[0-9]{1,12}$")]


class Opened(BaseModel):
    door: int
    person: int


async def get_person(x_badge: BadgeNumber) -> int:
    """The number of the person who holds this badge."""
    async with httpx.AsyncClient(base_url=BADGES_URL, timeout=PATIENCE_S, verify=TLS) as badges:
        response = await badges.get(f"/badges/{x_badge}")
    if response.status_code == httpx.codes.NOT_FOUND:
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
