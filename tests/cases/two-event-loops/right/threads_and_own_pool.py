"""Ferries: plain threads, blocking connections of the standard library, an own pool. A connection is used twice."""

import http.client
import json
import os
import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import FastAPI, HTTPException, Path
from pydantic import BaseModel

USES = 2


class Line(http.client.HTTPConnection):
    left = USES

    def is_usable(self) -> bool:
        return self.sock is not None and not select.select([self.sock], [], [], 0)[0]


class Lines:
    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host, self.port, self.prefix = parts.hostname, parts.port or 80, parts.path.rstrip("/")
        self.lock = threading.Lock()
        self.idle: list[Line] = []

    @contextmanager
    def line(self) -> Iterator[Line]:
        line = self.take()
        try:
            yield line
        except BaseException:
            line.close()
            raise
        line.left -= 1
        if line.left and line.sock is not None:
            with self.lock:
                self.idle.append(line)
        else:
            line.close()

    def take(self) -> Line:
        with self.lock:
            while self.idle:
                line = self.idle.pop()
                if line.is_usable():
                    return line
                line.close()
        return Line(self.host, self.port, timeout=3)

    def ask(self, path: str) -> tuple[int, bytes]:
        with self.line() as line:
            line.request("GET", self.prefix + path, headers={"Accept": "application/json"})
            response = line.getresponse()
            return response.status, response.read()


lines = Lines(os.environ["UPSTREAM_URL"])
app = FastAPI(title="Ferries")


class Ferry(BaseModel):
    ferry: int
    seats: int


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/ferries/{ferry}")
def seats_of(ferry: Annotated[int, Path(ge=1)]) -> Ferry:
    try:
        status, body = lines.ask(f"/ferries/{ferry}")
        if status == 200:
            return Ferry(ferry=ferry, seats=json.loads(body)["seats"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
        raise HTTPException(503, "The harbour gave no answer.") from error
    raise HTTPException(404 if status == 404 else 503)
