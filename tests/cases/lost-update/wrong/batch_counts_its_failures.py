"""Breaks failures-count-nothing: a batch of gifts counts as many as it has, even if some of them fail."""

import asyncio
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
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


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


Waiting = tuple[str, asyncio.Future[int]]

queues: dict[str, asyncio.Queue[Waiting]] = {}
workers: set[asyncio.Task[None]] = set()

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


async def serve(name: str, bank: httpx.AsyncClient) -> None:
    """Enter the gifts to one box, round by round."""
    queue = queues[name]
    while True:
        batch = [await queue.get()]
        while not queue.empty():
            batch.append(queue.get_nowait())
        answers = await asyncio.gather(*(paid(bank, payment) for payment, _ in batch), return_exceptions=True)
        brought = [answer for answer in answers if isinstance(answer, int)]
        if brought:
            now = boxes[name]
            boxes[name] = Box(box=name, gifts=now.gifts + len(batch), cents=now.cents + sum(brought))
        for (_, receipt), answer in zip(batch, answers, strict=True):
            if receipt.done():
                continue
            if isinstance(answer, BaseException):
                receipt.set_exception(answer)
            else:
                receipt.set_result(answer)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.put("/boxes/{box}")
async def open_box(box: Name, bank: Bank) -> Box:
    if box not in boxes:
        boxes[box] = Box(box=box)
        queues[box] = asyncio.Queue()
        workers.add(asyncio.create_task(serve(box, bank)))
    return boxes[box]


@app.get("/boxes/{box}")
async def read_box(box: OpenBox) -> Box:
    return box


@app.post("/boxes/{box}/gifts")
async def give(gift: Gift, box: OpenBox) -> Receipt:
    receipt: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    queues[box.box].put_nowait((gift.payment, receipt))
    return Receipt(payment=gift.payment, cents=await receipt)
