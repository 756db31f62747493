"""Breaks connections: "The contract with the bureau allows 20 connections: the app never has more open at a time".

12 workers take the payments from a queue. Each has two clients of its own, for owners and for receipts, with one
connection each, which stays alive for some seconds. A queue serves its workers in turn, so after 12 payments within 5 s
24 connections are open, though at most 10 are in use. A learner would write this because "at most 10 receipts are under
way, so at most 10 connections are", and forgets that kept connections are open too.
"""

import asyncio
import logging
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import FastAPI, Path
from pydantic import BaseModel, Field

log = logging.getLogger("uvicorn.error")

WORKERS = 12
TLS = ssl.create_default_context()


def new_client() -> httpx.AsyncClient:
    one = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=5)
    return httpx.AsyncClient(base_url=os.environ["UPSTREAM_URL"], timeout=30, limits=one, verify=TLS)


async def work(due: asyncio.Queue[tuple[int, int]]) -> None:
    async with new_client() as owners, new_client() as mails:
        while True:
            payment, cents = await due.get()
            try:
                owner = (await owners.get(f"/owners/{payment}")).raise_for_status().json()
                receipt = {"mailbox": owner["mailbox"], "cents": cents}
                (await mails.post(f"/receipts/{payment}", json=receipt)).raise_for_status()
            except Exception as error:
                log.warning("receipt %d is lost: %r", payment, error)
            finally:
                due.task_done()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    due: asyncio.Queue[tuple[int, int]] = asyncio.Queue()
    app.state.due = due
    workers = [asyncio.create_task(work(due)) for _ in range(WORKERS)]
    yield
    await due.join()
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)


app = FastAPI(title="Payments", lifespan=lifespan)


class Payment(BaseModel):
    cents: Annotated[int, Field(gt=0)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/payments/{payment}", status_code=202)
async def pay(payment: Annotated[int, Path(ge=1)], paid: Payment) -> dict[str, int]:
    app.state.due.put_nowait((payment, paid.cents))
    return {"payment": payment}
