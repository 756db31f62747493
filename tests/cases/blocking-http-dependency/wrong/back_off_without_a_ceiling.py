"""Breaks own-answer: visitors look for their answers after 0.15, 0.6 and 1.95 s, so one that comes after 0.8 s is more
than 1 s late.
"""

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

FIRST_LOOK_S = 0.15

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


async def ask(badge: str) -> int:
    response = await client.get(f"/badges/{badge}")
    if response.status_code == httpx.codes.NOT_FOUND:
        raise HTTPException(403, "Nobody holds this badge.")
    if response.status_code != httpx.codes.OK:
        raise HTTPException(502, "The badge service failed.")
    return int(response.json()["person"])


async def get_person(x_badge: BadgeNumber) -> int:
    """The number of the person who holds this badge."""
    question = asyncio.create_task(ask(x_badge))
    delay_s = FIRST_LOOK_S
    while not question.done():
        await asyncio.sleep(delay_s)
        delay_s *= 3
    try:
        return question.result()
    except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
        raise HTTPException(502, "The badge service failed.") from error


Person = Annotated[int, Depends(get_person)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/doors/{door}")
async def open_door(door: DoorNumber, person: Person) -> Opened:
    return Opened(door=door, person=person)
