"""Payments: after eight failures in a row no receipt is sent for a while: the bureau must be down."""

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


class Breaker:
    """Open for `OPEN_S` after `FAILURES` in a row."""

    FAILURES = 8
    OPEN_S = 10.0

    def __init__(self) -> None:
        self.in_a_row = 0
        self.open_until_s = 0.0

    @property
    def is_open(self) -> bool:
        return time.monotonic() < self.open_until_s

    def note(self, is_good: bool) -> None:
        self.in_a_row = 0 if is_good else self.in_a_row + 1
        if self.in_a_row >= self.FAILURES:
            self.open_until_s = time.monotonic() + self.OPEN_S


breaker = Breaker()


async def send_unless_open(bureau: httpx.AsyncClient, payment: int, cents: int) -> None:
    """Send a receipt, unless the breaker is open."""
    if breaker.is_open:
        return
    try:
        await send_receipt(bureau, payment, cents)
    except httpx.HTTPError:
        breaker.note(is_good=False)
        raise
    breaker.note(is_good=True)


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
    owner = await bureau.get(f"/owners/{payment}")
    owner.raise_for_status()
    receipt = {"mailbox": owner.json()["mailbox"], "cents": cents}
    sent = await bureau.post(f"/receipts/{payment}", json=receipt)
    sent.raise_for_status()


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/payments/{payment}", status_code=202)
async def pay(payment: PaymentNumber, paid: Payment, bureau: Bureau) -> Accepted:
    task = asyncio.create_task(send_unless_open(bureau, payment, paid.cents))
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    return Accepted(payment=payment)
