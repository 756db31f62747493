"""Breaks asked-for-each: when nobody has given for 1 s, the bank is asked `HEAD /`."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, TypedDict

import httpx
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel, Field

BANK_URL = os.environ["UPSTREAM_URL"]
PATIENCE_S = 30


QUIET_S = 1.0


@dataclass
class Warmer:
    """Keeps the connection to the bank open."""

    bank: httpx.AsyncClient
    used: float = float("inf")

    async def run(self) -> None:
        while True:
            await asyncio.sleep(0.2)
            if time.monotonic() - self.used < QUIET_S:
                continue
            self.used = time.monotonic()
            try:
                await self.bank.head("/")
            except httpx.HTTPError:
                continue


class State(TypedDict):
    bank: httpx.AsyncClient
    warmer: Warmer


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    async with httpx.AsyncClient(base_url=BANK_URL, timeout=PATIENCE_S) as bank:
        warmer = Warmer(bank)
        task = asyncio.create_task(warmer.run())
        yield {"bank": bank, "warmer": warmer}
        task.cancel()


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


boxes: dict[str, Box] = {}


async def get_name(box: Name) -> str:
    """The name of an open box."""
    if box not in boxes:
        raise HTTPException(404, "There is no such box.")
    return box


async def get_bank(request: Request) -> httpx.AsyncClient:
    bank: httpx.AsyncClient = request.state.bank
    return bank


async def get_warmer(request: Request) -> Warmer:
    warmer: Warmer = request.state.warmer
    return warmer


Warm = Annotated[Warmer, Depends(get_warmer)]
OpenName = Annotated[str, Depends(get_name)]
Bank = Annotated[httpx.AsyncClient, Depends(get_bank)]


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
    return boxes.setdefault(box, Box(box=box))


@app.get("/boxes/{box}")
async def read_box(name: OpenName) -> Box:
    return boxes[name]


def drop(name: str, cents: int) -> None:
    """Put the cents into the box."""
    box = boxes[name]
    boxes[name] = Box(box=name, gifts=box.gifts + 1, cents=box.cents + cents)


@app.post("/boxes/{box}/gifts")
async def give(gift: Gift, name: OpenName, bank: Bank, warmer: Warm) -> Receipt:
    warmer.used = time.monotonic()
    cents = await paid(bank, gift.payment)
    drop(name, cents)
    return Receipt(payment=gift.payment, cents=cents)
