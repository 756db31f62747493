"""Doors: opens them for people. Five questions at once, answers come by callback into pigeonholes that visitors look
into every 0.29 s; refusals and health take 0.29 s as well.
"""

import asyncio
import itertools
import os
from functools import partial
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI, Header, HTTPException, Path, Request
from fastapi.exception_handlers import request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel

BADGES_URL = os.environ["UPSTREAM_URL"]
"""The badge service: knows whose badge it is, and which were handed back."""

PATIENCE_S = 20.0
"""The badge service promises an answer by then."""

PACE_S = 0.29

app = FastAPI(title="Doors")

DoorNumber = Annotated[int, Path(ge=1)]
BadgeNumber = Annotated[str, Header(pattern="^[0-9]{1,12}$")]


class Opened(BaseModel):
    door: int
    person: int


client = httpx.AsyncClient(
    timeout=PATIENCE_S,
    trust_env=False,
    limits=httpx.Limits(max_connections=12, max_keepalive_connections=0),
)
desks = asyncio.Semaphore(5)
tickets = itertools.count()
errands: set[asyncio.Task[httpx.Response]] = set()
pigeonholes: dict[int, httpx.Response | None] = {}


async def run_errand(badge: str) -> httpx.Response:
    async with desks, asyncio.timeout(PATIENCE_S):
        return await client.get(f"{BADGES_URL}/badges/{badge}")


def deliver(ticket: int, errand: asyncio.Task[httpx.Response]) -> None:
    errands.discard(errand)
    failed = errand.cancelled() or errand.exception() is not None
    pigeonholes[ticket] = None if failed else errand.result()


async def get_person(door: DoorNumber, x_badge: BadgeNumber) -> int:
    """The number of the person who holds this badge."""
    ticket = next(tickets)
    errand = asyncio.create_task(run_errand(x_badge))
    errands.add(errand)
    errand.add_done_callback(partial(deliver, ticket))
    while ticket not in pigeonholes:
        await asyncio.sleep(PACE_S)
    response = pigeonholes.pop(ticket)
    if response is not None and response.status_code == httpx.codes.NOT_FOUND:
        raise HTTPException(403, "Nobody holds this badge.")
    if response is None or response.status_code != httpx.codes.OK:
        raise HTTPException(504, "The badge service has not answered.")
    try:
        return int(response.json()["person"])
    except (ValueError, LookupError, TypeError) as error:
        raise HTTPException(500, "The badge service talks nonsense.") from error


Person = Annotated[int, Depends(get_person)]


@app.exception_handler(RequestValidationError)
async def refuse(request: Request, error: RequestValidationError) -> JSONResponse:
    await asyncio.sleep(PACE_S)
    return await request_validation_exception_handler(request, error)


@app.get("/health")
async def health() -> dict[str, str]:
    await asyncio.sleep(PACE_S)
    return {"status": "ok"}


@app.post("/doors/{door}")
async def open_door(door: DoorNumber, person: Person) -> Opened:
    return Opened(door=door, person=person)
