"""Offers: price and stock of an item, from the price service and the warehouse's database."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import asyncpg
import httpx
from fastapi import FastAPI, Path, Request
from pydantic import BaseModel

UPSTREAM_URL = os.environ["UPSTREAM_URL"]
"""The price service."""

DATABASE_URL = os.environ["DATABASE_URL"]
"""The warehouse's database."""


class State(TypedDict):
    prices: httpx.AsyncClient
    warehouse: asyncpg.Pool


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    async with httpx.AsyncClient(base_url=UPSTREAM_URL) as prices, asyncpg.create_pool(DATABASE_URL, min_size=1, max_size=5) as warehouse:
        yield {"prices": prices, "warehouse": warehouse}


app = FastAPI(title="Offers", lifespan=lifespan)

Item = Annotated[int, Path(ge=1, lt=2**31)]


class Offer(BaseModel):
    item: int
    cents: int
    pieces: int


async def price_of(item: int, prices: httpx.AsyncClient) -> int:
    """What the price service says."""
    response = await prices.get(f"/prices/{item}")
    response.raise_for_status()
    cents: int = response.json()["value"]
    return cents


async def pieces_of(item: int, warehouse: asyncpg.Pool) -> int:
    """What the warehouse has."""
    pieces: int | None = await warehouse.fetchval("SELECT pieces FROM stock WHERE item = $1", item)
    return pieces or 0


known: dict[int, Offer] = {}


@app.get("/offers/{item}")
async def offer(item: Item, request: Request) -> Offer:
    if item not in known:
        cents, pieces = await asyncio.gather(
            price_of(item, request.state.prices),
            pieces_of(item, request.state.warehouse),
        )
        known[item] = Offer(item=item, cents=cents, pieces=pieces)
    return known[item]
