"""Payments: the receipt is a background task of the request. uvicorn ends only when these have ended, and then the lifespan."""

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import BackgroundTasks, FastAPI, Path, Request
from pydantic import BaseModel, Field

log = logging.getLogger("payments")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with httpx.AsyncClient(base_url=os.environ["UPSTREAM_URL"], timeout=30) as bureau:
        app.state.bureau = bureau
        yield


app = FastAPI(title="Payments", lifespan=lifespan)


class Payment(BaseModel):
    cents: int = Field(gt=0)


async def send_receipt(bureau: httpx.AsyncClient, payment: int, cents: int) -> None:
    try:
        owner = (await bureau.get(f"/owners/{payment}")).raise_for_status()
        receipt = {"mailbox": owner.json()["mailbox"], "cents": cents}
        (await bureau.post(f"/receipts/{payment}", json=receipt)).raise_for_status()
    except httpx.HTTPError:
        log.exception("no receipt for payment %d", payment)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/payments/{payment}", status_code=202)
async def pay(payment: Annotated[int, Path(ge=1)], paid: Payment, request: Request, background: BackgroundTasks) -> dict[str, int]:
    background.add_task(send_receipt, request.app.state.bureau, payment, paid.cents)
    return {"payment": payment}
