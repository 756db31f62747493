"""Doors: opens them for people, by the badges that they hold to the reader."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import httpx
from fastapi import Depends, FastAPI, Header, HTTPException, Path, Request
from pydantic import BaseModel

BADGES_URL = os.environ["UPSTREAM_URL"]
"""The badge service: knows whose badge it is, and which were handed back."""

PATIENCE_S = 20.0
"""The badge service promises an answer by then."""


class State(TypedDict):
    badges: httpx.AsyncClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    async with httpx.AsyncClient(base_url=BADGES_URL, timeout=PATIENCE_S) as badges:
        yield {"badges": badges}


app = FastAPI(title="Doors", lifespan=lifespan)

DoorNumber = Annotated[int, Path(ge=1)]


def get_badge(x_badge: Annotated[str, Header(min_length=1, max_length=12)]) -> str:
    """The number on the badge."""
    if not x_badge.isdigit():
        raise HTTPException(422, "A badge is 1 to 12 digits.")
    return x_badge


BadgeNumber = Annotated[str, Depends(get_badge)]


class Opened(BaseModel):
    door: int
    person: int


async def get_person(x_badge: BadgeNumber, request: Request) -> int:
    """The number of the person who holds this badge."""
    response = await request.state.badges.get(f"/badges/{x_badge}")
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
