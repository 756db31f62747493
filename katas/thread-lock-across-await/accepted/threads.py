"""Invoices, in plain `def`: each request has a thread of its own, so a thread's lock is the right one and stops nobody else."""

import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel

ACCOUNTING_URL = os.environ["UPSTREAM_URL"]
"""The accounting service."""


class Account:
    """Our one login at the accounting service."""

    def __init__(self, accounting: httpx.Client) -> None:
        self.accounting = accounting
        self.token: str | None = None
        self.lock = threading.Lock()

    def get_token(self) -> str:
        with self.lock:
            if self.token is None:
                response = self.accounting.post("/logins")
                if response.is_error:
                    raise HTTPException(502, "The accounting service does not let us in.")
                self.token = response.json()["token"]
            return self.token


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Account]]:
    with httpx.Client(base_url=ACCOUNTING_URL, timeout=30) as accounting:
        yield {"account": Account(accounting)}


app = FastAPI(title="Invoices", lifespan=lifespan)


class Invoice(BaseModel):
    invoice: int
    cents: int


async def get_account(request: Request) -> Account:
    account: Account = request.state.account
    return account


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/invoices/{invoice}")
def read_invoice(invoice: Annotated[int, Path(ge=1)], account: Annotated[Account, Depends(get_account)]) -> Invoice:
    headers = {"Authorization": f"Bearer {account.get_token()}"}
    response = account.accounting.get(f"/invoices/{invoice}", headers=headers).raise_for_status()
    return Invoice(invoice=invoice, cents=response.json()["cents"])
