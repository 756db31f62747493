"""Stock: how many pieces of an item the warehouse has."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypedDict

import asyncpg
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel

DATABASE_URL = os.environ["DATABASE_URL"]
"""The warehouse's database."""


class State(TypedDict):
    pool: Any


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    async with asyncpg.create_pool(DATABASE_URL, min_size=4, max_size=4) as pool:
        yield {"pool": pool}


app = FastAPI(title="Stock", lifespan=lifespan)

Item = Annotated[int, Path(ge=1, lt=2**31)]


class StockOfItem(BaseModel):
    item: int
    pieces: int


async def get_pool(request: Request) -> Any:
    """The connections of this worker."""
    return request.state.pool


Pool = Annotated[Any, Depends(get_pool)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/stock/{item}")
async def stock_of(item: Item, pool: Pool) -> StockOfItem:
    pieces = await pool.fetchval("SELECT pieces FROM stock WHERE item = $1", item)
    if pieces is None:
        raise HTTPException(404, "The warehouse does not know this item.")
    return StockOfItem(item=item, pieces=pieces)
