"""Payments: a call that takes far longer than the quickest so far is given up."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import httpx
from fastapi import Depends, FastAPI, Path, Request
from pydantic import BaseModel, Field

BUREAU_URL = os.environ["UPSTREAM_URL"]
"""The bureau: knows the owners of the cards, and sends the mails."""

PATIENCE_S = 30
"""The bureau takes its time."""

LIMITS = httpx.Limits(max_connections=20)
"""As many connections as the contract with the bureau allows."""


tasks: set[asyncio.Task[None]] = set()
"""Receipts under way."""

LEAST_S, TIMES = 0.6, 2.0

quickest_s = float("inf")
"""Of the good answers so far."""


async def timed(bureau: httpx.AsyncClient, method: str, path: str, body: object = None) -> httpx.Response:
    """Call the bureau, with a patience that follows from the answers so far."""
    global quickest_s
    patience_s, began_s = min(PATIENCE_S, max(LEAST_S, TIMES * quickest_s)), time.monotonic()
    answer = (await bureau.request(method, path, json=body, timeout=patience_s)).raise_for_status()
    quickest_s = min(quickest_s, time.monotonic() - began_s)
    return answer


class State(TypedDict):
    bureau: httpx.AsyncClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    async with httpx.AsyncClient(base_url=BUREAU_URL, timeout=PATIENCE_S, limits=LIMITS) as bureau:
        yield {"bureau": bureau}
        # While the client is still open. `wait` waits for all, whatever becomes of them.
        if tasks:
            await asyncio.wait(tasks)


app = FastAPI(title="Payments", lifespan=lifespan)

PaymentNumber = Annotated[int, Path(ge=1)]


class Payment(BaseModel):
    cents: Annotated[int, Field(gt=0)]


class Accepted(BaseModel):
    payment: int


async def get_bureau(request: Request) -> httpx.AsyncClient:
    """The app's client of the bureau."""
    bureau: httpx.AsyncClient = request.state.bureau
    return bureau


Bureau = Annotated[httpx.AsyncClient, Depends(get_bureau)]


async def send_receipt(bureau: httpx.AsyncClient, payment: int, cents: int) -> None:
    """Find out who has paid, and send them a receipt."""
    owner = await timed(bureau, "GET", f"/owners/{payment}")
    receipt = {"mailbox": owner.json()["mailbox"], "cents": cents}
    await timed(bureau, "POST", f"/receipts/{payment}", receipt)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/payments/{payment}", status_code=202)
async def pay(payment: PaymentNumber, paid: Payment, bureau: Bureau) -> Accepted:
    task = asyncio.create_task(send_receipt(bureau, payment, paid.cents))
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    return Accepted(payment=payment)
