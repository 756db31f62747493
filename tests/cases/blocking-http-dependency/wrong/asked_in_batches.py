"""Breaks five-at-once: whoever comes while a batch of questions is under way is asked for when the slowest of them is
done.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI, Header, HTTPException, Path, Request
from pydantic import BaseModel

BADGES_URL = os.environ["UPSTREAM_URL"]
"""The badge service: knows whose badge it is, and which were handed back."""

PATIENCE_S = 20.0
"""The badge service promises an answer by then."""

Waiting = asyncio.Queue[tuple[str, asyncio.Future[httpx.Response]]]


async def ask(client: httpx.AsyncClient, badge: str, answer: asyncio.Future[httpx.Response]) -> None:
    try:
        response = await client.get(f"/badges/{badge}")
    except Exception as error:
        if not answer.done():
            answer.set_exception(error)
    else:
        if not answer.done():
            answer.set_result(response)


async def dispatch(client: httpx.AsyncClient, waiting: Waiting) -> None:
    while True:
        batch = [await waiting.get()]
        while not waiting.empty():
            batch.append(waiting.get_nowait())
        await asyncio.gather(*(ask(client, badge, answer) for badge, answer in batch))


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.waiting = asyncio.Queue()
    limits = httpx.Limits(max_connections=24, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=BADGES_URL, timeout=PATIENCE_S, trust_env=False, limits=limits) as client:
        dispatcher = asyncio.create_task(dispatch(client, app.state.waiting))
        yield
        dispatcher.cancel()


app = FastAPI(title="Doors", lifespan=lifespan)

DoorNumber = Annotated[int, Path(ge=1)]
BadgeNumber = Annotated[str, Header(pattern="^[0-9]{1,12}$")]


class Opened(BaseModel):
    door: int
    person: int


async def get_person(request: Request, x_badge: BadgeNumber) -> int:
    """The number of the person who holds this badge."""
    answer: asyncio.Future[httpx.Response] = asyncio.get_running_loop().create_future()
    request.app.state.waiting.put_nowait((x_badge, answer))
    try:
        response = await answer
        if response.status_code == httpx.codes.OK:
            return int(response.json()["person"])
    except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
        raise HTTPException(502, "The badge service failed.") from error
    if response.status_code == httpx.codes.NOT_FOUND:
        raise HTTPException(403, "Nobody holds this badge.")
    raise HTTPException(502, "The badge service failed.")


Person = Annotated[int, Depends(get_person)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/doors/{door}")
async def open_door(door: DoorNumber, person: Person) -> Opened:
    return Opened(door=door, person=person)
