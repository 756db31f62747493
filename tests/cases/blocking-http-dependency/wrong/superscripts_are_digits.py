"""Breaks refusal: `str.isdigit` also holds for superscripts, so the badge service is asked about `47²`."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import anyio
import httpx
from anyio import to_thread
from fastapi import Depends, FastAPI, Header, HTTPException, Path
from pydantic import BaseModel

BADGES_URL = os.environ["UPSTREAM_URL"]

PATIENCE_S = 20.0
"""The badge service promises an answer by then."""

VISITORS = 12


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    limits = httpx.Limits(max_connections=VISITORS, max_keepalive_connections=VISITORS)
    app.state.limiter = anyio.CapacityLimiter(VISITORS)
    with httpx.Client(timeout=PATIENCE_S, limits=limits) as client:
        app.state.client = client
        yield


app = FastAPI(title="Doors", lifespan=lifespan)

DoorNumber = Annotated[int, Path(ge=1)]


class Opened(BaseModel):
    door: int
    person: int


async def get_badge(x_badge: Annotated[str, Header()]) -> str:
    if not x_badge.isdigit() or len(x_badge) > 12:
        raise HTTPException(422, "A badge is 1 to 12 digits.")
    return x_badge


async def get_person(badge: Annotated[str, Depends(get_badge)]) -> int:
    """The number of the person who holds this badge."""
    try:
        response = await to_thread.run_sync(
            app.state.client.get, f"{BADGES_URL}/badges/{badge}", limiter=app.state.limiter
        )
    except httpx.HTTPError as error:
        raise HTTPException(502, "The badge service failed.") from error
    if response.status_code == httpx.codes.NOT_FOUND:
        raise HTTPException(403, "Nobody holds this badge.")
    if response.status_code != httpx.codes.OK:
        raise HTTPException(502, "The badge service failed.")
    try:
        return int(response.json()["person"])
    except (ValueError, KeyError, TypeError) as error:
        raise HTTPException(502, "The badge service talks nonsense.") from error


Person = Annotated[int, Depends(get_person)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/doors/{door}")
async def open_door(door: DoorNumber, person: Person) -> Opened:
    return Opened(door=door, person=person)
