"""Loyalty cards: how many points a customer has."""

import os
from collections.abc import AsyncIterator
from typing import Annotated

import psycopg
from fastapi import Depends, FastAPI, HTTPException, Path
from pydantic import BaseModel

DATABASE_URL = os.environ["DATABASE_URL"]
"""The database of the loyalty programme."""

app = FastAPI(title="Loyalty cards")

CardNumber = Annotated[int, Path(ge=1, lt=2**31)]


class Card(BaseModel):
    card: int
    points: int


async def get_connection() -> AsyncIterator[psycopg.AsyncConnection]:
    """A connection of the request's own."""
    async with await psycopg.AsyncConnection.connect(DATABASE_URL) as connection:
        yield connection


Connection = Annotated[psycopg.AsyncConnection, Depends(get_connection)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/cards/{card}")
async def points_of(card: CardNumber, connection: Connection) -> Card:
    cursor = await connection.execute("SELECT points FROM cards WHERE card = %s", (card,))
    row = await cursor.fetchone()
    if row is None:
        raise HTTPException(404, "Nobody has this card.")
    return Card(card=card, points=row[0])
