"""Small routes for the pictures of the event loop."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

import httpx
from fastapi import FastAPI, HTTPException, Request

SERVICE_URL = os.environ["UPSTREAM_URL"]


class State(TypedDict):
    """What lives as long as the app."""

    service: httpx.AsyncClient
    blocking_service: httpx.Client


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    """One client of each kind."""
    with httpx.Client(base_url=SERVICE_URL, timeout=10) as blocking_service:
        async with httpx.AsyncClient(base_url=SERVICE_URL, timeout=10) as service:
            yield {"service": service, "blocking_service": blocking_service}


app = FastAPI(lifespan=lifespan)


@app.get("/health")
async def health() -> str:
    """Costs nothing, on the loop."""
    return "ok"


@app.get("/quick")
def quick() -> str:
    """Costs nothing, in a thread."""
    return "ok"


@app.get("/blocking/{n}")
async def blocking(n: int) -> int:
    """Scene 1."""
    time.sleep(0.1)
    return n


@app.get("/awaiting/{n}")
async def awaiting(n: int) -> int:
    """Scene 2."""
    await asyncio.sleep(0.1)
    return n


@app.get("/threads/{n}")
def threads(n: int, request: Request) -> int:
    """Scene 3."""
    answer = request.state.blocking_service.get(f"/slow/{n}")
    return int(answer.json()["value"])


async def ask(request: Request, path: str) -> int:
    """What the service says."""
    answer = await request.state.service.get(path)
    if answer.is_error:
        raise HTTPException(502)
    return int(answer.json()["value"])


@app.get("/sequence")
async def sequence(request: Request) -> list[int]:
    """Scene 4, before."""
    price = await ask(request, "/price")
    stock = await ask(request, "/stock")
    rating = await ask(request, "/rating")
    return [price, stock, rating]


@app.get("/together")
async def together(request: Request) -> tuple[int, int, int]:
    """Scene 4, after."""
    return await asyncio.gather(
        ask(request, "/price"),
        ask(request, "/stock"),
        ask(request, "/rating"),
    )


@app.get("/group")
async def group(request: Request) -> list[int]:
    """Scene 5, after."""
    try:
        async with asyncio.TaskGroup() as tasks:
            price = tasks.create_task(ask(request, "/price"))
            stock = tasks.create_task(ask(request, "/stock"))
            rating = tasks.create_task(ask(request, "/rating"))
    except* HTTPException:
        raise HTTPException(502) from None
    return [price.result(), stock.result(), rating.result()]
