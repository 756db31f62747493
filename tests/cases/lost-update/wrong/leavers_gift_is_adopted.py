"""Breaks asked-for-each: the gift of a visitor who has left becomes that of the next visitor with the same box and
payment.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import httpx
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel, Field

BANK_URL = os.environ["UPSTREAM_URL"]
"""The bank's service."""

PATIENCE_S = 30
"""On such days the bank is slow."""


class State(TypedDict):
    bank: httpx.AsyncClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    async with httpx.AsyncClient(base_url=BANK_URL, timeout=PATIENCE_S) as bank:
        yield {"bank": bank}


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


left: dict[tuple[str, str], asyncio.Task[int]] = {}
"""Gifts whose visitors have left, by box and payment."""

boxes: dict[str, Box] = {}
"""All boxes that are open; this process is the only one that counts."""


async def get_box(box: Name) -> Box:
    """The box that the path names."""
    if box not in boxes:
        raise HTTPException(404, "There is no such box.")
    return boxes[box]


async def get_bank(request: Request) -> httpx.AsyncClient:
    """The app's client of the bank's service."""
    bank: httpx.AsyncClient = request.state.bank
    return bank


OpenBox = Annotated[Box, Depends(get_box)]
Bank = Annotated[httpx.AsyncClient, Depends(get_bank)]


async def paid(bank: httpx.AsyncClient, payment: str) -> int:
    """How many cents this payment has brought."""
    response = await bank.get(f"/payments/{payment}")
    if response.status_code == httpx.codes.NOT_FOUND:
        raise HTTPException(404, "The bank does not know this payment.")
    response.raise_for_status()
    cents: int = response.json()["cents"]
    return cents


async def make_gift(bank: httpx.AsyncClient, name: str, payment: str) -> int:
    cents = await paid(bank, payment)
    now = boxes[name]
    boxes[name] = Box(box=name, gifts=now.gifts + 1, cents=now.cents + cents)
    return cents


def keep(key: tuple[str, str], task: asyncio.Task[int]) -> None:
    """Keep the gift until the visitor comes back, unless it fails."""
    left[key] = task

    def forget_failure(done: asyncio.Task[int]) -> None:
        if (done.cancelled() or done.exception()) and left.get(key) is done:
            del left[key]

    task.add_done_callback(forget_failure)


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
async def give(gift: Gift, box: OpenBox, bank: Bank, request: Request) -> Receipt:
    key = box.box, gift.payment
    task = left.pop(key, None) or asyncio.create_task(make_gift(bank, *key))
    while not (await asyncio.wait({task}, timeout=0.05))[0]:
        if await request.is_disconnected():
            keep(key, task)
            raise HTTPException(503, "The visitor has left.")
    return Receipt(payment=gift.payment, cents=task.result())
