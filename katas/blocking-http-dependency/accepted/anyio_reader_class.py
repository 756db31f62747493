"""Doors: opens them for people, by the badges that they hold to the reader."""

import os
from functools import partial
from typing import Annotated

import requests
from anyio import to_thread
from fastapi import Depends, FastAPI, Header, HTTPException, Path
from pydantic import BaseModel

BADGES_URL = os.environ["UPSTREAM_URL"]
"""The badge service: knows whose badge it is, and which were handed back."""

PATIENCE_S = 20.0
"""The badge service promises an answer by then."""

DoorNumber = Annotated[int, Path(ge=1)]
BadgeNumber = Annotated[str, Header(pattern="^[0-9]{1,12}$")]


class Opened(BaseModel):
    door: int
    person: int


class BadgeReader:
    """A dependency: from the badge that is held to the reader to the person who holds it."""

    def __init__(self, url: str, patience_s: float) -> None:
        self._url = url
        self._ask = partial(requests.get, timeout=patience_s)

    async def __call__(self, x_badge: BadgeNumber) -> int:
        response = await to_thread.run_sync(self._ask, f"{self._url}/badges/{x_badge}")
        if response.status_code == requests.codes.not_found:
            raise HTTPException(403, "Nobody holds this badge.")
        response.raise_for_status()
        return int(response.json()["person"])


app = FastAPI(title="Doors")
read_badge = BadgeReader(BADGES_URL, PATIENCE_S)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/doors/{door}")
async def open_door(door: DoorNumber, person: Annotated[int, Depends(read_badge)]) -> Opened:
    return Opened(door=door, person=person)
