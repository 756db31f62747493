"""Breaks reads: a lock for readers and writers lets `PUT` of a new box wait for all gifts."""

import asyncio
import os
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel, Field

PATIENCE_S = 30


@asynccontextmanager
async def lifespan(_):
    async with httpx.AsyncClient(base_url=os.environ["UPSTREAM_URL"], timeout=PATIENCE_S) as bank:
        yield {"bank": bank}


app = FastAPI(title="Collecting boxes", lifespan=lifespan)


NAME = "^[a-z0-9-]{1,40}$"
Name = Annotated[str, Path(pattern=NAME)]


class Gift(BaseModel):
    payment: Annotated[str, Field(pattern=NAME)]


class Receipt(BaseModel):
    payment: str
    cents: int



class Box(BaseModel):
    box: str
    gifts: int = 0
    cents: int = 0


boxes: dict[str, Box] = {}


async def get_box(box: Name) -> Box:
    if box not in boxes:
        raise HTTPException(404, "There is no such box.")
    return boxes[box]


OpenBox = Annotated[Box, Depends(get_box)]



async def paid(bank: httpx.AsyncClient, payment: str) -> int:
    try:
        response = await bank.get(f"/payments/{payment}")
        if response.status_code == 404:
            raise HTTPException(404, "The bank does not know this payment.")
        response.raise_for_status()
        return int(response.json()["cents"])
    except (httpx.HTTPError, ValueError, KeyError) as error:
        raise HTTPException(502, "The bank has failed.") from error



@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}



class Registry:
    def __init__(self) -> None:
        self.sharing = 0
        self.idle = asyncio.Event()
        self.idle.set()

    @asynccontextmanager
    async def shared(self):
        self.sharing += 1
        self.idle.clear()
        try:
            yield
        finally:
            self.sharing -= 1
            if not self.sharing:
                self.idle.set()

    async def alone(self) -> None:
        while self.sharing:
            await self.idle.wait()


registry = Registry()


@app.put("/boxes/{box}")
async def open_box(box: Name) -> Box:
    if box not in boxes:
        await registry.alone()
    return boxes.setdefault(box, Box(box=box))


@app.get("/boxes/{box}")
async def read_box(box: OpenBox) -> Box:
    return box


@app.post("/boxes/{box}/gifts")
async def give(gift: Gift, box: OpenBox, request: Request) -> Receipt:
    async with registry.shared():
        cents = await paid(request.state.bank, gift.payment)
        box.gifts += 1
        box.cents += cents
    return Receipt(payment=gift.payment, cents=cents)
