"""Payments: after five failures in a row no call is made for a while: the bureau must be down."""

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

    FAILURES = 5
    OPEN_S = 0.7

    def __init__(self) -> None:
        self.in_a_row = 0
        self.open_until_s = 0.0

    def check(self) -> None:
        if time.monotonic() < self.open_until_s:
            raise RuntimeError("the bureau is not called: it has failed too often")

    def note(self, is_good: bool) -> None:
        self.in_a_row = 0 if is_good else self.in_a_row + 1
        if self.in_a_row >= self.FAILURES:
            self.open_until_s = time.monotonic() + self.OPEN_S


breaker = Breaker()


async def call(bureau: httpx.AsyncClient, method: str, path: str, body: object = None) -> httpx.Response:
    """Call the bureau, unless the breaker is open."""
    breaker.check()
    try:
        answer = (await bureau.request(method, path, json=body)).raise_for_status()
    except httpx.HTTPError:
        breaker.note(is_good=False)
        raise
    breaker.note(is_good=True)
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
    owner = await call(bureau, "GET", f"/owners/{payment}")
    receipt = {"mailbox": owner.json()["mailbox"], "cents": cents}
    await call(bureau, "POST", f"/receipts/{payment}", receipt)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/payments/{payment}", status_code=202)
async def pay(payment: PaymentNumber, paid: Payment, bureau: Bureau) -> Accepted:
    task = asyncio.create_task(send_receipt(bureau, payment, paid.cents))
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    return Accepted(payment=payment)
