"""Doors: opens them for people, by the badges that they hold to the reader."""

import asyncio
import json
import os
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Annotated
from urllib.error import HTTPError
from urllib.request import urlopen

from fastapi import Depends, FastAPI, Header, HTTPException, Path
from pydantic import BaseModel

BADGES_URL = os.environ["UPSTREAM_URL"]
"""The badge service: knows whose badge it is, and which were handed back."""

PATIENCE_S = 20.0
"""The badge service promises an answer by then."""

THREADS = ThreadPoolExecutor(12, thread_name_prefix="badges")

app = FastAPI(title="Doors")

DoorNumber = Annotated[int, Path(ge=1)]
BadgeNumber = Annotated[str, Header(pattern="^[0-9]{1,12}$")]


class Opened(BaseModel):
    door: int
    person: int


def ask(badge: str) -> int:
    """Asked in a thread: the badge service's answer."""
    try:
        with urlopen(f"{BADGES_URL}/badges/{badge}", timeout=PATIENCE_S) as response:
            return int(json.load(response)["person"])
    except HTTPError as error:
        with error:
            if error.code == HTTPStatus.NOT_FOUND:
                raise HTTPException(403, "Nobody holds this badge.") from None
            raise HTTPException(502, "The badge service has failed.") from error


async def get_person(x_badge: BadgeNumber) -> int:
    """The number of the person who holds this badge."""
    return await asyncio.get_running_loop().run_in_executor(THREADS, ask, x_badge)


Person = Annotated[int, Depends(get_person)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/doors/{door}")
async def open_door(door: DoorNumber, person: Person) -> Opened:
    return Opened(door=door, person=person)
