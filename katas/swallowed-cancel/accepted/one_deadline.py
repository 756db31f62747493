"""Offers: price and delivery time of an item, as the supplier's service knows them."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import httpx
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel

SUPPLIER_URL = os.environ["UPSTREAM_URL"]
"""The supplier's service."""

DEADLINE_S = 0.25
"""So long may an offer take as a whole."""

DELIVERY_S = 0.12
"""So long do we wait for the delivery time; an offer is of use without it."""

TRIES = 3
PAUSE_S = 0.01
"""Between two tries."""

log = logging.getLogger("offers")


class State(TypedDict):
    supplier: httpx.AsyncClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    async with httpx.AsyncClient(base_url=SUPPLIER_URL) as supplier:
        yield {"supplier": supplier}


app = FastAPI(title="Offers", lifespan=lifespan)

ItemNumber = Annotated[int, Path(ge=1)]


class Offer(BaseModel):
    item: int
    price: int
    days: int | None


class SupplierFailed(Exception):
    """The supplier's service failed at every try."""


async def get_supplier(request: Request) -> httpx.AsyncClient:
    """The app's client of the supplier's service."""
    supplier: httpx.AsyncClient = request.state.supplier
    return supplier


Supplier = Annotated[httpx.AsyncClient, Depends(get_supplier)]


async def ask(supplier: httpx.AsyncClient, path: str) -> int:
    """What the supplier says; it stumbles now and then, so it is tried again."""
    for number in range(1, TRIES + 1):
        try:
            response = await supplier.get(path)
            response.raise_for_status()
            return int(response.json()["value"])
        except (httpx.HTTPError, ValueError, KeyError) as error:
            log.info("try %d of %s: %r", number, path, error)
        await asyncio.sleep(PAUSE_S)
    raise SupplierFailed(path)


async def delivery_days(supplier: httpx.AsyncClient, item: int, deadline: float) -> int | None:
    """Days until delivery, if the supplier tells them soon enough, and before the offer's deadline."""
    try:
        async with asyncio.timeout_at(min(deadline, asyncio.get_running_loop().time() + DELIVERY_S)):
            return await ask(supplier, f"/delivery/{item}")
    except (TimeoutError, SupplierFailed):
        return None


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/offers/{item}")
async def offer(item: ItemNumber, supplier: Supplier) -> Offer:
    deadline = asyncio.get_running_loop().time() + DEADLINE_S
    try:
        async with asyncio.timeout_at(deadline):
            price = await ask(supplier, f"/prices/{item}")
    except TimeoutError as error:
        raise HTTPException(504, "The supplier does not answer.") from error
    except SupplierFailed as error:
        raise HTTPException(502, "The supplier's service has failed.") from error
    days = await delivery_days(supplier, item, deadline)
    return Offer(item=item, price=price, days=days)
