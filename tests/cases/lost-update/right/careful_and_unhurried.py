"""Collecting boxes: a careful, unhurried app that uses nearly all the time it is given."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import httpx
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel, Field
from starlette.types import ASGIApp, Receive, Scope, Send

BANK_URL = os.environ["UPSTREAM_URL"]
PATIENCE_S = 30

CALM_S = 0.35
"""How long everything but a gift is considered."""
BEFORE_S = 0.15
"""How long a gift is considered before it queues up."""
PACE_S = 0.04
"""How long a gift has its box for itself at least."""
AFTER_S = 0.15
"""How long the receipt is printed."""


class State(TypedDict):
    bank: httpx.AsyncClient


class Calm:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await asyncio.sleep(BEFORE_S if scope["method"] == "POST" else CALM_S)
        await self.app(scope, receive, send)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    async with httpx.AsyncClient(base_url=BANK_URL, timeout=PATIENCE_S) as bank:
        yield {"bank": bank}


app = FastAPI(title="Collecting boxes", lifespan=lifespan)
app.add_middleware(Calm)

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


boxes: dict[str, Box] = {}
turns: dict[str, asyncio.Lock] = {}


async def get_name(box: Name) -> str:
    if box not in boxes:
        raise HTTPException(404, "There is no such box.")
    return box


OpenName = Annotated[str, Depends(get_name)]


async def paid(bank: httpx.AsyncClient, payment: str) -> int:
    response = await bank.get(f"/payments/{payment}")
    if response.status_code == httpx.codes.NOT_FOUND:
        raise HTTPException(404, "The bank does not know this payment.")
    response.raise_for_status()
    cents: int = response.json()["cents"]
    return cents


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.put("/boxes/{box}")
async def open_box(box: Name) -> Box:
    turns.setdefault(box, asyncio.Lock())
    return boxes.setdefault(box, Box(box=box))


@app.get("/boxes/{box}")
async def read_box(name: OpenName) -> Box:
    return boxes[name]


@app.post("/boxes/{box}/gifts")
async def give(gift: Gift, name: OpenName, request: Request) -> Receipt:
    async with turns[name]:
        pace = asyncio.create_task(asyncio.sleep(PACE_S))
        try:
            before = boxes[name]
            cents = await paid(request.state.bank, gift.payment)
            boxes[name] = Box(box=name, gifts=before.gifts + 1, cents=before.cents + cents)
        finally:
            await pace
    await asyncio.sleep(AFTER_S)
    return Receipt(payment=gift.payment, cents=cents)
