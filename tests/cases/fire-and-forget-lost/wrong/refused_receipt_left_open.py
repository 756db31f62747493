"""Breaks failure-stays-alone: "later payments ... get their receipts as before, 10 of them side by side, even if 12
have failed in each of these ways".

The bureau's answer to a receipt is streamed, since only its status matters. If that is 503, the exception leaves before
`aclose()`, and the connection stays taken in the pool. After 12 such receipts 8 connections are left, so that of 10
receipts side by side two wait. A learner would write this because httpx closes the connection by itself in all the
other failures, and because a few 503 change nothing to see.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import httpx
from fastapi import FastAPI, Path, Request
from pydantic import BaseModel, Field

log = logging.getLogger("uvicorn.error")
LIMITS = httpx.Limits(max_connections=20)


class State(TypedDict):
    bureau: httpx.AsyncClient
    tasks: set[asyncio.Task[None]]


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    tasks: set[asyncio.Task[None]] = set()
    async with httpx.AsyncClient(base_url=os.environ["UPSTREAM_URL"], timeout=30, limits=LIMITS) as bureau:
        yield {"bureau": bureau, "tasks": tasks}
        await asyncio.gather(*tasks)


app = FastAPI(title="Payments", lifespan=lifespan)


class Payment(BaseModel):
    cents: Annotated[int, Field(gt=0)]


async def send_receipt(bureau: httpx.AsyncClient, payment: int, cents: int) -> None:
    try:
        owner = await bureau.get(f"/owners/{payment}")
        owner.raise_for_status()
        receipt = {"mailbox": owner.json()["mailbox"], "cents": cents}
        request = bureau.build_request("POST", f"/receipts/{payment}", json=receipt)
        sent = await bureau.send(request, stream=True)
        sent.raise_for_status()
        await sent.aread()
        await sent.aclose()
    except Exception as error:
        log.warning("receipt %d is lost: %r", payment, error)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/payments/{payment}", status_code=202)
async def pay(payment: Annotated[int, Path(ge=1)], paid: Payment, request: Request) -> dict[str, int]:
    tasks: set[asyncio.Task[None]] = request.state.tasks
    task = asyncio.create_task(send_receipt(request.state.bureau, payment, paid.cents))
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    return {"payment": payment}
