"""Payments: receipts go out on an event loop in a thread of its own, and the app keeps their futures until the stop."""

import asyncio
import logging
import os
import threading
from collections.abc import AsyncIterator
from concurrent.futures import Future, wait
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import FastAPI, Path
from pydantic import BaseModel, PositiveInt

log = logging.getLogger("payments")


class MailRoom:
    """Sends receipts beside the app; open while used as a context."""

    def __init__(self, bureau_url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._bureau = httpx.AsyncClient(base_url=bureau_url, timeout=10)
        self._receipts: list[Future[None]] = []

    def open(self) -> None:
        self._thread.start()

    def send_soon(self, payment: int, cents: int) -> None:
        self._receipts = [receipt for receipt in self._receipts if not receipt.done()]
        self._receipts.append(asyncio.run_coroutine_threadsafe(self._send(payment, cents), self._loop))

    def close(self) -> None:
        """Block until all has been sent."""
        wait(self._receipts)
        asyncio.run_coroutine_threadsafe(self._bureau.aclose(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _send(self, payment: int, cents: int) -> None:
        try:
            owner = await self._bureau.get(f"/owners/{payment}")
            mailbox = owner.raise_for_status().json()["mailbox"]
            sent = await self._bureau.post(f"/receipts/{payment}", json={"mailbox": mailbox, "cents": cents})
            sent.raise_for_status()
        except Exception:
            log.exception("no receipt for payment %d", payment)


mail_room = MailRoom(os.environ["UPSTREAM_URL"])


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    mail_room.open()
    yield
    await asyncio.to_thread(mail_room.close)


app = FastAPI(title="Payments", lifespan=lifespan)


class Payment(BaseModel):
    cents: PositiveInt


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/payments/{payment}", status_code=202)
async def pay(payment: Annotated[int, Path(ge=1)], paid: Payment) -> dict[str, int]:
    mail_room.send_soon(payment, paid.cents)
    return {"payment": payment}
