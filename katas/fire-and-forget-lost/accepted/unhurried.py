"""Payments: rests before each step for nearly as long as it may, and opens a client for each call."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx
from fastapi import FastAPI, Path
from pydantic import BaseModel, Field

REST_S = 0.35
"""Before each step."""

receipts: set[asyncio.Task[None]] = set()
"""Under way."""


async def call(method: str, path: str, body: object = None) -> Any:
    await asyncio.sleep(REST_S)
    async with httpx.AsyncClient(base_url=os.environ["UPSTREAM_URL"], timeout=20) as bureau:
        answer = await bureau.request(method, path, json=body)
    return answer.raise_for_status().json()


async def send(payment: int, cents: int) -> None:
    try:
        owner = await call("GET", f"/owners/{payment}")
        await call("POST", f"/receipts/{payment}", {"mailbox": owner["mailbox"], "cents": cents})
    except httpx.HTTPError as error:
        print(f"no receipt for payment {payment}: {error!r}", file=sys.stderr)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield
    if receipts:
        await asyncio.wait(receipts)
    await asyncio.sleep(REST_S / 2)  # uvicorn itself may need 0.1 s before and after


app = FastAPI(title="Payments", lifespan=lifespan)


class Payment(BaseModel):
    cents: Annotated[int, Field(ge=1)]


@app.get("/health")
async def health() -> dict[str, str]:
    await asyncio.sleep(REST_S / 2)
    return {"status": "ok"}


@app.post("/payments/{payment}", status_code=202)
async def pay(payment: Annotated[int, Path(ge=1)], paid: Payment) -> dict[str, int]:
    await asyncio.sleep(REST_S)
    task = asyncio.create_task(send(payment, paid.cents))
    receipts.add(task)
    task.add_done_callback(receipts.discard)
    return {"payment": payment}
