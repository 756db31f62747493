"""Breaks whole-again: a gift that fails is counted twice among those that have gone, so the lock is thrown away while
others wait for it.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel, Field

PATIENCE_S = 30
PATTERN = "^[a-z0-9-]{1,40}$"
Name = Annotated[str, Path(pattern=PATTERN)]


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    async with httpx.AsyncClient(base_url=os.environ["UPSTREAM_URL"], timeout=PATIENCE_S) as bank:
        yield {"bank": bank}


app = FastAPI(title="Collecting boxes", lifespan=lifespan)


class Box(BaseModel, frozen=True):
    box: str
    gifts: int = 0
    cents: int = 0


class Gift(BaseModel):
    payment: Annotated[str, Field(pattern=PATTERN)]


class Receipt(BaseModel):
    payment: str
    cents: int


@dataclass
class Turn:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


boxes: dict[str, Box] = {}
turns: dict[str, Turn] = {}


def sign_in(box: str) -> Turn:
    turn = turns.setdefault(box, Turn())
    turn.users += 1
    return turn


def sign_out(box: str, turn: Turn) -> None:
    turn.users -= 1
    if turn.users <= 0 and turns.get(box) is turn:
        del turns[box]


async def opened(box: Name) -> str:
    if box not in boxes:
        raise HTTPException(404, "There is no such box.")
    return box


OpenBox = Annotated[str, Depends(opened)]


async def paid(bank: httpx.AsyncClient, payment: str) -> int:
    response = await bank.get(f"/payments/{payment}")
    if response.status_code == httpx.codes.NOT_FOUND:
        raise HTTPException(404, "The bank does not know this payment.")
    response.raise_for_status()
    return int(response.json()["cents"])


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.put("/boxes/{box}")
async def open_box(box: Name) -> Box:
    return boxes.setdefault(box, Box(box=box))


@app.get("/boxes/{box}")
async def read_box(box: OpenBox) -> Box:
    return boxes[box]


@app.post("/boxes/{box}/gifts")
async def give(gift: Gift, box: OpenBox, request: Request) -> Receipt:
    turn = sign_in(box)
    try:
        async with turn.lock:
            before = boxes[box]
            cents = await paid(request.state.bank, gift.payment)
            boxes[box] = Box(box=box, gifts=before.gifts + 1, cents=before.cents + cents)
        return Receipt(payment=gift.payment, cents=cents)
    except (httpx.HTTPError, ValueError, LookupError) as error:
        sign_out(box, turn)
        raise HTTPException(502, "The bank has failed.") from error
    finally:
        sign_out(box, turn)
