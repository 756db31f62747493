"""Loyalty cards: how many points a customer has."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import asyncpg
from fastapi import FastAPI, HTTPException, Path
from pydantic import BaseModel

DATABASE_URL = os.environ["DATABASE_URL"]
"""The database of the loyalty programme."""

CardNumber = Annotated[int, Path(ge=1, lt=2**31)]


class Card(BaseModel):
    card: int
    points: int


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.connection = await asyncpg.connect(DATABASE_URL)
    yield
    await app.state.connection.close()


app = FastAPI(title="Loyalty cards", lifespan=lifespan)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/cards/{card}")
async def points_of(card: CardNumber) -> Card:
    points = await app.state.connection.fetchval("SELECT points FROM cards WHERE card = $1", card)
    if points is None:
        raise HTTPException(404, "Nobody has this card.")
    return Card(card=card, points=points)
