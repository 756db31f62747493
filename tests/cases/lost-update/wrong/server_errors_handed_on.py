"""Breaks failures-count-nothing: a status of the bank from 500 on is handed on as it is, such as 501, 507 or 511."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import httpx
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel, Field

BANK_URL = os.environ["UPSTREAM_URL"]
PATIENCE_S = 30


class State(TypedDict):
    bank: httpx.AsyncClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
    async with httpx.AsyncClient(base_url=BANK_URL, timeout=PATIENCE_S, limits=limits) as bank:
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


async def get_box(box: Name) -> Box:
    if box not in boxes:
        raise HTTPException(404, "There is no such box.")
    return boxes[box]


async def get_bank(request: Request) -> httpx.AsyncClient:
    bank: httpx.AsyncClient = request.state.bank
    return bank


OpenBox = Annotated[Box, Depends(get_box)]
Bank = Annotated[httpx.AsyncClient, Depends(get_bank)]


def count(box: str, cents: int) -> None:
    before = boxes[box]
    boxes[box] = Box(box=box, gifts=before.gifts + 1, cents=before.cents + cents)


async def paid(bank: httpx.AsyncClient, payment: str) -> int:
    try:
        response = await bank.get(f"/payments/{payment}")
    except httpx.HTTPError as error:
        raise HTTPException(502, "The bank does not answer.") from error
    if response.status_code == 404:
        raise HTTPException(404, "The bank does not know this payment.")
    if response.status_code != 200:
        raise HTTPException(response.status_code if response.is_server_error else 502, "The bank fails.")
    try:
        return int(response.json()["cents"])
    except (ValueError, KeyError, TypeError) as error:
        raise HTTPException(502, "The bank's answer makes no sense.") from error


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
    cents = await paid(bank, gift.payment)
    count(box.box, cents)
    return Receipt(payment=gift.payment, cents=cents)
