"""Payments: after SIGTERM the dispatcher goes home as soon as the counter is empty and no receipt is under way."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import FrameType
from typing import Annotated

import httpx
from fastapi import FastAPI, Path
from pydantic import BaseModel, Field

LOOK_S = 0.05

counter: asyncio.Queue[tuple[int, int]] = asyncio.Queue()
"""Payments and cents whose receipts nobody has begun."""

receipts: set[asyncio.Task[None]] = set()
"""Under way."""

closing = False


def close_at_sigterm() -> None:
    """Note SIGTERM, and let uvicorn do what it does then."""
    uvicorns = signal.getsignal(signal.SIGTERM)

    def handle(number: int, frame: FrameType | None) -> None:
        global closing
        closing = True
        if callable(uvicorns):
            uvicorns(number, frame)

    signal.signal(signal.SIGTERM, handle)


async def send(bureau: httpx.AsyncClient, payment: int, cents: int) -> None:
    try:
        owner = (await bureau.get(f"/owners/{payment}")).raise_for_status()
        receipt = {"mailbox": owner.json()["mailbox"], "cents": cents}
        (await bureau.post(f"/receipts/{payment}", json=receipt)).raise_for_status()
    except httpx.HTTPError as error:
        print(f"no receipt for payment {payment}: {error!r}", file=sys.stderr)


async def dispatch(bureau: httpx.AsyncClient) -> None:
    while receipts or not counter.empty() or not closing:
        try:
            payment, cents = await asyncio.wait_for(counter.get(), LOOK_S)
        except TimeoutError:
            continue
        task = asyncio.create_task(send(bureau, payment, cents))
        receipts.add(task)
        task.add_done_callback(receipts.discard)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with httpx.AsyncClient(base_url=os.environ["UPSTREAM_URL"], timeout=30) as bureau:
        close_at_sigterm()
        dispatcher = asyncio.create_task(dispatch(bureau))
        yield
        await dispatcher


app = FastAPI(title="Payments", lifespan=lifespan)


class Payment(BaseModel):
    cents: Annotated[int, Field(ge=1)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/payments/{payment}", status_code=202)
async def pay(payment: Annotated[int, Path(ge=1)], paid: Payment) -> dict[str, int]:
    counter.put_nowait((payment, paid.cents))
    return {"payment": payment}
