"""Doors: opens them for people, by the badges that they hold to the reader."""

import asyncio
import os
import threading
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


class BadgeService:
    """Asks the badge service on an event loop of its own, in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="badges", daemon=True)
        self._badges = httpx.AsyncClient(base_url=BADGES_URL, timeout=PATIENCE_S)

    def start(self) -> None:
        self._thread.start()

    async def ask(self, badge: str) -> httpx.Response:
        asked = self._badges.get(f"/badges/{badge}")
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(asked, self._loop))

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._badges.aclose(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


service = BadgeService()


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    service.start()
    yield
    service.stop()


app = FastAPI(title="Doors", lifespan=lifespan)

DoorNumber = Annotated[int, Path(ge=1)]
BadgeNumber = Annotated[str, Header(pattern="^[0-9]{1,12}$")]


class Opened(BaseModel):
    door: int
    person: int


async def get_person(x_badge: BadgeNumber) -> int:
    """The number of the person who holds this badge."""
    response = await service.ask(x_badge)
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
