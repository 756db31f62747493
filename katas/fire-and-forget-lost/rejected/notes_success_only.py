"""Payments: a counter of the receipts under way, and an event that says that there are none."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import FastAPI, Path, Request
from pydantic import BaseModel, Field


class Desk:
    """Sends receipts, and knows whether some are under way."""

    def __init__(self, bureau: httpx.AsyncClient) -> None:
        self.bureau = bureau
        self.under_way = 0
        self.idle = asyncio.Event()
        self.idle.set()
        self.tasks: set[asyncio.Task[None]] = set()

    def take(self, payment: int, cents: int) -> None:
        self.under_way += 1
        self.idle.clear()
        self.tasks.add(asyncio.create_task(self.send(payment, cents)))

    async def send(self, payment: int, cents: int) -> None:
        try:
            owner = (await self.bureau.get(f"/owners/{payment}")).raise_for_status()
            receipt = {"mailbox": owner.json()["mailbox"], "cents": cents}
            (await self.bureau.post(f"/receipts/{payment}", json=receipt)).raise_for_status()
        except httpx.HTTPError as error:
            self.under_way -= 1
            print(f"no receipt for payment {payment}: {error!r}", file=sys.stderr)
            return
        self.under_way -= 1
        if self.under_way == 0:
            self.idle.set()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with httpx.AsyncClient(base_url=os.environ["UPSTREAM_URL"], timeout=30) as bureau:
        app.state.desk = desk = Desk(bureau)
        yield
        await desk.idle.wait()


app = FastAPI(title="Payments", lifespan=lifespan)


class Payment(BaseModel):
    cents: Annotated[int, Field(ge=1)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/payments/{payment}", status_code=202)
async def pay(payment: Annotated[int, Path(ge=1)], paid: Payment, request: Request) -> dict[str, int]:
    request.app.state.desk.take(payment, paid.cents)
    return {"payment": payment}
