"""Collecting boxes. Each box lets one gift in at a time, and its slot needs a moment until the next one."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import anyio
import httpx
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel, Field

router = APIRouter()
WORD = "^[a-z0-9-]{1,40}$"

SLOT_S = 0.05
"""How long the slot of a box stays shut after each gift, also after one that fails."""


class Bank:
    """The bank's service."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def cents(self, payment: str) -> int:
        response = await self._client.get(f"/payments/{payment}")
        if response.status_code == httpx.codes.NOT_FOUND:
            raise HTTPException(404, "The bank does not know this payment.")
        return int(response.raise_for_status().json()["cents"])


class Box:
    """A box that lets one gift in at a time."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.gifts = 0
        self.cents = 0
        self._turn = anyio.Lock()

    async def take(self, payment: str, bank: Bank) -> int:
        async with self._turn:
            try:
                cents = await bank.cents(payment)
                self.gifts += 1
                self.cents += cents
                return cents
            finally:
                await anyio.sleep(SLOT_S)

    def state(self) -> dict[str, str | int]:
        return {"box": self.name, "gifts": self.gifts, "cents": self.cents}


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with httpx.AsyncClient(base_url=os.environ["UPSTREAM_URL"], timeout=30) as client:
        app.state.bank = Bank(client)
        app.state.boxes = {}
        yield


async def find(box: Annotated[str, Path(pattern=WORD)], request: Request) -> Box:
    found: Box | None = request.app.state.boxes.get(box)
    if found is None:
        raise HTTPException(404, "There is no such box.")
    return found


Found = Annotated[Box, Depends(find)]


class Gift(BaseModel):
    payment: str = Field(pattern=WORD)


@router.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@router.put("/boxes/{box}")
async def open_box(box: Annotated[str, Path(pattern=WORD)], request: Request) -> dict[str, str | int]:
    opened: Box = request.app.state.boxes.setdefault(box, Box(box))
    return opened.state()


@router.get("/boxes/{box}")
async def read_box(box: Found) -> dict[str, str | int]:
    return box.state()


@router.post("/boxes/{box}/gifts")
async def give(gift: Gift, box: Found, request: Request) -> dict[str, str | int]:
    return {"payment": gift.payment, "cents": await box.take(gift.payment, request.app.state.bank)}


app = FastAPI(title="Collecting boxes", lifespan=lifespan)
app.include_router(router)
