"""Invoices, with the login behind an AnyIO lock; who finds a token does not even come to the lock."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import anyio
import httpx
from fastapi import Depends, FastAPI, Path, Request
from fastapi.responses import JSONResponse


class LoginRefused(Exception):
    """The accounting service does not let us in."""


class Accounting:
    """The accounting service, seen by somebody who is logged in."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._login = anyio.Lock()
        self._token: str | None = None

    async def cents(self, invoice: int) -> int:
        token = self._token or await self._log_in()
        response = await self._client.get(f"/invoices/{invoice}", headers={"Authorization": f"Bearer {token}"})
        return int(response.raise_for_status().json()["cents"])

    async def _log_in(self) -> str:
        async with self._login:
            if self._token is not None:  # somebody else has logged in while we waited
                return self._token
            response = await self._client.post("/logins")
            if not response.is_success:
                raise LoginRefused
            self._token = str(response.json()["token"])
            return self._token


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with httpx.AsyncClient(base_url=os.environ["UPSTREAM_URL"], timeout=30) as client:
        app.state.accounting = Accounting(client)
        yield


app = FastAPI(title="Invoices", lifespan=lifespan)


@app.exception_handler(LoginRefused)
async def login_refused(_: Request, __: Exception) -> JSONResponse:
    return JSONResponse({"detail": "The accounting service does not let us in."}, status_code=502)


async def get_accounting(request: Request) -> Accounting:
    accounting: Accounting = request.app.state.accounting
    return accounting


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/invoices/{invoice}")
async def read_invoice(invoice: Annotated[int, Path(ge=1)], accounting: Annotated[Accounting, Depends(get_accounting)]) -> dict[str, int]:
    return {"invoice": invoice, "cents": await accounting.cents(invoice)}
