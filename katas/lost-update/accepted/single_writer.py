"""Collecting boxes. Requests ask the bank, all at once; one task alone writes into the boxes, one gift after another."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any

import anyio
import httpx
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from fastapi import FastAPI, HTTPException, Path, Request
from pydantic import BaseModel, Field

PATTERN = "^[a-z0-9-]{1,40}$"
WAITING = 100
"""So many gifts may wait for the writer; who comes later waits for a place."""


@dataclass
class Entry:
    """A gift on its way into a box."""

    box: str
    cents: int
    written: anyio.Event = field(default_factory=anyio.Event)


@dataclass
class Total:
    gifts: int = 0
    cents: int = 0

    def told(self, box: str) -> dict[str, Any]:
        return {"box": box, "gifts": self.gifts, "cents": self.cents}


class Gift(BaseModel):
    payment: Annotated[str, Field(pattern=PATTERN)]


Name = Annotated[str, Path(pattern=PATTERN)]


async def write(entries: MemoryObjectReceiveStream[Entry], totals: dict[str, Total]) -> None:
    async for entry in entries:
        total = totals[entry.box]
        total.gifts += 1
        total.cents += entry.cents
        entry.written.set()


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
    totals: dict[str, Total] = {}
    send, receive = anyio.create_memory_object_stream[Entry](WAITING)
    async with (
        httpx.AsyncClient(base_url=os.environ["UPSTREAM_URL"], timeout=30) as bank,
        anyio.create_task_group() as tasks,
        send,
    ):
        tasks.start_soon(write, receive, totals)
        yield {"bank": bank, "totals": totals, "entries": send}


app = FastAPI(title="Collecting boxes", lifespan=lifespan)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.put("/boxes/{box}")
async def open_box(box: Name, request: Request) -> dict[str, Any]:
    total: Total = request.state.totals.setdefault(box, Total())
    return total.told(box)


@app.get("/boxes/{box}")
async def read_box(box: Name, request: Request) -> dict[str, Any]:
    total: Total | None = request.state.totals.get(box)
    if total is None:
        raise HTTPException(404, "There is no such box.")
    return total.told(box)


@app.post("/boxes/{box}/gifts")
async def give(box: Name, gift: Gift, request: Request) -> dict[str, Any]:
    bank: httpx.AsyncClient = request.state.bank
    entries: MemoryObjectSendStream[Entry] = request.state.entries
    if box not in request.state.totals:
        raise HTTPException(404, "There is no such box.")
    response = await bank.get(f"/payments/{gift.payment}")
    if response.status_code == httpx.codes.NOT_FOUND:
        raise HTTPException(404, "The bank does not know this payment.")
    entry = Entry(box, response.raise_for_status().json()["cents"])
    await entries.send(entry)
    await entry.written.wait()
    return {"payment": gift.payment, "cents": entry.cents}
