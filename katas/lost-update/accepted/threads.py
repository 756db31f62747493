"""Collecting boxes, in plain `def`: FastAPI runs the routes in threads, and a thread's lock is held for the counting alone."""

import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel, Field

BANK_URL = os.environ["UPSTREAM_URL"]
"""The bank's service."""


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, httpx.Client]]:
    with httpx.Client(base_url=BANK_URL, timeout=30) as bank:
        yield {"bank": bank}


app = FastAPI(title="Collecting boxes", lifespan=lifespan)

Name = Annotated[str, Path(pattern="^[a-z0-9-]{1,40}$")]


class Box(BaseModel):
    box: str
    gifts: int = 0
    cents: int = 0


class Gift(BaseModel):
    payment: Annotated[str, Field(pattern="^[a-z0-9-]{1,40}$")]


class Receipt(BaseModel):
    payment: str
    cents: int


boxes: dict[str, Box] = {}
counting = threading.Lock()


async def get_bank(request: Request) -> httpx.Client:
    bank: httpx.Client = request.state.bank
    return bank


Bank = Annotated[httpx.Client, Depends(get_bank)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.put("/boxes/{box}")
def open_box(box: Name) -> Box:
    return boxes.setdefault(box, Box(box=box))


@app.get("/boxes/{box}")
def read_box(box: Name) -> Box:
    try:
        return boxes[box]
    except KeyError:
        raise HTTPException(404, "There is no such box.") from None


@app.post("/boxes/{box}/gifts")
def give(box: Name, gift: Gift, bank: Bank) -> Receipt:
    read_box(box)
    response = bank.get(f"/payments/{gift.payment}")
    if response.status_code == httpx.codes.NOT_FOUND:
        raise HTTPException(404, "The bank does not know this payment.")
    cents: int = response.raise_for_status().json()["cents"]
    with counting:
        old = boxes[box]
        boxes[box] = Box(box=box, gifts=old.gifts + 1, cents=old.cents + cents)
    return Receipt(payment=gift.payment, cents=cents)
