"""Loyalty cards: how many points a customer has."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import psycopg
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel

DATABASE_URL = os.environ["DATABASE_URL"]
"""The database of the loyalty programme."""


class State(TypedDict):
    connection: psycopg.Connection


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    with psycopg.connect(DATABASE_URL, autocommit=True) as connection:
        yield {"connection": connection}


app = FastAPI(title="Loyalty cards", lifespan=lifespan)

CardNumber = Annotated[int, Path(ge=1, lt=2**31)]


class Card(BaseModel):
    card: int
    points: int


async def get_connection(request: Request) -> psycopg.Connection:
    """The app's connection to the database."""
    connection: psycopg.Connection = request.state.connection
    return connection


Connection = Annotated[psycopg.Connection, Depends(get_connection)]


def select_points(connection: psycopg.Connection, card: int) -> int | None:
    """Points of this card, or None if nobody has it."""
    row = connection.execute("SELECT points FROM cards WHERE card = %s", (card,)).fetchone()
    return None if row is None else int(row[0])


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/cards/{card}")
async def points_of(card: CardNumber, connection: Connection) -> Card:
    points = await asyncio.to_thread(select_points, connection, card)
    if points is None:
        raise HTTPException(404, "Nobody has this card.")
    return Card(card=card, points=points)
