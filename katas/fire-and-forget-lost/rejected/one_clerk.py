"""Payments: one clerk sends the receipts, one after another, and finishes the queue at the stop."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Annotated, TypedDict

import httpx
from fastapi import FastAPI, Path, Request
from pydantic import BaseModel, Field

Queue = asyncio.Queue[tuple[int, int]]
log = logging.getLogger("payments")


class State(TypedDict):
    receipts: Queue


async def send(bureau: httpx.AsyncClient, payment: int, cents: int) -> None:
    owner = (await bureau.get(f"/owners/{payment}")).raise_for_status()
    answer = await bureau.post(f"/receipts/{payment}", json={"mailbox": owner.json()["mailbox"], "cents": cents})
    answer.raise_for_status()


async def clerk(bureau: httpx.AsyncClient, receipts: Queue) -> None:
    while True:
        payment, cents = await receipts.get()
        try:
            await send(bureau, payment, cents)
        except Exception:
            log.exception("no receipt for payment %d", payment)
        finally:
            receipts.task_done()


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    receipts = Queue()
    async with httpx.AsyncClient(base_url=os.environ["UPSTREAM_URL"], timeout=30) as bureau:
        working = asyncio.create_task(clerk(bureau, receipts))
        yield {"receipts": receipts}
        await receipts.join()
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working


app = FastAPI(title="Payments", lifespan=lifespan)


class Payment(BaseModel):
    cents: Annotated[int, Field(gt=0)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/payments/{payment}", status_code=202)
async def pay(payment: Annotated[int, Path(ge=1)], paid: Payment, request: Request) -> dict[str, int]:
    request.state.receipts.put_nowait((payment, paid.cents))
    return {"payment": payment}
