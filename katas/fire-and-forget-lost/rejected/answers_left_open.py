"""Payments: reads of each answer only what it needs, and leaves those with a bad status as they are."""

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


tasks: set[asyncio.Task[None]] = set()
"""Receipts under way."""


class State(TypedDict):
    bureau: httpx.AsyncClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    async with httpx.AsyncClient(base_url=BUREAU_URL, timeout=PATIENCE_S) as bureau:
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


async def begin(bureau: httpx.AsyncClient, call: httpx.Request) -> httpx.Response:
    """Make a call; of a good answer the body is still to be read."""
    answer = await bureau.send(call, stream=True)
    answer.raise_for_status()
    return answer


async def send_receipt(bureau: httpx.AsyncClient, payment: int, cents: int) -> None:
    """Find out who has paid, and send them a receipt."""
    owner = await begin(bureau, bureau.build_request("GET", f"/owners/{payment}"))
    await owner.aread()
    receipt = {"mailbox": owner.json()["mailbox"], "cents": cents}
    sent = await begin(bureau, bureau.build_request("POST", f"/receipts/{payment}", json=receipt))
    await sent.aclose()


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/payments/{payment}", status_code=202)
async def pay(payment: PaymentNumber, paid: Payment, bureau: Bureau) -> Accepted:
    task = asyncio.create_task(send_receipt(bureau, payment, paid.cents))
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    return Accepted(payment=payment)
