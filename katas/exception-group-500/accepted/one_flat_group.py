"""Shop: what a product page shows."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import httpx
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel

SHOP_URL = os.environ["UPSTREAM_URL"]
"""The shop's services: items, prices and stock."""


class State(TypedDict):
    shop: httpx.AsyncClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    async with httpx.AsyncClient(base_url=SHOP_URL) as shop:
        yield {"shop": shop}


app = FastAPI(title="Shop", lifespan=lifespan)

ProductNumber = Annotated[int, Path(ge=1)]


class Product(BaseModel):
    product: int
    grams: int
    cents: int
    pieces: int


async def get_shop(request: Request) -> httpx.AsyncClient:
    """The app's client of the shop's services."""
    shop: httpx.AsyncClient = request.state.shop
    return shop


Shop = Annotated[httpx.AsyncClient, Depends(get_shop)]


async def ask(shop: httpx.AsyncClient, path: str) -> int:
    """What one of the services says."""
    response = await shop.get(path)
    if response.status_code == httpx.codes.NOT_FOUND:
        raise HTTPException(404, "There is no such product.")
    if response.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        raise HTTPException(503, "The shop is busy, please come again in a moment.")
    response.raise_for_status()
    return int(response.json()["value"])


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/products/{product}")
async def show(product: ProductNumber, shop: Shop) -> Product:
    try:
        async with asyncio.TaskGroup() as questions:
            grams = questions.create_task(ask(shop, f"/items/{product}"))
            cents = questions.create_task(ask(shop, f"/prices/{product}"))
            pieces = questions.create_task(ask(shop, f"/stock/{product}"))
    except ExceptionGroup as failures:
        # FastAPI knows what to answer to an HTTPException, but does not look for one in a group. The first has ended
        # the other questions; any that come with it have failed in the same moment.
        raise failures.exceptions[0] from None
    return Product(product=product, grams=grams.result(), cents=cents.result(), pieces=pieces.result())
