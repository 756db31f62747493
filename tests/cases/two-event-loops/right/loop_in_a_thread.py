"""Ferries: the handlers stay plain functions; one loop in a thread of its own owns the asynchronous client."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import FastAPI, HTTPException, Path
from fastapi.responses import JSONResponse


class Office(threading.Thread):
    """The loop on which everything about the harbour happens."""

    def __init__(self) -> None:
        super().__init__(daemon=True, name="harbour")
        self.ready = threading.Event()

    def run(self) -> None:
        asyncio.run(self.main())

    async def main(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.over = asyncio.Event()
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=3, keepalive_expiry=3600)
        async with httpx.AsyncClient(base_url=os.environ["UPSTREAM_URL"], timeout=None, limits=limits) as self.client:
            self.ready.set()
            await self.over.wait()

    def post(self, ferry: int) -> "Future[tuple[int, object]]":
        note: Future[tuple[int, object]] = Future()

        def begin() -> None:
            task = self.loop.create_task(self.ask(ferry))
            self.tasks.add(task)
            task.add_done_callback(finish)

        def finish(task: "asyncio.Task[tuple[int, object]]") -> None:
            self.tasks.discard(task)
            if task.cancelled():
                note.set_result((503, None))
            elif task.exception() is not None:
                note.set_result((500, None))
            else:
                note.set_result(task.result())

        self.loop.call_soon_threadsafe(begin)
        return note

    tasks: "set[asyncio.Task[tuple[int, object]]]" = set()

    async def ask(self, ferry: int) -> tuple[int, object]:
        async with asyncio.timeout(2):
            async with self.client.stream("GET", f"/ferries/{ferry}") as response:
                await response.aread()
        if response.status_code != 200:
            return (404 if response.status_code == 404 else 502), None
        return 200, response.json()["seats"]

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.over.set)
        self.join(2)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.office = office = Office()
    office.start()
    await asyncio.to_thread(office.ready.wait)
    yield
    await asyncio.to_thread(office.close)


app = FastAPI(title="Ferries", lifespan=lifespan)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/ferries/{ferry}")
def seats_of(ferry: Annotated[int, Path(gt=0)]) -> JSONResponse:
    status, seats = app.state.office.post(ferry).result()
    if status != 200:
        raise HTTPException(status)
    return JSONResponse({"ferry": ferry, "seats": seats})
