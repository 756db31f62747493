"""Invoices, without any lock: the first visitor starts the login as a task, all others wait for the same task."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import httpx
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel

ACCOUNTING_URL = os.environ["UPSTREAM_URL"]
"""The accounting service."""


class Account:
    """Our account at the accounting service: one login, which all requests share."""

    def __init__(self, accounting: httpx.AsyncClient) -> None:
        self.accounting = accounting
        self.login: asyncio.Task[str] | None = None

    async def get_token(self) -> str:
        if self.login is None or _has_failed(self.login):
            self.login = asyncio.create_task(self._log_in())
        # Shielded: a visitor who is cancelled must not take the others' login away.
        return await asyncio.shield(self.login)

    async def _log_in(self) -> str:
        response = await self.accounting.post("/logins")
        if response.is_error:
            raise HTTPException(502, "The accounting service does not let us in.")
        token: str = response.json()["token"]
        return token


def _has_failed(login: asyncio.Task[str]) -> bool:
    return login.done() and (login.cancelled() or login.exception() is not None)


class State(TypedDict):
    accounting: httpx.AsyncClient
    account: Account


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    async with httpx.AsyncClient(base_url=ACCOUNTING_URL, timeout=30) as accounting:
        yield {"accounting": accounting, "account": Account(accounting)}


app = FastAPI(title="Invoices", lifespan=lifespan)


class Invoice(BaseModel):
    invoice: int
    cents: int


async def authorization(request: Request) -> dict[str, str]:
    account: Account = request.state.account
    return {"Authorization": f"Bearer {await account.get_token()}"}


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/invoices/{invoice}")
async def read_invoice(
    request: Request, invoice: Annotated[int, Path(ge=1)], headers: Annotated[dict[str, str], Depends(authorization)]
) -> Invoice:
    accounting: httpx.AsyncClient = request.state.accounting
    response = await accounting.get(f"/invoices/{invoice}", headers=headers)
    response.raise_for_status()
    return Invoice(invoice=invoice, cents=response.json()["cents"])
