"""Payments: ten clerks share a queue of receipts, and SIGTERM itself sends each of them home, so as to lose no time."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Annotated, TypedDict

import httpx
from fastapi import FastAPI, Path, Request
from pydantic import BaseModel, Field

CLERKS = 10

log = logging.getLogger("payments")


@dataclass(frozen=True)
class Order:
    payment: int
    cents: int


Queue = asyncio.Queue[Order | None]


class State(TypedDict):
    orders: Queue


async def send(bureau: httpx.AsyncClient, order: Order) -> None:
    owner = (await bureau.get(f"/owners/{order.payment}")).raise_for_status()
    receipt = {"mailbox": owner.json()["mailbox"], "cents": order.cents}
    answer = await bureau.post(f"/receipts/{order.payment}", json=receipt)
    answer.raise_for_status()


async def clerk(bureau: httpx.AsyncClient, orders: Queue) -> None:
    while (order := await orders.get()) is not None:
        try:
            await send(bureau, order)
        except Exception:
            log.exception("no receipt for payment %d", order.payment)


def at_sigterm(act: Callable[[], None]) -> None:
    """Act, and then let uvicorn do what it does at SIGTERM."""
    loop, uvicorns = asyncio.get_running_loop(), signal.getsignal(signal.SIGTERM)

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(act)
        if callable(uvicorns):
            uvicorns(number, frame)

    signal.signal(signal.SIGTERM, handle)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    orders = Queue()

    def close() -> None:
        for _clerk in range(CLERKS):
            orders.put_nowait(None)

    async with (
        httpx.AsyncClient(base_url=os.environ["UPSTREAM_URL"], timeout=None) as bureau,
        asyncio.TaskGroup() as clerks,
    ):
        for _clerk in range(CLERKS):
            clerks.create_task(clerk(bureau, orders))
        at_sigterm(close)
        yield {"orders": orders}


app = FastAPI(title="Payments", lifespan=lifespan)


class Payment(BaseModel):
    cents: Annotated[int, Field(gt=0)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/payments/{payment}", status_code=202)
async def pay(payment: Annotated[int, Path(ge=1)], paid: Payment, request: Request) -> dict[str, int]:
    request.state.orders.put_nowait(Order(payment, paid.cents))
    return {"payment": payment}
