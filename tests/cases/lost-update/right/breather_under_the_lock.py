"""Collecting boxes: one lock for each box, held while the bank is asked and for a breather after it."""

import asyncio
import os
import time
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


turns: dict[str, asyncio.Lock] = {}
"""For each open box, who may give."""

SHORTEST_TURN_S = 0.06
BREATHER = 0.06
PRINTING_S = 0.1

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


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.put("/boxes/{box}")
async def open_box(box: Name) -> Box:
    if box not in boxes:
        boxes[box] = Box(box=box)
        turns[box] = asyncio.Lock()
    return boxes[box]


@app.get("/boxes/{box}")
async def read_box(box: OpenBox) -> Box:
    return box


@app.post("/boxes/{box}/gifts")
async def give(gift: Gift, box: OpenBox, bank: Bank) -> Receipt:
    async with turns[box.box]:
        begin = time.monotonic()
        try:
            cents = await paid(bank, gift.payment)
            before = boxes[box.box]
            boxes[box.box] = Box(box=box.box, gifts=before.gifts + 1, cents=before.cents + cents)
        except (httpx.HTTPError, ValueError, KeyError) as error:
            raise HTTPException(502, "The bank has failed.") from error
        finally:
            took = time.monotonic() - begin
            await asyncio.sleep(max(SHORTEST_TURN_S - took, BREATHER * took))
    await asyncio.sleep(PRINTING_S)
    return Receipt(payment=gift.payment, cents=cents)
