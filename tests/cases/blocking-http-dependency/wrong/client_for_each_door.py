"""Breaks contract: each door keeps an idle connection of its own, so after 25 doors more than 24 are open."""

import asyncio
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
LIMITS = httpx.Limits(max_connections=12, max_keepalive_connections=1)

app = FastAPI(title="Doors")

DoorNumber = Annotated[int, Path(ge=1)]
BadgeNumber = Annotated[str, Header(pattern="^[0-9]{1,12}$")]


class Opened(BaseModel):
    door: int
    person: int


clients: dict[int, httpx.AsyncClient] = {}


def get_client(door: DoorNumber) -> httpx.AsyncClient:
    """The door's own client."""
    if door not in clients:
        clients[door] = httpx.AsyncClient(
            base_url=BADGES_URL, timeout=PATIENCE_S, verify=TLS, trust_env=False, limits=LIMITS
        )
    return clients[door]


async def get_person(door: DoorNumber, x_badge: BadgeNumber) -> int:
    """The number of the person who holds this badge."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            response = await get_client(door).get(f"/badges/{x_badge}")
        if response.status_code == httpx.codes.OK:
            return int(response.json()["person"])
    except (httpx.HTTPError, TimeoutError, ValueError, LookupError, TypeError) as error:
        raise HTTPException(502, "The badge service failed.") from error
    if response.status_code == httpx.codes.NOT_FOUND:
        raise HTTPException(403, "Nobody holds this badge.")
    raise HTTPException(502, "The badge service failed.")


Person = Annotated[int, Depends(get_person)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/doors/{door}")
async def open_door(door: DoorNumber, person: Person) -> Opened:
    return Opened(door=door, person=person)
