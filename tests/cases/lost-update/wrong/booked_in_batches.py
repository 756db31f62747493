"""Breaks boxes-apart: gifts that come together are booked together, so one of them waits for the others' answers."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import httpx
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel, Field

BANK_URL = os.environ["UPSTREAM_URL"]
PATIENCE_S = 30

WINDOW_S = 0.02


class State(TypedDict):
    queue: "Queue"


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    async with httpx.AsyncClient(base_url=BANK_URL, timeout=PATIENCE_S) as bank:
        queue: Queue = asyncio.Queue()
        clerk = asyncio.create_task(collect(queue, bank))
        yield {"queue": queue}
        clerk.cancel()


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


async def get_box(box: Name) -> Box:
    if box not in boxes:
        raise HTTPException(404, "There is no such box.")
    return boxes[box]


OpenBox = Annotated[Box, Depends(get_box)]


async def paid(bank: httpx.AsyncClient, payment: str) -> int:
    response = await bank.get(f"/payments/{payment}")
    if response.status_code == httpx.codes.NOT_FOUND:
        raise HTTPException(404, "The bank does not know this payment.")
    response.raise_for_status()
    cents: int = response.json()["cents"]
    return cents


Job = tuple[Box, str, "asyncio.Future[int]"]
Queue = asyncio.Queue[Job]
running: set[asyncio.Task[None]] = set()


async def collect(queue: Queue, bank: httpx.AsyncClient) -> None:
    while True:
        batch = [await queue.get()]
        await asyncio.sleep(WINDOW_S)
        while not queue.empty():
            batch.append(queue.get_nowait())
        task = asyncio.create_task(settle(batch, bank))
        running.add(task)
        task.add_done_callback(running.discard)


async def settle(batch: list[Job], bank: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(paid(bank, payment) for _, payment, _ in batch), return_exceptions=True)
    for (box, _, receipt), answer in zip(batch, answers, strict=True):
        if isinstance(answer, BaseException):
            if not receipt.done():
                receipt.set_exception(answer)
            continue
        box.gifts += 1
        box.cents += answer
        if not receipt.done():
            receipt.set_result(answer)


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
    receipt: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    request.state.queue.put_nowait((box, gift.payment, receipt))
    cents = await receipt
    return Receipt(payment=gift.payment, cents=cents)
