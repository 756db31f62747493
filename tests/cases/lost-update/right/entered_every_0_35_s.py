"""Collecting boxes: a treasurer enters what the bank has answered, all boxes together, 0.35 s after the first of it."""

import asyncio
import os
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import httpx
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BANK_URL = os.environ["UPSTREAM_URL"]
"""The bank's service."""

PATIENCE_S = 30
"""On such days the bank is slow."""


class State(TypedDict):
    bank: httpx.AsyncClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    async with httpx.AsyncClient(base_url=BANK_URL, timeout=PATIENCE_S) as bank:
        treasurer = asyncio.create_task(enter_slips())
        yield {"bank": bank}
        treasurer.cancel()
        await asyncio.wait({treasurer})


class BankFailures:
    """Answers 504 or 502 where the bank has failed."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except (httpx.HTTPError, ValueError, KeyError) as error:
            if started or scope["type"] != "http":
                raise
            status = 504 if isinstance(error, httpx.TimeoutException) else 502
            await JSONResponse({"detail": "The bank has failed."}, status)(scope, receive, send)


app = FastAPI(title="Collecting boxes", lifespan=lifespan)
app.add_middleware(BankFailures)

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


class Slip:
    """An amount that is to be entered."""

    def __init__(self, box: str, cents: int) -> None:
        self.box = box
        self.cents = cents
        self.entered = asyncio.Event()


slips: list[Slip] = []
some_slips = asyncio.Event()
COLLECT_S = 0.35

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


async def enter_slips() -> None:
    """Do what the treasurer does."""
    while True:
        await some_slips.wait()
        await asyncio.sleep(COLLECT_S)
        batch = slips.copy()
        slips.clear()
        some_slips.clear()
        amounts: defaultdict[str, list[int]] = defaultdict(list)
        for slip in batch:
            amounts[slip.box].append(slip.cents)
        for name, cents in amounts.items():
            box = boxes[name]
            boxes[name] = Box(box=name, gifts=box.gifts + len(cents), cents=box.cents + sum(cents))
        for slip in batch:
            slip.entered.set()


async def handle_gift(bank: httpx.AsyncClient, box: str, payment: str) -> int:
    slip = Slip(box, await paid(bank, payment))
    slips.append(slip)
    some_slips.set()
    await slip.entered.wait()
    return slip.cents


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
async def give(gift: Gift, box: OpenBox, bank: Bank, request: Request) -> Receipt:
    task = asyncio.create_task(handle_gift(bank, box.box, gift.payment))
    try:
        while not (await asyncio.wait({task}, timeout=0.1))[0]:
            if await request.is_disconnected():
                raise HTTPException(503, "Nobody waits for this receipt.")
        return Receipt(payment=gift.payment, cents=task.result())
    finally:
        task.cancel()
