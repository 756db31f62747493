"""Price lists: what the items of a list cost at this moment."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import httpx
from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel, Field

WHOLESALER_URL = os.environ["UPSTREAM_URL"]
"""The wholesaler's price service."""

CALLS_AT_ONCE = 10
"""So many calls at the same time does the wholesaler allow."""

TIMEOUT = httpx.Timeout(5.0, pool=0.4)
"""A call may take 5 s; for a connection nobody should have to wait."""


class State(TypedDict):
    wholesaler: httpx.AsyncClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    async with httpx.AsyncClient(base_url=WHOLESALER_URL, timeout=TIMEOUT) as wholesaler:
        yield {"wholesaler": wholesaler}


app = FastAPI(title="Price lists", lifespan=lifespan)


class Wanted(BaseModel):
    items: Annotated[list[int], Field(min_length=1, max_length=200)]


class Price(BaseModel):
    item: int
    cents: int | None


async def get_wholesaler(request: Request) -> httpx.AsyncClient:
    """The app's client of the wholesaler's service."""
    wholesaler: httpx.AsyncClient = request.state.wholesaler
    return wholesaler


Wholesaler = Annotated[httpx.AsyncClient, Depends(get_wholesaler)]


async def find_price(wholesaler: httpx.AsyncClient, places: asyncio.Semaphore, item: int) -> Price:
    """What the wholesaler asks for an item, if it is on sale."""
    async with places:
        response = await wholesaler.get(f"/prices/{item}")
    if response.status_code == httpx.codes.NOT_FOUND:
        return Price(item=item, cents=None)
    response.raise_for_status()
    return Price(item=item, cents=response.json()["cents"])


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/price-lists")
async def make_price_list(wanted: Wanted, wholesaler: Wholesaler) -> list[Price]:
    places = asyncio.Semaphore(CALLS_AT_ONCE)
    try:
        async with asyncio.TaskGroup() as calls:
            prices = [calls.create_task(find_price(wholesaler, places, item)) for item in wanted.items]
    except* httpx.HTTPError as failures:
        raise HTTPException(502, "The wholesaler's service has failed.") from failures
    return [price.result() for price in prices]
