"""Breaks failure-stays-alone: "closes the connection before the end of its answer, perhaps before the first byte. Such a
receipt is lost: neither the app nor its client tries again".

A client of its own keeps connections alive. If the bureau closes a kept connection before the first byte of the answer
to a GET, the client takes that for an idle connection that has timed out, and asks once more on a new one, as browsers
do (RFC 9110, 9.2.2). On a fresh connection, later in the answer, after a 503 and for a POST it never asks again. So it
shows only if an earlier receipt has been sent less than 4 s ago, and GET /owners is then cut before the first byte: the
owner is asked for twice. A learner would write this for kept connections to be safe.
"""

import asyncio
import http.client
import json
import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Path
from pydantic import BaseModel, Field

log = logging.getLogger("uvicorn.error")

KEEP_S = 4.0


class Refused(Exception):
    pass


class Bureau:
    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port
        self.prefix = parts.path.rstrip("/")
        self.kept: list[tuple[float, http.client.HTTPConnection]] = []

    def take(self) -> tuple[http.client.HTTPConnection, bool]:
        while True:
            try:
                since, connection = self.kept.pop()
            except IndexError:
                return http.client.HTTPConnection(self.host, self.port), False
            if time.monotonic() - since < KEEP_S:
                return connection, True
            connection.close()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        connection, used = self.take()
        try:
            return self.exchange(connection, method, path, body)
        except (http.client.RemoteDisconnected, ConnectionError):
            if not used or method != "GET":
                raise
        return self.exchange(http.client.HTTPConnection(self.host, self.port), method, path, body)

    def exchange(self, connection: http.client.HTTPConnection, method: str, path: str, body: Any) -> Any:
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, self.prefix + path, content, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            read = answer.read()
        except BaseException:
            connection.close()
            raise
        if answer.will_close:
            connection.close()
        else:
            self.kept.append((time.monotonic(), connection))
        if answer.status != 200:
            raise Refused(f"{method} {path}: {answer.status}")
        return json.loads(read) if read else None

    def close(self) -> None:
        for _, connection in self.kept:
            connection.close()


def send_receipt(bureau: Bureau, payment: int, cents: int) -> None:
    try:
        mailbox = bureau.call("GET", f"/owners/{payment}")["mailbox"]
        bureau.call("POST", f"/receipts/{payment}", {"mailbox": mailbox, "cents": cents})
    except Exception as error:
        log.warning("receipt %d is lost: %r", payment, error)


@asynccontextmanager
async def lifespan(app: FastAPI) -> Any:
    bureau = Bureau(os.environ["UPSTREAM_URL"])
    threads = ThreadPoolExecutor(12)
    app.state.bureau, app.state.threads = bureau, threads
    yield
    await asyncio.to_thread(threads.shutdown)
    bureau.close()


app = FastAPI(title="Payments", lifespan=lifespan)


class Payment(BaseModel):
    cents: Annotated[int, Field(gt=0)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/payments/{payment}", status_code=202)
async def pay(payment: Annotated[int, Path(ge=1)], paid: Payment) -> dict[str, int]:
    app.state.threads.submit(send_receipt, app.state.bureau, payment, paid.cents)
    return {"payment": payment}
