"""Wholesale: what an article costs, for guests and for customers who have prices of their own."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Annotated, TypedDict

import httpx
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from pydantic import BaseModel

OFFICE_URL = os.environ["UPSTREAM_URL"]
"""The office knows keys, stock and prices."""

PATIENCE_S = 60

GUEST = "guest"

customer: ContextVar[str] = ContextVar("customer", default=GUEST)
"""Who asks. Read wherever the office is asked, so that nobody has to hand it on."""


class State(TypedDict):
    directory: httpx.Client
    office: httpx.AsyncClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    with httpx.Client(base_url=OFFICE_URL, timeout=PATIENCE_S) as directory:
        async with httpx.AsyncClient(base_url=OFFICE_URL, timeout=PATIENCE_S) as office:
            yield {"directory": directory, "office": office}


app = FastAPI(title="Wholesale", lifespan=lifespan)


KNOWN: dict[str, str] = {}
"""Whose key it is, of those who have been here before."""


class Article(BaseModel):
    article: int
    pieces: int
    cents: int


def look_up(request: Request, x_key: Annotated[str | None, Header()] = None) -> str:
    """Finds out by the key who asks; whoever has none is a guest."""
    if x_key is None:
        return GUEST
    if x_key in KNOWN:
        return KNOWN[x_key]
    directory: httpx.Client = request.state.directory
    response = directory.get(f"/keys/{x_key}")
    if response.status_code == httpx.codes.NOT_FOUND:
        raise HTTPException(401, "Nobody has this key.")
    response.raise_for_status()
    KNOWN[x_key] = response.json()["customer"]
    return KNOWN[x_key]


async def identify(name: Annotated[str, Depends(look_up)]) -> None:
    customer.set(name)


async def ask_office(office: httpx.AsyncClient, path: str, name: str) -> int:
    """One number from the office, which is told who asks."""
    response = await office.get(path, headers={"X-Customer": customer.get()})
    response.raise_for_status()
    number: int = response.json()[name]
    return number


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/articles/{article}", dependencies=[Depends(identify)])
async def article_for_customer(article: int, request: Request) -> Article:
    office: httpx.AsyncClient = request.state.office
    pieces = await ask_office(office, f"/stock/{article}", "pieces")
    cents = await ask_office(office, f"/prices/{article}", "cents")
    return Article(article=article, pieces=pieces, cents=cents)
