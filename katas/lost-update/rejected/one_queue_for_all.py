"""Collecting boxes: counts what people give, as the bank's service knows the payments."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Annotated, TypedDict

import httpx
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel, Field

BANK_URL = os.environ["UPSTREAM_URL"]
"""The bank's service."""

PATIENCE_S = 30
"""On such days the bank is slow."""


class State(TypedDict):
    work: "asyncio.Queue[Work]"


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    async with httpx.AsyncClient(base_url=BANK_URL, timeout=PATIENCE_S) as bank:
        work: asyncio.Queue[Work] = asyncio.Queue()
        clerk = asyncio.create_task(count(work, bank))
        yield {"work": work}
        clerk.cancel()
        with suppress(asyncio.CancelledError):
            await clerk


app = FastAPI(title="Collecting boxes", lifespan=lifespan)

Name = Annotated[str, Path(pattern="^[a-z0-9-]{1,40}$")]


class Box(BaseModel, frozen=True):
    box: str
    gifts: int = 0
    cents: int = 0


class Gift(BaseModel):
    payment: Annotated[str, Field(pattern="^[a-z0-9-]{1,40}$")]


class Receipt(BaseModel):
    payment: str
    cents: int


@dataclass
class Work:
    box: str
    payment: str
    done: "asyncio.Future[int]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


boxes: dict[str, Box] = {}
"""All boxes that are open; this process is the only one that counts."""


async def get_box(box: Name) -> Box:
    """The box that the path names."""
    if box not in boxes:
        raise HTTPException(404, "There is no such box.")
    return boxes[box]


async def get_work(request: Request) -> "asyncio.Queue[Work]":
    """The gifts that are to be counted."""
    work: asyncio.Queue[Work] = request.state.work
    return work


OpenBox = Annotated[Box, Depends(get_box)]
ToDo = Annotated["asyncio.Queue[Work]", Depends(get_work)]


async def paid(bank: httpx.AsyncClient, payment: str) -> int:
    """How many cents this payment has brought."""
    response = await bank.get(f"/payments/{payment}")
    if response.status_code == httpx.codes.NOT_FOUND:
        raise HTTPException(404, "The bank does not know this payment.")
    response.raise_for_status()
    cents: int = response.json()["cents"]
    return cents


async def count(work: "asyncio.Queue[Work]", bank: httpx.AsyncClient) -> None:
    """Count one gift after another; nobody else writes into a box."""
    while True:
        one = await work.get()
        try:
            cents = await paid(bank, one.payment)
        except Exception as error:
            one.done.set_exception(error)
            continue
        box = boxes[one.box]
        boxes[one.box] = Box(box=box.box, gifts=box.gifts + 1, cents=box.cents + cents)
        one.done.set_result(cents)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.put("/boxes/{box}")
async def open_box(box: Name) -> Box:
    return boxes.setdefault(box, Box(box=box))


@app.get("/boxes/{box}")
async def read_box(box: OpenBox) -> Box:
    return box


@app.post("/boxes/{box}/gifts")
async def give(gift: Gift, box: OpenBox, work: ToDo) -> Receipt:
    one = Work(box.box, gift.payment)
    work.put_nowait(one)
    return Receipt(payment=gift.payment, cents=await one.done)
