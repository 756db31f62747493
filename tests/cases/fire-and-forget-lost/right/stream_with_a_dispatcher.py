"""Payments, with AnyIO: a stream of accepted payments, a dispatcher, and a client for each receipt."""

import logging
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import inf
from typing import Annotated, TypedDict

import anyio
import httpx
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from fastapi import FastAPI, Path, Request
from pydantic import BaseModel, PositiveInt

log = logging.getLogger("uvicorn.error")
TLS = ssl.create_default_context()


@dataclass(frozen=True)
class Due:
    payment: int
    cents: int


class State(TypedDict):
    dues: MemoryObjectSendStream[Due]


async def send(due: Due) -> None:
    one = httpx.Limits(max_connections=1)
    try:
        async with httpx.AsyncClient(
            base_url=os.environ["UPSTREAM_URL"], timeout=5.5, limits=one, verify=TLS
        ) as bureau:
            owner = await bureau.get(f"/owners/{due.payment}")
            owner.raise_for_status()
            receipt = {"mailbox": owner.json()["mailbox"], "cents": due.cents}
            sent = await bureau.post(f"/receipts/{due.payment}", json=receipt)
            sent.raise_for_status()
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        log.warning("no receipt for %s: %r", due, error)


async def dispatch(dues: MemoryObjectReceiveStream[Due]) -> None:
    async with dues, anyio.create_task_group() as receipts:
        async for due in dues:
            receipts.start_soon(send, due)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    accepted, dues = anyio.create_memory_object_stream[Due](inf)
    async with anyio.create_task_group() as group:
        group.start_soon(dispatch, dues)
        async with accepted:
            yield {"dues": accepted}


app = FastAPI(title="Payments", lifespan=lifespan)


class Payment(BaseModel):
    cents: PositiveInt


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/payments/{payment}", status_code=202)
async def pay(request: Request, payment: Annotated[int, Path(ge=1)], paid: Payment) -> dict[str, int]:
    request.state.dues.send_nowait(Due(payment, paid.cents))
    return {"payment": payment}
