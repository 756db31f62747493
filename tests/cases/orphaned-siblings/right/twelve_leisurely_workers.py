"""Trips, with twelve workers, a queue and plain streams; leisurely: it uses nearly all of the granted times."""

import asyncio
import json
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import FastAPI, Path
from fastapi.responses import JSONResponse

GATEWAY = urlsplit(os.environ["UPSTREAM_URL"])
WORKERS = 12
SEARCH_S = 30
START_AFTER_S = 0.3
TELL_AFTER_S = 0.35
END_AFTER_S = 0.65


class Job:
    def __init__(self, path: str) -> None:
        self.path = path
        self.dropped = False
        self.siblings: list[Job] = []
        self.call: asyncio.Task[int] | None = None
        self.price: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def fail(self, error: BaseException) -> None:
        self.price.set_exception(error)
        for sibling in self.siblings:
            sibling.dropped = True

    def end(self) -> None:
        if self.call is not None:
            self.call.cancel()


async def read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body = b""
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        while await reader.readuntil(b"\r\n") != b"\r\n":
            pass
        return body
    if "content-length" in headers:
        return await reader.readexactly(int(headers["content-length"]))
    return await reader.read()


async def call(path: str) -> int:
    secure = GATEWAY.scheme == "https"
    reader, writer = await asyncio.open_connection(
        GATEWAY.hostname,
        GATEWAY.port or (443 if secure else 80),
        ssl=ssl.create_default_context() if secure else None,
    )
    try:
        target = GATEWAY.path.rstrip("/") + path
        writer.write(
            f"GET {target} HTTP/1.1\r\nHost: {GATEWAY.netloc}\r\nAccept: application/json\r\n"
            "Connection: close\r\n\r\n".encode()
        )
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split()[1])
        if status >= 400:
            raise OSError(f"{path}: {status}")
        headers = {}
        for line in head[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        return int(json.loads(await read_body(reader, headers))["cents"])
    finally:
        writer.transport.abort()


async def worker(jobs: asyncio.Queue[Job]) -> None:
    while True:
        job = await jobs.get()
        if job.dropped:
            continue
        job.call = asyncio.create_task(call(job.path))
        await asyncio.wait({job.call}, timeout=SEARCH_S)
        if not job.call.done():
            job.call.cancel()
            await asyncio.wait({job.call})
        if job.price.done():
            continue
        if job.call.cancelled():
            job.fail(TimeoutError(job.path))
        elif error := job.call.exception():
            job.fail(error)
        else:
            job.price.set_result(job.call.result())


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.jobs = asyncio.Queue()
    workers = [asyncio.create_task(worker(app.state.jobs)) for _ in range(WORKERS)]
    yield
    for task in workers:
        task.cancel()
    await asyncio.gather(*workers, return_exceptions=True)


app = FastAPI(title="Trips", lifespan=lifespan)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/trips/{trip}")
async def price_trip(trip: Annotated[int, Path(ge=1)]) -> JSONResponse:
    await asyncio.sleep(START_AFTER_S)
    jobs = [Job(f"/{service}/{trip}") for service in ("flights", "hotels", "cars")]
    for job in jobs:
        job.siblings = jobs
    for job in jobs:
        app.state.jobs.put_nowait(job)
    prices = {job.price for job in jobs}
    await asyncio.wait(prices, return_when=asyncio.FIRST_EXCEPTION)
    if any(price.done() and price.exception() for price in prices):
        loop = asyncio.get_running_loop()
        for job in jobs:
            job.price.add_done_callback(lambda price: price.exception())
            if job.call is not None:
                loop.call_later(END_AFTER_S, job.end)
        await asyncio.sleep(TELL_AFTER_S)
        return JSONResponse({"detail": "One of the services has failed."}, status_code=502)
    flight, hotel, car = (job.price.result() for job in jobs)
    return JSONResponse({"trip": trip, "flight": flight, "hotel": hotel, "car": car})
