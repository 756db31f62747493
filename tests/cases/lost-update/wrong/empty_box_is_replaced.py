"""Breaks routes-stay: an empty box is false, so `PUT` replaces an open box to which gifts are under way."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
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
    async with httpx.AsyncClient(base_url=BANK_URL, timeout=PATIENCE_S) as bank:
        yield {"bank": bank}


app = FastAPI(title="Collecting boxes", lifespan=lifespan)

Name = Annotated[str, Path(pattern="^[a-z0-9-]{1,40}$")]


class Counted(BaseModel):
    box: str
    gifts: int
    cents: int


@dataclass
class Box:
    name: str
    dropped: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.dropped)

    def drop(self, cents: int) -> None:
        self.dropped.append(cents)

    def counted(self) -> Counted:
        return Counted(box=self.name, gifts=len(self), cents=sum(self.dropped))


class Gift(BaseModel):
    payment: Annotated[str, Field(pattern="^[a-z0-9-]{1,40}$")]


class Receipt(BaseModel):
    payment: str
    cents: int


boxes: dict[str, Box] = {}


async def get_box(box: Name) -> Box:
    """The box that the path names."""
    if box not in boxes:
        raise HTTPException(404, "There is no such box.")
    return boxes[box]


async def get_bank(request: Request) -> httpx.AsyncClient:
    bank: httpx.AsyncClient = request.state.bank
    return bank


OpenBox = Annotated[Box, Depends(get_box)]
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
async def open_box(box: Name) -> Counted:
    boxes[box] = boxes.get(box) or Box(box)
    return boxes[box].counted()


@app.get("/boxes/{box}")
async def read_box(box: OpenBox) -> Counted:
    return box.counted()


@app.post("/boxes/{box}/gifts")
async def give(gift: Gift, box: OpenBox, bank: Bank) -> Receipt:
    cents = await paid(bank, gift.payment)
    box.drop(cents)
    return Receipt(payment=gift.payment, cents=cents)
