"""Breaks asked-anew: if a connection that was used before is closed without an answer, the question is put again."""

import asyncio
import http.client
import json
import os
import queue
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI, Header, HTTPException, Path
from pydantic import BaseModel

SERVICE = urlsplit(os.environ["UPSTREAM_URL"])
"""The badge service: knows whose badge it is, and which were handed back."""

PATIENCE_S = 20.0
"""The badge service promises an answer by then."""

LINES = 12

app = FastAPI(title="Doors")

DoorNumber = Annotated[int, Path(ge=1)]
BadgeNumber = Annotated[str, Header(pattern="^[0-9]{1,12}$")]


class Opened(BaseModel):
    door: int
    person: int


class BadgeService:
    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(LINES, "badges")
        self.lines: queue.LifoQueue[http.client.HTTPConnection] = queue.LifoQueue()
        for _ in range(LINES):
            self.lines.put(http.client.HTTPConnection(SERVICE.hostname, SERVICE.port, timeout=PATIENCE_S))

    async def ask(self, badge: str) -> tuple[int, bytes]:
        return await asyncio.get_running_loop().run_in_executor(self.threads, self._ask, badge)

    def _ask(self, badge: str) -> tuple[int, bytes]:
        line = self.lines.get()
        used_before = line.sock is not None
        try:
            try:
                return self._put(line, badge)
            except (http.client.RemoteDisconnected, ConnectionError):
                if not used_before:
                    raise
                line.close()
                return self._put(line, badge)
        except BaseException:
            line.close()
            raise
        finally:
            self.lines.put(line)

    def _put(self, line: http.client.HTTPConnection, badge: str) -> tuple[int, bytes]:
        line.request("GET", f"{SERVICE.path.rstrip('/')}/badges/{badge}")
        response = line.getresponse()
        return response.status, response.read()


service = BadgeService()


async def get_person(x_badge: BadgeNumber) -> int:
    """The number of the person who holds this badge."""
    try:
        status, body = await service.ask(x_badge)
        if status == http.client.OK:
            return int(json.loads(body)["person"])
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError) as error:
        raise HTTPException(502, "The badge service failed.") from error
    if status == http.client.NOT_FOUND:
        raise HTTPException(403, "Nobody holds this badge.")
    raise HTTPException(502, "The badge service failed.")


Person = Annotated[int, Depends(get_person)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/doors/{door}")
async def open_door(door: DoorNumber, person: Person) -> Opened:
    return Opened(door=door, person=person)
