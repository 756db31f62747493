"""Watchlist: prices and headlines for the people at the trading desk."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import httpx
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel

MARKET_URL = os.environ["UPSTREAM_URL"]
"""The market's gateway: quotes and news."""

CONNECTIONS = 10
"""So many connections to the gateway does our contract allow."""

QUOTE_S = 0.35
"""A quote that takes longer is given up."""


class State(TypedDict):
    market: httpx.AsyncClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    limits = httpx.Limits(max_connections=CONNECTIONS)
    async with httpx.AsyncClient(base_url=MARKET_URL, limits=limits, timeout=QUOTE_S) as market:
        yield {"market": market}


app = FastAPI(title="Watchlist", lifespan=lifespan)

Symbol = Annotated[str, Path(pattern="^[A-Z0-9]{1,8}$")]


class Quote(BaseModel):
    symbol: str
    cents: int


class News(BaseModel):
    headlines: list[str]


async def get_market(request: Request) -> httpx.AsyncClient:
    """The app's client of the market's gateway."""
    market: httpx.AsyncClient = request.state.market
    return market


Market = Annotated[httpx.AsyncClient, Depends(get_market)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/quotes/{symbol}")
async def quote(symbol: Symbol, market: Market) -> Quote:
    response = await market.get(f"/quotes/{symbol}")
    if response.status_code == httpx.codes.NOT_FOUND:
        raise HTTPException(404, "The market does not know this symbol.")
    response.raise_for_status()
    return Quote(symbol=symbol, cents=response.json()["cents"])


@app.get("/news")
async def news(market: Market) -> News:
    response = await market.get("/news")
    response.raise_for_status()
    return News(headlines=response.json()["headlines"])
