"""Breaks side-by-side: "Receipts do not wait for each other ... the receipt is sent when the mailbox is known."

There is a lock for each mailbox, so that an owner's receipts arrive one after the other, in order. Two payments of one
owner that are under way together: the second's mailbox is known, but its receipt is sent only when the first's has been
answered (up to 1.2 s later). Payments of different owners do not wait. A learner would write this lest two mails to one
mailbox overtake each other, and because it keeps the same owner's payments from being mixed up.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from weakref import WeakValueDictionary

import anyio
import httpx
from anyio.abc import TaskGroup
from fastapi import FastAPI, Path
from pydantic import BaseModel, Field

log = logging.getLogger("uvicorn.error")


class Mailroom:
    def __init__(self, bureau: httpx.AsyncClient, group: TaskGroup) -> None:
        self.bureau = bureau
        self.group = group
        self.locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    def accept(self, payment: int, cents: int) -> None:
        self.group.start_soon(self.deliver, payment, cents)

    async def deliver(self, payment: int, cents: int) -> None:
        try:
            owner = (await self.bureau.get(f"/owners/{payment}")).raise_for_status().json()
            mailbox = owner["mailbox"]
            lock = self.locks.setdefault(mailbox, asyncio.Lock())
            async with lock:
                receipt = {"mailbox": mailbox, "cents": cents}
                (await self.bureau.post(f"/receipts/{payment}", json=receipt)).raise_for_status()
        except Exception as error:
            log.warning("receipt %d is lost: %r", payment, error)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    limits = httpx.Limits(max_connections=20)
    async with httpx.AsyncClient(base_url=os.environ["UPSTREAM_URL"], timeout=30, limits=limits) as bureau:
        async with anyio.create_task_group() as group:
            app.state.mailroom = Mailroom(bureau, group)
            yield


app = FastAPI(title="Payments", lifespan=lifespan)


class Payment(BaseModel):
    cents: Annotated[int, Field(gt=0)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/payments/{payment}", status_code=202)
async def pay(payment: Annotated[int, Path(ge=1)], paid: Payment) -> dict[str, int]:
    app.state.mailroom.accept(payment, paid.cents)
    return {"payment": payment}
