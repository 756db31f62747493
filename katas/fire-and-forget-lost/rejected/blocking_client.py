"""Payments: a client that needs no event loop cannot lose its tasks with it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import httpx
from fastapi import BackgroundTasks, Depends, FastAPI, Path, Request
from pydantic import BaseModel, Field

BUREAU_URL = os.environ["UPSTREAM_URL"]
"""The bureau: knows the owners of the cards, and sends the mails."""

PATIENCE_S = 30
"""The bureau takes its time."""


class State(TypedDict):
    bureau: httpx.Client


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    with httpx.Client(base_url=BUREAU_URL, timeout=PATIENCE_S) as bureau:
        yield {"bureau": bureau}


app = FastAPI(title="Payments", lifespan=lifespan)

PaymentNumber = Annotated[int, Path(ge=1)]


class Payment(BaseModel):
    cents: Annotated[int, Field(gt=0)]


class Accepted(BaseModel):
    payment: int


async def get_bureau(request: Request) -> httpx.Client:
    """The app's client of the bureau."""
    bureau: httpx.Client = request.state.bureau
    return bureau


Bureau = Annotated[httpx.Client, Depends(get_bureau)]


async def send_receipt(bureau: httpx.Client, payment: int, cents: int) -> None:
    """Find out who has paid, and send them a receipt."""
    owner = bureau.get(f"/owners/{payment}")
    owner.raise_for_status()
    receipt = {"mailbox": owner.json()["mailbox"], "cents": cents}
    sent = bureau.post(f"/receipts/{payment}", json=receipt)
    sent.raise_for_status()


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/payments/{payment}", status_code=202)
async def pay(payment: PaymentNumber, paid: Payment, bureau: Bureau, background: BackgroundTasks) -> Accepted:
    background.add_task(send_receipt, bureau, payment, paid.cents)
    return Accepted(payment=payment)
