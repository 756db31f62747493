"""Payments: receipts are tasks of a group that lives as long as the app, and each keeps a bad answer to itself."""

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import anyio
import anyio.abc
import httpx
from fastapi import Depends, FastAPI, Path, Request
from pydantic import BaseModel, Field

BUREAU_URL = os.environ["UPSTREAM_URL"]
"""The bureau: knows the owners of the cards, and sends the mails."""

log = logging.getLogger("payments")


class Post:
    """Sends receipts, without keeping anybody waiting."""

    def __init__(self, bureau: httpx.AsyncClient, tasks: anyio.abc.TaskGroup) -> None:
        self._bureau = bureau
        self._tasks = tasks

    def send_soon(self, payment: int, cents: int) -> None:
        self._tasks.start_soon(self._send, payment, cents)

    async def _send(self, payment: int, cents: int) -> None:
        # What leaves a task of a group cancels all others.
        try:
            owner = await self._bureau.get(f"/owners/{payment}")
            owner.raise_for_status()
            receipt = {"mailbox": owner.json()["mailbox"], "cents": cents}
            sent = await self._bureau.post(f"/receipts/{payment}", json=receipt)
            sent.raise_for_status()
        except httpx.HTTPStatusError:
            log.exception("no receipt for payment %d", payment)


class State(TypedDict):
    post: Post


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    async with httpx.AsyncClient(base_url=BUREAU_URL, timeout=30) as bureau, anyio.create_task_group() as tasks:
        yield {"post": Post(bureau, tasks)}


app = FastAPI(title="Payments", lifespan=lifespan)


class Payment(BaseModel):
    cents: Annotated[int, Field(gt=0)]


async def get_post(request: Request) -> Post:
    post: Post = request.state.post
    return post


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/payments/{payment}", status_code=202)
async def pay(payment: Annotated[int, Path(ge=1)], paid: Payment, post: Annotated[Post, Depends(get_post)]) -> dict[str, int]:
    post.send_soon(payment, paid.cents)
    return {"payment": payment}
