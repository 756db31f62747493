"""Collecting boxes: each box has a clerk, a task of its own that takes the gifts from a stream, one by one."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from math import inf
from typing import Annotated, TypedDict

import anyio
import httpx
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel, Field

BANK_URL = os.environ["UPSTREAM_URL"]
"""The bank's service."""

PATIENCE_S = 30
"""On such days the bank is slow."""


class State(TypedDict):
    bank: httpx.AsyncClient
    clerks: TaskGroup


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    async with httpx.AsyncClient(base_url=BANK_URL, timeout=PATIENCE_S) as bank:
        async with anyio.create_task_group() as clerks:
            yield {"bank": bank, "clerks": clerks}
            clerks.cancel_scope.cancel()


app = FastAPI(title="Collecting boxes", lifespan=lifespan)

Name = Annotated[str, Path(pattern="^[a-z0-9-]{1,40}$")]


class Box(BaseModel, frozen=True):
    box: str
    gifts: int = 0
    cents: int = 0


class Gift(BaseModel):
    payment: Annotated[str, Field(pattern="^[a-z0-9-]{1,40}$")]


class Receipt(BaseModel):
    payment: str
    cents: int


@dataclass
class Order:
    """A gift on a clerk's desk."""

    payment: str
    done: anyio.Event = field(default_factory=anyio.Event)
    cents: int | None = None
    problem: Exception | None = None


desks: dict[str, MemoryObjectSendStream[Order]] = {}

boxes: dict[str, Box] = {}
"""All boxes that are open; this process is the only one that counts."""


async def get_box(box: Name) -> Box:
    """The box that the path names."""
    if box not in boxes:
        raise HTTPException(404, "There is no such box.")
    return boxes[box]


OpenBox = Annotated[Box, Depends(get_box)]


async def paid(bank: httpx.AsyncClient, payment: str) -> int:
    """How many cents this payment has brought."""
    response = await bank.get(f"/payments/{payment}")
    if response.status_code == httpx.codes.NOT_FOUND:
        raise HTTPException(404, "The bank does not know this payment.")
    response.raise_for_status()
    cents: int = response.json()["cents"]
    return cents


async def work(box: str, orders: MemoryObjectReceiveStream[Order], bank: httpx.AsyncClient) -> None:
    """Do what a clerk does."""
    async with orders:
        async for order in orders:
            try:
                cents = await paid(bank, order.payment)
                old = boxes[box]
                boxes[box] = Box(box=box, gifts=old.gifts + 1, cents=old.cents + cents)
                order.cents = cents
            except Exception as problem:
                order.problem = problem
            finally:
                order.done.set()


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.put("/boxes/{box}")
async def open_box(box: Name, request: Request) -> Box:
    if box not in boxes:
        boxes[box] = Box(box=box)
        desks[box], orders = anyio.create_memory_object_stream[Order](inf)
        request.state.clerks.start_soon(work, box, orders, request.state.bank)
    return boxes[box]


@app.get("/boxes/{box}")
async def read_box(box: OpenBox) -> Box:
    return box


@app.post("/boxes/{box}/gifts")
async def give(gift: Gift, box: OpenBox) -> Receipt:
    order = Order(gift.payment)
    desks[box.box].send_nowait(order)
    await order.done.wait()
    if isinstance(order.problem, HTTPException):
        raise order.problem
    if order.cents is None:
        raise HTTPException(503, "The bank has failed.") from order.problem
    return Receipt(payment=gift.payment, cents=order.cents)
