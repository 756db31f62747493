"""Breaks told-anew: an answer goes to the visitor who has waited longest for this ferry, whichever question it answers.
"""

import asyncio
import os
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import FastAPI, HTTPException, Path
from pydantic import BaseModel

Waiter = asyncio.Future[int]


class Desk:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.waiting: dict[int, deque[Waiter]] = defaultdict(deque)
        self.messengers: set[asyncio.Task[None]] = set()

    async def seats(self, ferry: int) -> int:
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self.waiting[ferry].append(waiter)
        messenger = asyncio.create_task(self.send(ferry, waiter))
        self.messengers.add(messenger)
        messenger.add_done_callback(self.messengers.discard)
        return await waiter

    async def send(self, ferry: int, waiter: Waiter) -> None:
        try:
            response = await self.client.get(f"/ferries/{ferry}")
            if response.status_code == httpx.codes.NOT_FOUND:
                raise HTTPException(404, "The harbour does not know this ferry.")
            response.raise_for_status()
            seats = response.json()["seats"]
        except HTTPException as error:
            self.fail(ferry, waiter, error)
        except Exception:
            self.fail(ferry, waiter, HTTPException(502, "The harbour fails."))
        else:
            longest = self.waiting[ferry].popleft()
            if not longest.done():
                longest.set_result(seats)
        if not self.waiting[ferry]:
            del self.waiting[ferry]

    def fail(self, ferry: int, waiter: Waiter, error: HTTPException) -> None:
        queue = self.waiting[ferry]
        if waiter in queue:
            queue.remove(waiter)
        else:
            waiter = queue.popleft()
        if not waiter.done():
            waiter.set_exception(error)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with httpx.AsyncClient(base_url=os.environ["UPSTREAM_URL"], timeout=5.0) as client:
        app.state.desk = Desk(client)
        yield


app = FastAPI(title="Ferries", lifespan=lifespan)


class Ferry(BaseModel):
    ferry: int
    seats: int


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/ferries/{ferry}")
async def seats_of(ferry: Annotated[int, Path(ge=1)]) -> Ferry:
    return Ferry(ferry=ferry, seats=await app.state.desk.seats(ferry))
