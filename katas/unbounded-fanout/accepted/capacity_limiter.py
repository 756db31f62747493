"""Price lists: what the items of a list cost at this moment."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import anyio
import httpx
from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel, Field

TIMEOUT = httpx.Timeout(5.0, pool=0.4)
"""A call may take 5 s; for a connection nobody should have to wait."""


class Wanted(BaseModel):
    items: Annotated[list[int], Field(min_length=1, max_length=200)]


class Price(BaseModel):
    item: int
    cents: int | None


class Wholesaler:
    """The wholesaler's price service, which allows a limited number of calls at the same time.

    Args:
        client: its HTTP client.
        calls_at_once: for all who share this object.
    """

    def __init__(self, client: httpx.AsyncClient, calls_at_once: int = 10) -> None:
        self._client = client
        self._limiter = anyio.CapacityLimiter(calls_at_once)

    async def prices(self, items: list[int]) -> list[Price]:
        """What the items cost, in their order."""
        found: list[Price | None] = [None] * len(items)

        async def find(place: int, item: int) -> None:
            found[place] = await self._price(item)

        async with anyio.create_task_group() as group:
            for place, item in enumerate(items):
                group.start_soon(find, place, item)
        return [price for price in found if price is not None]

    async def _price(self, item: int) -> Price:
        async with self._limiter:
            response = await self._client.get(f"/prices/{item}")
        if response.status_code == httpx.codes.NOT_FOUND:
            return Price(item=item, cents=None)
        response.raise_for_status()
        return Price(item=item, cents=response.json()["cents"])


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with httpx.AsyncClient(base_url=os.environ["UPSTREAM_URL"], timeout=TIMEOUT) as client:
        app.state.wholesaler = Wholesaler(client)
        yield


app = FastAPI(title="Price lists", lifespan=lifespan)


async def get_wholesaler(request: Request) -> Wholesaler:
    wholesaler: Wholesaler = request.app.state.wholesaler
    return wholesaler


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/price-lists")
async def make_price_list(wanted: Wanted, wholesaler: Annotated[Wholesaler, Depends(get_wholesaler)]) -> list[Price]:
    try:
        return await wholesaler.prices(wanted.items)
    except ExceptionGroup as group:
        if group.split(httpx.HTTPError)[1] is not None:
            raise
        raise HTTPException(502, "The wholesaler's service has failed.") from group
