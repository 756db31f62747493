"""Collecting boxes: a thread for each gift, the standard library's HTTP client, and a ledger of amounts under a lock.
"""

import http.client
import json
import os
import threading
from typing import Annotated
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

from fastapi import Depends, FastAPI, HTTPException, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

PATIENCE_S = 30
"""On such days the bank is slow."""


class UnknownPayment(Exception):
    pass


class BankFailure(Exception):
    pass


class BankClient:
    """Asks the bank, over a new connection each time."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.opener = build_opener(ProxyHandler({}))

    def cents(self, payment: str) -> int:
        try:
            with self.opener.open(f"{self.url}/payments/{payment}", timeout=PATIENCE_S) as answer:
                return int(json.loads(answer.read())["cents"])
        except HTTPError as error:
            error.close()
            if error.code == 404:
                raise UnknownPayment from error
            raise BankFailure from error
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
            raise BankFailure from error


class BoxState(BaseModel):
    box: str
    gifts: int
    cents: int


class Ledger:
    """What has been given to one box."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._lock = threading.Lock()
        self._gifts = 0
        self._cents = 0

    def add(self, cents: int) -> None:
        with self._lock:
            self._gifts += 1
            self._cents += cents

    def state(self) -> BoxState:
        with self._lock:
            return BoxState(box=self.name, gifts=self._gifts, cents=self._cents)


app = FastAPI(title="Collecting boxes")
bank = BankClient(os.environ["UPSTREAM_URL"])
ledgers: dict[str, Ledger] = {}

Name = Annotated[str, Path(pattern="^[a-z0-9-]{1,40}$")]


class Gift(BaseModel):
    payment: Annotated[str, Field(pattern="^[a-z0-9-]{1,40}$")]


class Receipt(BaseModel):
    payment: str
    cents: int


async def open_ledger(box: Name) -> Ledger:
    try:
        return ledgers[box]
    except KeyError:
        raise HTTPException(404, "There is no such box.") from None


OpenLedger = Annotated[Ledger, Depends(open_ledger)]


@app.exception_handler(UnknownPayment)
async def unknown(_request: Request, _error: Exception) -> JSONResponse:
    return JSONResponse({"detail": "The bank does not know this payment."}, 404)


@app.exception_handler(BankFailure)
async def failed(_request: Request, _error: Exception) -> JSONResponse:
    return JSONResponse({"detail": "The bank has failed."}, 502)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.put("/boxes/{box}")
async def open_box(box: Name) -> BoxState:
    return ledgers.setdefault(box, Ledger(box)).state()


@app.get("/boxes/{box}")
async def read_box(ledger: OpenLedger) -> BoxState:
    return ledger.state()


@app.post("/boxes/{box}/gifts")
def give(gift: Gift, ledger: OpenLedger) -> Receipt:
    cents = bank.cents(gift.payment)
    ledger.add(cents)
    return Receipt(payment=gift.payment, cents=cents)
