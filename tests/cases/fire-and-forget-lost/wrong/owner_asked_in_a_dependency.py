"""Breaks refusals: "For a refused payment the bureau is not called."

The question for the owner is begun in a dependency, which needs only the payment's number. FastAPI runs dependencies
before it looks at the errors in the body: a payment with a good number and bad cents is answered 422, and the bureau is
asked for its owner all the same. A learner would write this because "the endpoint, and what it depends on, do not run
if the request is refused", which holds for a bad number.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypedDict

import httpx
from fastapi import Depends, FastAPI, Path, Request
from pydantic import BaseModel, Field

log = logging.getLogger("uvicorn.error")
LIMITS = httpx.Limits(max_connections=20)


class State(TypedDict):
    bureau: httpx.AsyncClient
    tasks: set[asyncio.Task[Any]]


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    tasks: set[asyncio.Task[Any]] = set()
    async with httpx.AsyncClient(base_url=os.environ["UPSTREAM_URL"], timeout=30, limits=LIMITS) as bureau:
        yield {"bureau": bureau, "tasks": tasks}
        while tasks:
            await asyncio.wait(tasks)


app = FastAPI(title="Payments", lifespan=lifespan)

PaymentNumber = Annotated[int, Path(ge=1)]


class Payment(BaseModel):
    cents: Annotated[int, Field(gt=0)]


def keep(tasks: set[asyncio.Task[Any]], coroutine: Any) -> asyncio.Task[Any]:
    task = asyncio.create_task(coroutine)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    return task


async def find_owner(bureau: httpx.AsyncClient, payment: int) -> int | None:
    try:
        owner = await bureau.get(f"/owners/{payment}")
        return int(owner.raise_for_status().json()["mailbox"])
    except Exception as error:
        log.warning("owner of %d is not known: %r", payment, error)
        return None


async def get_owner(payment: PaymentNumber, request: Request) -> asyncio.Task[int | None]:
    return keep(request.state.tasks, find_owner(request.state.bureau, payment))


async def send_receipt(
    bureau: httpx.AsyncClient, owner: asyncio.Task[int | None], payment: int, cents: int
) -> None:
    mailbox = await owner
    if mailbox is None:
        return
    try:
        sent = await bureau.post(f"/receipts/{payment}", json={"mailbox": mailbox, "cents": cents})
        sent.raise_for_status()
    except Exception as error:
        log.warning("receipt %d is lost: %r", payment, error)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/payments/{payment}", status_code=202)
async def pay(
    payment: PaymentNumber,
    paid: Payment,
    owner: Annotated[asyncio.Task[int | None], Depends(get_owner)],
    request: Request,
) -> dict[str, int]:
    keep(request.state.tasks, send_receipt(request.state.bureau, owner, payment, paid.cents))
    return {"payment": payment}
