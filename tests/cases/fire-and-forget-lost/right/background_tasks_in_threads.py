"""Payments, with Starlette's background tasks: plain functions in the thread pool, and a blocking client."""

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import BackgroundTasks, FastAPI, Path, Request
from pydantic import BaseModel, Field

log = logging.getLogger("uvicorn.error")


class Payment(BaseModel):
    cents: Annotated[int, Field(ge=1)]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    url = os.environ["UPSTREAM_URL"]
    half = httpx.Limits(max_connections=10, max_keepalive_connections=4)
    with (
        httpx.Client(base_url=url, timeout=None, limits=half) as owners,
        httpx.Client(base_url=url, timeout=None, limits=half) as mails,
    ):
        app.state.owners, app.state.mails = owners, mails
        yield


app = FastAPI(title="Payments", lifespan=lifespan)


def mail_receipt(owners: httpx.Client, mails: httpx.Client, payment: int, cents: int) -> None:
    try:
        found = owners.get(f"/owners/{payment}").raise_for_status().json()
        mails.post(
            f"/receipts/{payment}", json={"mailbox": found["mailbox"], "cents": cents}
        ).raise_for_status()
    except Exception as error:
        log.warning("receipt %d is lost: %r", payment, error)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/payments/{payment}", status_code=202)
async def pay(
    payment: Annotated[int, Path(ge=1)], paid: Payment, later: BackgroundTasks, request: Request
) -> dict[str, int]:
    state = request.app.state
    later.add_task(mail_receipt, state.owners, state.mails, payment, paid.cents)
    return {"payment": payment}
