"""Collecting boxes: counts what people give, as the bank's service knows the payments."""

import json
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


@asynccontextmanager
async def asked(bank: httpx.AsyncClient, payment: str) -> AsyncIterator[httpx.Response]:
    """The bank's answer about this payment, of which the first line has come."""
    async with bank.stream("GET", f"/payments/{payment}") as response:
        if response.status_code == httpx.codes.NOT_FOUND:
            raise HTTPException(404, "The bank does not know this payment.")
        response.raise_for_status()
        yield response


def count(box: str, gifts: int, cents: int) -> None:
    """Count these gifts and cents in the box of now."""
    now = boxes[box]
    boxes[box] = Box(box=box, gifts=now.gifts + gifts, cents=now.cents + cents)


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
async def give(gift: Gift, box: OpenBox, bank: Bank) -> Receipt:
    async with asked(bank, gift.payment) as response:
        count(box.box, 1, 0)
        try:
            cents: int = json.loads(await response.aread())["cents"]
        except (httpx.HTTPError, ValueError, LookupError) as error:
            count(box.box, -1, 0)
            raise HTTPException(502, "The bank has failed.") from error
    count(box.box, 0, cents)
    return Receipt(payment=gift.payment, cents=cents)
