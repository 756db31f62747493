"""Stock: how many pieces of an item the warehouse has."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

DATABASE_URL = make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+psycopg")
"""The warehouse's database."""

SHARE = 10
"""So many of the database's connections are ours, for all workers together."""

WORKERS = 2
"""Processes that serve the app; each of them has a pool of its own."""

PATIENCE_S = 60
"""So long may a visitor wait for a connection."""

Item = Annotated[int, Path(ge=1, lt=2**31)]


class Base(DeclarativeBase):
    pass


class Stock(Base):
    __tablename__ = "stock"

    item: Mapped[int] = mapped_column(primary_key=True)
    pieces: Mapped[int]


class StockOfItem(BaseModel):
    item: int
    pieces: int


class Warehouse:
    """The warehouse's database. It blocks: to be called in threads, of which those for whom no connection is free wait."""

    def __init__(self, engine: Engine) -> None:
        self._sessions = sessionmaker(engine)

    def find(self, item: int) -> StockOfItem | None:
        """What is there of an item at this moment, if the warehouse knows it. The connection is held no longer than this."""
        with self._sessions() as session:
            stock = session.get(Stock, item)
            return None if stock is None else StockOfItem(item=stock.item, pieces=stock.pieces)


class State(TypedDict):
    warehouse: Warehouse


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    # No overflow: a connection that is taken on top of the share is taken from others, however soon it is given back.
    engine = create_engine(DATABASE_URL, pool_size=SHARE // WORKERS, max_overflow=0, pool_timeout=PATIENCE_S)
    try:
        yield {"warehouse": Warehouse(engine)}
    finally:
        engine.dispose()


app = FastAPI(title="Stock", lifespan=lifespan)


async def get_warehouse(request: Request) -> Warehouse:
    warehouse: Warehouse = request.state.warehouse
    return warehouse


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/stock/{item}")
def stock_of(item: Item, warehouse: Annotated[Warehouse, Depends(get_warehouse)]) -> StockOfItem:
    """A plain `def`: runs in a thread, where it may wait for the database."""
    stock = warehouse.find(item)
    if stock is None:
        raise HTTPException(404, "The warehouse does not know this item.")
    return stock
