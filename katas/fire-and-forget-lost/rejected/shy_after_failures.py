"""Payments: each failure halves the calls that may be under way, so as to spare a bureau in trouble."""

import asyncio
import os
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


MOST, LEAST = 20, 4
"""Calls to the bureau at once."""


class Valve(httpx.AsyncBaseTransport):
    """Lets fewer calls pass after a failure, and one more after a success."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner, self.limit, self.passing = inner, MOST, 0
        self.moved = asyncio.Condition()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        async with self.moved:
            await self.moved.wait_for(lambda: self.passing < self.limit)
            self.passing += 1
        good = False
        try:
            answer = await self.inner.handle_async_request(request)
            await answer.aread()
            good = answer.is_success
            return answer
        finally:
            async with self.moved:
                self.passing -= 1
                self.limit = min(MOST, self.limit + 1) if good else max(LEAST, self.limit // 2)
                self.moved.notify_all()


class State(TypedDict):
    bureau: httpx.AsyncClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    valve = Valve(httpx.AsyncHTTPTransport(limits=LIMITS))
    async with httpx.AsyncClient(base_url=BUREAU_URL, timeout=PATIENCE_S, transport=valve) as bureau:
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
    task = asyncio.create_task(send_receipt(bureau, payment, paid.cents))
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    return Accepted(payment=payment)
