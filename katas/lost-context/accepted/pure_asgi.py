"""Wholesale: what an article costs, for guests and for customers who have prices of their own."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import TypedDict

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

OFFICE_URL = os.environ["UPSTREAM_URL"]
"""The office knows keys, stock and prices."""

PATIENCE_S = 60

GUEST = "guest"

customer: ContextVar[str] = ContextVar("customer", default=GUEST)
"""Who asks. Read wherever the office is asked, so that nobody has to hand it on."""


class State(TypedDict):
    office: httpx.AsyncClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    async with httpx.AsyncClient(base_url=OFFICE_URL, timeout=PATIENCE_S) as office:
        yield {"office": office}


class Identified:
    """Finds out by the key who asks, before the app does anything; whoever has none is a guest."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            key = Headers(scope=scope).get("x-key")
            name = GUEST if key is None else await self._customer(scope["state"]["office"], key)
            if name is None:
                await JSONResponse({"detail": "Nobody has this key."}, 401)(scope, receive, send)
                return
            customer.set(name)
        await self._app(scope, receive, send)

    async def _customer(self, office: httpx.AsyncClient, key: str) -> str | None:
        response = await office.get(f"/keys/{key}")
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        response.raise_for_status()
        name: str = response.json()["customer"]
        return name


app = FastAPI(title="Wholesale", lifespan=lifespan)
app.add_middleware(Identified)


class Article(BaseModel):
    article: int
    pieces: int
    cents: int


async def ask_office(office: httpx.AsyncClient, path: str, name: str) -> int:
    """One number from the office, which is told who asks."""
    response = await office.get(path, headers={"X-Customer": customer.get()})
    response.raise_for_status()
    number: int = response.json()[name]
    return number


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/articles/{article}")
async def article_for_customer(article: int, request: Request) -> Article:
    office: httpx.AsyncClient = request.state.office
    pieces = await ask_office(office, f"/stock/{article}", "pieces")
    cents = await ask_office(office, f"/prices/{article}", "cents")
    return Article(article=article, pieces=pieces, cents=cents)
