"""Breaks told-anew: a desk gives each answer to the visitor who has waited longest for this ferry."""

import asyncio
import os
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import FastAPI, HTTPException, Path
from pydantic import BaseModel

Answer = tuple[int, int | None]


class Desk:
    def __init__(self, harbour: httpx.AsyncClient) -> None:
        self.harbour = harbour
        self.questions: asyncio.Queue[int] = asyncio.Queue()
        self.waiting: defaultdict[int, deque[asyncio.Future[Answer]]] = defaultdict(deque)

    async def serve(self) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                group.create_task(self.handle(await self.questions.get()))

    async def handle(self, ferry: int) -> None:
        try:
            response = await self.harbour.get(f"/ferries/{ferry}")
            status = response.status_code
            answer: Answer = (200, response.json()["seats"]) if status == 200 else (404 if status == 404 else 502, None)
        except (httpx.HTTPError, ValueError, KeyError):
            answer = 502, None
        line = self.waiting[ferry]
        line.popleft().set_result(answer)
        if not line:
            del self.waiting[ferry]

    async def ask(self, ferry: int) -> Answer:
        place: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.waiting[ferry].append(place)
        self.questions.put_nowait(ferry)
        return await place


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    limits = httpx.Limits(max_connections=10, max_keepalive_connections=5, keepalive_expiry=None)
    async with httpx.AsyncClient(base_url=os.environ["UPSTREAM_URL"], timeout=3, limits=limits) as harbour:
        app.state.desk = Desk(harbour)
        serving = asyncio.create_task(app.state.desk.serve())
        yield
        serving.cancel()
        await asyncio.wait([serving])


app = FastAPI(title="Ferries", lifespan=lifespan)


class Ferry(BaseModel):
    ferry: int
    seats: int


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/ferries/{ferry}")
async def seats_of(ferry: Annotated[int, Path(ge=1)]) -> Ferry:
    status, seats = await app.state.desk.ask(ferry)
    if seats is None:
        raise HTTPException(status)
    return Ferry(ferry=ferry, seats=seats)
