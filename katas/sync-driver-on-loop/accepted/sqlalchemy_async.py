"""Loyalty cards: how many points a customer has."""

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
"""The database of the loyalty programme."""


class Base(DeclarativeBase):
    pass


class StoredCard(Base):
    __tablename__ = "cards"

    card: Mapped[int] = mapped_column(primary_key=True)
    points: Mapped[int]


class State(TypedDict):
    sessions: async_sessionmaker[AsyncSession]


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    engine = create_async_engine(DATABASE_URL)
    yield {"sessions": async_sessionmaker(engine)}
    await engine.dispose()


app = FastAPI(title="Loyalty cards", lifespan=lifespan)

CardNumber = Annotated[int, Path(ge=1, lt=2**31)]


class Card(BaseModel):
    card: int
    points: int


async def get_session(request: Request) -> AsyncIterator[AsyncSession]:
    """A session of the request's own."""
    async with request.state.sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(get_session)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/cards/{card}")
async def points_of(card: CardNumber, session: Session) -> Card:
    stored = await session.get(StoredCard, card)
    if stored is None:
        raise HTTPException(404, "Nobody has this card.")
    return Card(card=card, points=stored.points)
