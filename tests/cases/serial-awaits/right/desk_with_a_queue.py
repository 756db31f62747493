"""Mornings: a desk (worker task) takes orders from a queue and serves them in anyio task groups, at an easy pace."""

import math
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any

import anyio
import httpx
from anyio.streams.memory import MemoryObjectReceiveStream
from fastapi import FastAPI, Path, Request
from fastapi.responses import JSONResponse

PATIENCE_S = 20.0
CONTRACT = httpx.Limits(max_connections=24, max_keepalive_connections=0)
OPENING_S = 0.08
TURNING_S = 0.08
PRINTING_S = 0.14
WATCH_S = 0.15


@dataclass
class Order:
    person: int
    answers: dict[str, int] = field(default_factory=dict)
    failed: bool = False
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    finished: anyio.Event = field(default_factory=anyio.Event)


class Desk:
    def __init__(self, intranet: httpx.AsyncClient) -> None:
        self.intranet = intranet

    async def ask(self, order: Order, name: str, path: str) -> int:
        response = await self.intranet.get(path)
        response.raise_for_status()
        order.answers[name] = int(response.json()["value"])
        return order.answers[name]

    async def chain(self, order: Order) -> None:
        meeting = await self.ask(order, "meeting", f"/meetings/{order.person}")
        await anyio.sleep(TURNING_S)
        await self.ask(order, "room", f"/rooms/{meeting}")

    async def serve(self, order: Order) -> None:
        try:
            with order.scope:
                await anyio.sleep(OPENING_S)
                async with anyio.create_task_group() as group:
                    for name in ("weather", "trains", "roads"):
                        group.start_soon(self.ask, order, name, f"/{name}/{order.person}")
                    group.start_soon(self.chain, order)
        except* Exception:
            order.failed = True
        finally:
            order.finished.set()

    async def work(self, orders: MemoryObjectReceiveStream[Order]) -> None:
        async with anyio.create_task_group() as group:
            async for order in orders:
                group.start_soon(self.serve, order)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
    send, receive = anyio.create_memory_object_stream[Order](math.inf)
    async with httpx.AsyncClient(
        base_url=os.environ["UPSTREAM_URL"], timeout=PATIENCE_S, limits=CONTRACT
    ) as intranet:
        async with anyio.create_task_group() as group:
            group.start_soon(Desk(intranet).work, receive)
            yield {"orders": send}
            group.cancel_scope.cancel()


app = FastAPI(title="Mornings", lifespan=lifespan)


@app.get("/health")
async def health() -> dict[str, str]:
    await anyio.sleep(0.2)
    return {"status": "ok"}


@app.get("/mornings/{person}")
async def morning(person: Annotated[int, Path(ge=1)], request: Request) -> JSONResponse:
    order = Order(person)
    await request.state.orders.send(order)
    try:
        while not order.finished.is_set():
            with anyio.move_on_after(WATCH_S):
                await order.finished.wait()
            if not order.finished.is_set() and await request.is_disconnected():
                return JSONResponse({"detail": "left"}, 503)
    finally:
        order.scope.cancel()
    await anyio.sleep(PRINTING_S)
    if order.failed:
        return JSONResponse({"detail": "a service failed"}, 504)
    names = ("weather", "trains", "roads", "meeting", "room")
    return JSONResponse({"person": person} | {name: order.answers[name] for name in names})
