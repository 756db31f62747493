"""Payments: a stop takes as long as the slowest receipt, always."""

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


class State(TypedDict):
    bureau: httpx.AsyncClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    async with httpx.AsyncClient(base_url=BUREAU_URL, timeout=PATIENCE_S) as bureau:
        yield {"bureau": bureau}
        await asyncio.sleep(5.8)


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
    asyncio.create_task(send_receipt(bureau, payment, paid.cents))
    return Accepted(payment=payment)
