"""Breaks receipt-and-box: the box is looked up by the payment, so the same payment for two boxes is counted in one of
them.
"""

import os
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel, Field

PATIENCE_S = 30


@asynccontextmanager
async def lifespan(_):
    async with Bank(os.environ["UPSTREAM_URL"], count) as bank:
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



class Bank:
    def __init__(self, url: str, on_paid: Callable[[str, int], None]) -> None:
        self.client = httpx.AsyncClient(base_url=url, timeout=PATIENCE_S)
        self.on_paid = on_paid

    async def __aenter__(self) -> "Bank":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()

    async def paid(self, payment: str) -> int:
        try:
            response = await self.client.get(f"/payments/{payment}")
            if response.status_code == 404:
                raise HTTPException(404, "The bank does not know this payment.")
            cents = int(response.raise_for_status().json()["cents"])
        except (httpx.HTTPError, ValueError, KeyError) as error:
            raise HTTPException(502, "The bank has failed.") from error
        self.on_paid(payment, cents)
        return cents


meant_for: dict[str, Box] = {}


def count(payment: str, cents: int) -> None:
    box = meant_for[payment]
    box.gifts += 1
    box.cents += cents



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
async def give(gift: Gift, box: OpenBox, request: Request) -> Receipt:
    meant_for[gift.payment] = box
    cents = await request.state.bank.paid(gift.payment)
    return Receipt(payment=gift.payment, cents=cents)
