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

CONNECTIONS = 10

CardNumber = Annotated[int, Path(ge=1, lt=2**31)]


class Card(BaseModel):
    card: int
    points: int


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(DATABASE_URL, min_size=1, max_size=CONNECTIONS) as app.state.pool:
        yield


app = FastAPI(title="Loyalty cards", lifespan=lifespan)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/cards/{card}")
async def points_of(card: CardNumber) -> Card:
    points = await app.state.pool.fetchval("SELECT points FROM cards WHERE card = $1", card)
    if points is None:
        raise HTTPException(404, "Nobody has this card.")
    return Card(card=card, points=points)
