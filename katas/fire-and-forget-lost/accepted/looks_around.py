"""Payments: a porter looks into the tray every 0.3 s; at the stop he looks whether the receipts have gone."""

import asyncio
import os
import sys
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Annotated

import httpx
from fastapi import FastAPI, Path
from pydantic import BaseModel, Field

ROUND_S = 0.3
"""Between two looks into the tray."""

tray: deque[tuple[int, int]] = deque()
"""Payments and cents whose receipts nobody has begun."""

under_way: set[asyncio.Task[None]] = set()
"""Receipts that he has begun."""


async def send(bureau: httpx.AsyncClient, payment: int, cents: int) -> None:
    try:
        owner = await bureau.get(f"/owners/{payment}")
        receipt = {"mailbox": owner.raise_for_status().json()["mailbox"], "cents": cents}
        (await bureau.post(f"/receipts/{payment}", json=receipt)).raise_for_status()
    except httpx.HTTPError as error:
        print(f"no receipt for payment {payment}: {error!r}", file=sys.stderr)


async def porter(bureau: httpx.AsyncClient) -> None:
    while True:
        while tray:
            under_way.add(asyncio.create_task(send(bureau, *tray.popleft())))
        await asyncio.sleep(ROUND_S)
        under_way.difference_update([task for task in under_way if task.done()])


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with httpx.AsyncClient(base_url=os.environ["UPSTREAM_URL"], timeout=30) as bureau:
        rounds = asyncio.create_task(porter(bureau))
        yield
        while tray or not all(task.done() for task in under_way):
            await asyncio.sleep(ROUND_S)
        rounds.cancel()
        with suppress(asyncio.CancelledError):
            await rounds


app = FastAPI(title="Payments", lifespan=lifespan)


class Payment(BaseModel):
    cents: int = Field(ge=1)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/payments/{payment}", status_code=202)
async def pay(payment: Annotated[int, Path(ge=1)], paid: Payment) -> dict[str, int]:
    tray.append((payment, paid.cents))
    return {"payment": payment}
