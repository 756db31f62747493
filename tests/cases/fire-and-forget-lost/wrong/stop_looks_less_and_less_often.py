"""Breaks app-ends: "After SIGTERM, once no receipt is under way, the shutdown completes ... That also holds if receipts
have taken long" (and "what must happen happens within 0.5 s").

The shutdown looks again and again whether receipts are under way, and doubles its pause each time: it looks 0.25, 0.75,
1.75 and 3.75 s after its begin. If the last receipt ends after 2.4 s (or 1.2 s), the shutdown completes 1.35 s (0.55 s)
later. A learner would write this because backing off is good manners, and with a quick bureau it is not noticed.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import FastAPI, Path
from pydantic import BaseModel, Field

log = logging.getLogger("uvicorn.error")


class Receipts:
    def __init__(self, bureau: httpx.AsyncClient) -> None:
        self.bureau = bureau
        self.under_way: dict[int, asyncio.Task[None]] = {}

    def start(self, payment: int, cents: int) -> None:
        self.under_way[payment] = asyncio.create_task(self.send(payment, cents))

    async def send(self, payment: int, cents: int) -> None:
        try:
            owner = (await self.bureau.get(f"/owners/{payment}")).raise_for_status().json()
            receipt = {"mailbox": owner["mailbox"], "cents": cents}
            (await self.bureau.post(f"/receipts/{payment}", json=receipt)).raise_for_status()
        except Exception as error:
            log.warning("receipt %d is lost: %r", payment, error)
        finally:
            del self.under_way[payment]

    async def drain(self) -> None:
        pause = 0.25
        while self.under_way:
            log.info("%d receipts are under way", len(self.under_way))
            await asyncio.sleep(pause)
            pause *= 2


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    limits = httpx.Limits(max_connections=20)
    async with httpx.AsyncClient(base_url=os.environ["UPSTREAM_URL"], timeout=30, limits=limits) as bureau:
        app.state.receipts = Receipts(bureau)
        yield
        await app.state.receipts.drain()


app = FastAPI(title="Payments", lifespan=lifespan)


class Payment(BaseModel):
    cents: Annotated[int, Field(gt=0)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/payments/{payment}", status_code=202)
async def pay(payment: Annotated[int, Path(ge=1)], paid: Payment) -> dict[str, int]:
    app.state.receipts.start(payment, paid.cents)
    return {"payment": payment}
