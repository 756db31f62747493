"""Invoices: shows what is still to be paid, as the accounting service knows it."""

import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import httpx
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel

ACCOUNTING_URL = os.environ["UPSTREAM_URL"]
"""The accounting service."""

PATIENCE_S = 30
"""In the morning it is slow."""


class Account:
    """Our account at the accounting service: one login, which all requests share."""

    def __init__(self, accounting: httpx.AsyncClient) -> None:
        self.accounting = accounting
        self.token: str | None = None
        self.lock = threading.Lock()

    async def get_token(self) -> str:
        """The token of our login; whoever comes first logs in."""
        with self.lock:
            token = self.token
        if token is not None:
            return token
        response = await self.accounting.post("/logins")
        if response.is_error:
            raise HTTPException(502, "The accounting service does not let us in.")
        with self.lock:
            self.token = response.json()["token"]
            return self.token


class State(TypedDict):
    accounting: httpx.AsyncClient
    account: Account


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    async with httpx.AsyncClient(base_url=ACCOUNTING_URL, timeout=PATIENCE_S) as accounting:
        yield {"accounting": accounting, "account": Account(accounting)}


app = FastAPI(title="Invoices", lifespan=lifespan)

InvoiceNumber = Annotated[int, Path(ge=1)]


class Invoice(BaseModel):
    invoice: int
    cents: int


async def get_accounting(request: Request) -> httpx.AsyncClient:
    """The app's client of the accounting service."""
    accounting: httpx.AsyncClient = request.state.accounting
    return accounting


async def get_token(request: Request) -> str:
    """The token that the accounting service asks for."""
    account: Account = request.state.account
    return await account.get_token()


Accounting = Annotated[httpx.AsyncClient, Depends(get_accounting)]
Token = Annotated[str, Depends(get_token)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/invoices/{invoice}")
async def read_invoice(invoice: InvoiceNumber, accounting: Accounting, token: Token) -> Invoice:
    response = await accounting.get(f"/invoices/{invoice}", headers={"Authorization": f"Bearer {token}"})
    response.raise_for_status()
    return Invoice(invoice=invoice, cents=response.json()["cents"])
