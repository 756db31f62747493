"""Payments, with threads: a pool of ten sends the receipts, and the app does not end before the pool is idle."""

import logging
import os
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Annotated

import anyio.to_thread
import httpx
from fastapi import FastAPI, Path, Request
from pydantic import BaseModel, Field

log = logging.getLogger("payments")


class Payment(BaseModel):
    cents: Annotated[int, Field(gt=0)]


def send_receipt(bureau: httpx.Client, payment: int, cents: int) -> None:
    try:
        owner = bureau.get(f"/owners/{payment}").raise_for_status()
        receipt = {"mailbox": owner.json()["mailbox"], "cents": cents}
        bureau.post(f"/receipts/{payment}", json=receipt).raise_for_status()
    except httpx.HTTPError:
        log.exception("no receipt for payment %d", payment)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    with httpx.Client(base_url=os.environ["UPSTREAM_URL"], timeout=30) as bureau:
        app.state.bureau = bureau
        app.state.threads = ThreadPoolExecutor(max_workers=10)
        yield
        await anyio.to_thread.run_sync(app.state.threads.shutdown)


app = FastAPI(title="Payments", lifespan=lifespan)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/payments/{payment}", status_code=202)
async def pay(payment: Annotated[int, Path(ge=1)], paid: Payment, request: Request) -> dict[str, int]:
    state = request.app.state
    state.threads.submit(send_receipt, state.bureau, payment, paid.cents)
    return {"payment": payment}
