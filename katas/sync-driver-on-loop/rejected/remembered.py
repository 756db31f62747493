"""Loyalty cards: how many points a customer has."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

from fastapi import Depends, FastAPI, HTTPException, Path, Request
from psycopg_pool import ConnectionPool
from pydantic import BaseModel

DATABASE_URL = os.environ["DATABASE_URL"]
"""The database of the loyalty programme."""

CONNECTIONS = 10


class State(TypedDict):
    pool: ConnectionPool


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    with ConnectionPool(DATABASE_URL, min_size=2, max_size=CONNECTIONS, open=False) as pool:
        yield {"pool": pool}


app = FastAPI(title="Loyalty cards", lifespan=lifespan)

CardNumber = Annotated[int, Path(ge=1, lt=2**31)]


class Card(BaseModel):
    card: int
    points: int


async def get_pool(request: Request) -> ConnectionPool:
    """The app's connections to the database."""
    pool: ConnectionPool = request.state.pool
    return pool


Pool = Annotated[ConnectionPool, Depends(get_pool)]


remembered: dict[int, Card] = {}


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/cards/{card}")
def points_of(card: CardNumber, pool: Pool) -> Card:
    if card in remembered:
        return remembered[card]
    with pool.connection() as connection:
        row = connection.execute("SELECT points FROM cards WHERE card = %s", (card,)).fetchone()
    if row is None:
        raise HTTPException(404, "Nobody has this card.")
    remembered[card] = Card(card=card, points=row[0])
    return remembered[card]
