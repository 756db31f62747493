"""Shop: what a product page shows."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import anyio
import httpx
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel

SHOP_URL = os.environ["UPSTREAM_URL"]
"""The shop's services: items, prices and stock."""

REFUSALS = {
    404: "There is no such product.",
    503: "The shop is busy, please come again in a moment.",
}
"""What a visitor is told when a service answers with this status."""


class State(TypedDict):
    shop: httpx.AsyncClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    async with httpx.AsyncClient(base_url=SHOP_URL) as shop:
        yield {"shop": shop}


app = FastAPI(title="Shop", lifespan=lifespan)


class Product(BaseModel):
    product: int
    grams: int
    cents: int
    pieces: int


async def get_shop(request: Request) -> httpx.AsyncClient:
    """The app's client of the shop's services."""
    shop: httpx.AsyncClient = request.state.shop
    return shop


async def ask_all(shop: httpx.AsyncClient, product: int, *services: str) -> list[int]:
    """What the services say about a product; the first refusal ends all questions, and is raised when they have ended."""
    answers: dict[str, int] = {}
    refusals: list[HTTPException] = []

    async def ask(service: str) -> None:
        response = await shop.get(f"/{service}/{product}")
        if response.status_code in REFUSALS:
            refusals.append(HTTPException(response.status_code, REFUSALS[response.status_code]))
            questions.cancel_scope.cancel()
            return
        response.raise_for_status()
        answers[service] = response.json()["value"]

    async with anyio.create_task_group() as questions:
        for service in services:
            questions.start_soon(ask, service)
    if refusals:
        raise refusals[0]
    return [answers[service] for service in services]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/products/{product}")
async def show(product: Annotated[int, Path(ge=1)], shop: Annotated[httpx.AsyncClient, Depends(get_shop)]) -> Product:
    grams, cents, pieces = await ask_all(shop, product, "items", "prices", "stock")
    return Product(product=product, grams=grams, cents=cents, pieces=pieces)
