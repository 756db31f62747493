"""Payments, with an outbox that a clerk looks through every 0.35 s; the calls are made by threads."""

import asyncio
import http.client
import json
import logging
import os
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Path
from pydantic import BaseModel, Field

log = logging.getLogger("uvicorn.error")

ROUND_S = 0.35
TILL_S = 0.3


def call(method: str, path: str, body: Any = None) -> Any:
    url = urlsplit(os.environ["UPSTREAM_URL"])
    connection = http.client.HTTPConnection(url.hostname or "127.0.0.1", url.port)
    try:
        headers = {"Connection": "close", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body)
        connection.request(method, url.path.rstrip("/") + path, content, headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise OSError(f"the bureau answered {answer.status}")
        return json.loads(content) if content else None
    finally:
        connection.close()


@dataclass
class Entry:
    payment: int
    cents: int
    owner: Future[Any] | None = None
    receipt: Future[Any] | None = None


class Clerk(threading.Thread):
    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.lock = threading.Lock()
        self.outbox: list[Entry] = []
        self.closing = False
        self.hands = ThreadPoolExecutor(12)

    def add(self, entry: Entry) -> None:
        with self.lock:
            self.outbox.append(entry)

    def go_home(self) -> None:
        with self.lock:
            self.closing = True
        self.join()
        self.hands.shutdown()

    def run(self) -> None:
        while True:
            with self.lock:
                entries = list(self.outbox)
                if not entries and self.closing:
                    return
            ended = [entry for entry in entries if self.ended(entry)]
            with self.lock:
                self.outbox = [e for e in self.outbox if not any(e is other for other in ended)]
                if not self.outbox and self.closing:
                    return
            time.sleep(ROUND_S)

    def ended(self, entry: Entry) -> bool:
        try:
            if entry.owner is None:
                entry.owner = self.hands.submit(call, "GET", f"/owners/{entry.payment}")
            elif entry.receipt is None:
                if entry.owner.done():
                    body = {"mailbox": entry.owner.result()["mailbox"], "cents": entry.cents}
                    entry.receipt = self.hands.submit(call, "POST", f"/receipts/{entry.payment}", body)
            elif entry.receipt.done():
                entry.receipt.result()
                return True
        except Exception as error:
            log.warning("receipt %d is lost: %r", entry.payment, error)
            return True
        return False


@asynccontextmanager
async def lifespan(app: FastAPI) -> Any:
    clerk = app.state.clerk = Clerk()
    clerk.start()
    yield
    await asyncio.to_thread(clerk.go_home)


app = FastAPI(title="Payments", lifespan=lifespan)


class Payment(BaseModel):
    cents: Annotated[int, Field(ge=1)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/payments/{payment}", status_code=202)
async def pay(payment: Annotated[int, Path(ge=1)], paid: Payment) -> dict[str, int]:
    await asyncio.sleep(TILL_S)
    app.state.clerk.add(Entry(payment, paid.cents))
    return {"payment": payment}
