"""Breaks failures-told: a status of the badge service from 500 on is handed on as it is, such as 501, 505 or 599."""

import asyncio
import os
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI, Header, HTTPException, Path
from pydantic import BaseModel

BADGES_URL = os.environ["UPSTREAM_URL"]
"""The badge service: knows whose badge it is, and which were handed back."""

PATIENCE_S = 20.0
"""The badge service promises an answer by then."""

app = FastAPI(title="Doors")
client = httpx.AsyncClient(
    base_url=BADGES_URL,
    timeout=PATIENCE_S,
    trust_env=False,
    limits=httpx.Limits(max_connections=24, max_keepalive_connections=0),
)

DoorNumber = Annotated[int, Path(ge=1)]
BadgeNumber = Annotated[str, Header(pattern="^[0-9]{1,12}$")]


class Opened(BaseModel):
    door: int
    person: int


async def get_person(x_badge: BadgeNumber) -> int:
    """The number of the person who holds this badge."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            response = await client.get(f"/badges/{x_badge}")
    except (httpx.TimeoutException, TimeoutError) as error:
        raise HTTPException(504, "The badge service is too slow.") from error
    except httpx.HTTPError as error:
        raise HTTPException(502, "The badge service hung up.") from error
    if response.status_code == httpx.codes.NOT_FOUND:
        raise HTTPException(403, "Nobody holds this badge.")
    if response.is_server_error:
        raise HTTPException(response.status_code, "The badge service failed.")
    if response.status_code != httpx.codes.OK:
        raise HTTPException(502, "The badge service refused our question.")
    try:
        return int(response.json()["person"])
    except (ValueError, LookupError, TypeError) as error:
        raise HTTPException(502, "The badge service talks nonsense.") from error


Person = Annotated[int, Depends(get_person)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/doors/{door}")
async def open_door(door: DoorNumber, person: Person) -> Opened:
    return Opened(door=door, person=person)
