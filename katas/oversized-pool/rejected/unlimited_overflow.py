"""Stock: how many pieces of an item the warehouse has."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

DATABASE_URL = make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+asyncpg")
"""The warehouse's database."""


class Base(DeclarativeBase):
    pass


class Stock(Base):
    __tablename__ = "stock"

    item: Mapped[int] = mapped_column(primary_key=True)
    pieces: Mapped[int]


class State(TypedDict):
    sessions: async_sessionmaker[AsyncSession]


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    engine = create_async_engine(DATABASE_URL, pool_size=5, max_overflow=-1)
    yield {"sessions": async_sessionmaker(engine)}
    await engine.dispose()


app = FastAPI(title="Stock", lifespan=lifespan)

Item = Annotated[int, Path(ge=1, lt=2**31)]


class StockOfItem(BaseModel):
    item: int
    pieces: int


async def get_session(request: Request) -> AsyncIterator[AsyncSession]:
    """A session of the request's own."""
    async with request.state.sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(get_session)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/stock/{item}")
async def stock_of(item: Item, session: Session) -> StockOfItem:
    stock = await session.get(Stock, item)
    if stock is None:
        raise HTTPException(404, "The warehouse does not know this item.")
    return StockOfItem(item=item, pieces=stock.pieces)
