"""Loyalty cards: how many points a customer has."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel
from sqlalchemy import create_engine, make_url
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

DATABASE_URL = make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+psycopg")
"""The database of the loyalty programme."""


class Base(DeclarativeBase):
    pass


class StoredCard(Base):
    __tablename__ = "cards"

    card: Mapped[int] = mapped_column(primary_key=True)
    points: Mapped[int]


class State(TypedDict):
    sessions: sessionmaker[Session]


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    engine = create_engine(DATABASE_URL)
    yield {"sessions": sessionmaker(engine)}
    engine.dispose()


app = FastAPI(title="Loyalty cards", lifespan=lifespan)

CardNumber = Annotated[int, Path(ge=1, lt=2**31)]


class Card(BaseModel):
    card: int
    points: int


class AsyncCards:
    """The stored cards, for `async def` handlers."""

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self._sessions = sessions

    async def get(self, card: int) -> StoredCard | None:
        """This card, or None if nobody has it."""
        with self._sessions() as session:
            return session.get(StoredCard, card)


async def get_cards(request: Request) -> AsyncCards:
    """The cards in the database."""
    return AsyncCards(request.state.sessions)


Cards = Annotated[AsyncCards, Depends(get_cards)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/cards/{card}")
async def points_of(card: CardNumber, cards: Cards) -> Card:
    stored = await cards.get(card)
    if stored is None:
        raise HTTPException(404, "Nobody has this card.")
    return Card(card=card, points=stored.points)
