"""Breaks others-unharmed: one of 24 slots is lost with each question that is given up because its visitor has left."""

import asyncio
import os
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI, Header, HTTPException, Path, Request
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
    limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
)
contract = asyncio.Semaphore(24)

DoorNumber = Annotated[int, Path(ge=1)]
BadgeNumber = Annotated[str, Header(pattern="^[0-9]{1,12}$")]


class Opened(BaseModel):
    door: int
    person: int


async def ask(badge: str) -> int:
    await contract.acquire()
    try:
        response = await client.get(f"/badges/{badge}")
    except httpx.HTTPError as error:
        contract.release()
        raise HTTPException(502, "The badge service failed.") from error
    contract.release()
    if response.status_code == httpx.codes.NOT_FOUND:
        raise HTTPException(403, "Nobody holds this badge.")
    if response.status_code != httpx.codes.OK:
        raise HTTPException(502, "The badge service failed.")
    try:
        return int(response.json()["person"])
    except (ValueError, LookupError, TypeError) as error:
        raise HTTPException(502, "The badge service talks nonsense.") from error


async def leave(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def get_person(request: Request, x_badge: BadgeNumber) -> int:
    """The number of the person who holds this badge."""
    question = asyncio.create_task(ask(x_badge))
    leaving = asyncio.create_task(leave(request))
    await asyncio.wait({question, leaving}, return_when=asyncio.FIRST_COMPLETED)
    if not question.done():
        question.cancel()
        raise HTTPException(503, "The visitor has left.")
    leaving.cancel()
    return question.result()


Person = Annotated[int, Depends(get_person)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/doors/{door}")
async def open_door(door: DoorNumber, person: Person) -> Opened:
    return Opened(door=door, person=person)
