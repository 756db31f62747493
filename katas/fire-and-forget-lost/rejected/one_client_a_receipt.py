"""Payments: each receipt has a client of its own, and the clients of those that have broken are closed."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import FastAPI, Path
from pydantic import BaseModel, Field

clients: list[httpx.AsyncClient] = []
"""To be closed at the stop."""

receipts: set[asyncio.Task[None]] = set()
"""Under way."""


async def send(payment: int, cents: int) -> None:
    bureau = httpx.AsyncClient(base_url=os.environ["UPSTREAM_URL"], timeout=20)
    clients.append(bureau)
    try:
        owner = (await bureau.get(f"/owners/{payment}")).raise_for_status()
        receipt = {"mailbox": owner.json()["mailbox"], "cents": cents}
        (await bureau.post(f"/receipts/{payment}", json=receipt)).raise_for_status()
    except httpx.HTTPError as error:
        print(f"no receipt for payment {payment}: {error!r}", file=sys.stderr)
        clients.remove(bureau)
        await bureau.aclose()


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield
    if receipts:
        await asyncio.wait(receipts)
    for bureau in clients:
        await bureau.aclose()


app = FastAPI(title="Payments", lifespan=lifespan)


class Payment(BaseModel):
    cents: Annotated[int, Field(ge=1)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/payments/{payment}", status_code=202)
async def pay(payment: Annotated[int, Path(ge=1)], paid: Payment) -> dict[str, int]:
    task = asyncio.create_task(send(payment, paid.cents))
    receipts.add(task)
    task.add_done_callback(receipts.discard)
    return {"payment": payment}
