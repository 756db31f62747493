"""Doors: opens them for people. Twelve clerks take the visitors' slips from a queue and ask over a client of our own.
"""

import asyncio
import json
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI, Header, HTTPException, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

SERVICE = urlsplit(os.environ["UPSTREAM_URL"])
"""The badge service: knows whose badge it is, and which were handed back."""

PATIENCE_S = 20.0
"""The badge service promises an answer by then."""

CLERKS = 12


class ServiceFailed(Exception):
    pass


class NobodyHolds(Exception):
    pass


@dataclass
class Slip:
    badge: str
    person: asyncio.Future[int] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


async def read_line(reader: asyncio.StreamReader) -> str:
    return (await reader.readuntil(b"\n")).decode("latin-1").strip()


async def read_headers(reader: asyncio.StreamReader) -> dict[str, str]:
    headers = {}
    while line := await read_line(reader):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return headers


async def read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body = b""
        while size := int((await read_line(reader)).partition(";")[0], 16):
            body += await reader.readexactly(size)
            await read_line(reader)
        return body
    if "content-length" in headers:
        return await reader.readexactly(int(headers["content-length"]))
    return await reader.read()


async def converse(badge: str) -> int:
    secure = SERVICE.scheme == "https"
    reader, writer = await asyncio.open_connection(
        SERVICE.hostname,
        SERVICE.port or (443 if secure else 80),
        ssl=ssl.create_default_context() if secure else None,
    )
    try:
        writer.write(
            f"GET {SERVICE.path.rstrip('/')}/badges/{badge} HTTP/1.1\r\nHost: {SERVICE.netloc}\r\n"
            "Accept: application/json\r\nConnection: close\r\n\r\n".encode()
        )
        status = 100
        while 100 <= status < 200:
            status = int((await read_line(reader)).split()[1])
            headers = await read_headers(reader)
        if status == 404:
            raise NobodyHolds
        if status != 200:
            raise ServiceFailed(f"status {status}")
        return int(json.loads(await read_body(reader, headers))["person"])
    finally:
        writer.close()


async def clerk(slips: asyncio.Queue[Slip]) -> None:
    while True:
        slip = await slips.get()
        if slip.person.done():
            continue
        try:
            async with asyncio.timeout(PATIENCE_S):
                person = await converse(slip.badge)
        except NobodyHolds as error:
            outcome: Exception = error
        except Exception as error:
            outcome = ServiceFailed(repr(error))
        else:
            if not slip.person.done():
                slip.person.set_result(person)
            continue
        if not slip.person.done():
            slip.person.set_exception(outcome)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.slips = asyncio.Queue()
    clerks = [asyncio.create_task(clerk(app.state.slips)) for _ in range(CLERKS)]
    yield
    for task in clerks:
        task.cancel()
    await asyncio.gather(*clerks, return_exceptions=True)


app = FastAPI(title="Doors", lifespan=lifespan)

DoorNumber = Annotated[int, Path(ge=1)]
BadgeNumber = Annotated[str, Header(pattern="^[0-9]{1,12}$")]


class Opened(BaseModel):
    door: int
    person: int


@app.exception_handler(ServiceFailed)
async def tell_failure(request: Request, error: ServiceFailed) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, 503)


@app.exception_handler(NobodyHolds)
async def tell_unknown(request: Request, error: NobodyHolds) -> JSONResponse:
    return JSONResponse({"detail": "Nobody holds this badge."}, 403)


async def get_person(request: Request, door: DoorNumber, x_badge: BadgeNumber) -> int:
    """The number of the person who holds this badge."""
    slip = Slip(x_badge)
    request.app.state.slips.put_nowait(slip)
    return await slip.person


Person = Annotated[int, Depends(get_person)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/doors/{door}")
async def open_door(door: DoorNumber, person: Person) -> Opened:
    return Opened(door=door, person=person)
