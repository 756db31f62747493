"""Doors: opens them for people, by the badges that they hold to the reader."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI, Header, HTTPException, Path
from pydantic import BaseModel

BADGES_URL = os.environ["UPSTREAM_URL"]
"""The badge service: knows whose badge it is, and which were handed back."""

PATIENCE_S = 20.0
"""The badge service promises an answer by then."""

WORKERS = 8

questions: asyncio.Queue[tuple[str, asyncio.Future[httpx.Response]]] = asyncio.Queue()


async def work(badges: httpx.AsyncClient) -> None:
    """Ask about one badge after another."""
    while True:
        badge, answer = await questions.get()
        try:
            response = await badges.get(f"/badges/{badge}")
        except httpx.HTTPError as error:
            if not answer.done():
                answer.set_exception(error)
        else:
            if not answer.done():
                answer.set_result(response)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with httpx.AsyncClient(base_url=BADGES_URL, timeout=PATIENCE_S) as badges:
        workers = [asyncio.create_task(work(badges)) for _ in range(WORKERS)]
        yield
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


app = FastAPI(title="Doors", lifespan=lifespan)

DoorNumber = Annotated[int, Path(ge=1)]
BadgeNumber = Annotated[str, Header(pattern="^[0-9]{1,12}$")]


class Opened(BaseModel):
    door: int
    person: int


async def get_person(x_badge: BadgeNumber) -> int:
    """The number of the person who holds this badge."""
    answer: asyncio.Future[httpx.Response] = asyncio.get_running_loop().create_future()
    await questions.put((x_badge, answer))
    response = await answer
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
