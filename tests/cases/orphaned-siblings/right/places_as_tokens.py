"""Trips, with anyio: places as tokens in a stream, callbacks, and an end for the searches of visitors who leave."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

import anyio
import httpx
from fastapi import FastAPI, Path, Request, Response
from fastapi.responses import JSONResponse

SERVICES = {"flight": "flights", "hotel": "hotels", "car": "cars"}


class Gateway:
    """One connection for each search, closed after it; never more of them than the contract allows."""

    def __init__(self, url: str, places: int, patience: float) -> None:
        self._put, self._take = anyio.create_memory_object_stream[None](places)
        for _ in range(places):
            self._put.send_nowait(None)
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self.client = httpx.AsyncClient(base_url=url, limits=limits, timeout=httpx.Timeout(patience, pool=None))
        self._patience = patience

    async def ask(self, path: str) -> int | None:
        """The price, or None if the search has failed."""
        await self._take.receive()
        try:
            with anyio.fail_after(self._patience):
                async with self.client.stream("GET", path) as response:
                    if response.is_error:
                        return None
                    await response.aread()
                    return int(response.json()["cents"])
        except (httpx.HTTPError, TimeoutError):
            return None
        finally:
            self._put.send_nowait(None)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.gateway = Gateway(os.environ["UPSTREAM_URL"], 12, 30)
    async with app.state.gateway.client:
        yield


app = FastAPI(title="Trips", lifespan=lifespan)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


async def when_left(request: Request, then: Callable[[], None]) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    then()


@app.get("/trips/{trip}")
async def price_trip(trip: Annotated[int, Path(ge=1)], request: Request) -> Response:
    gateway: Gateway = request.app.state.gateway
    prices: dict[str, Any] = {"trip": trip}
    failed: list[str] = []

    async with anyio.create_task_group() as group:

        async def find(name: str) -> None:
            cents = await gateway.ask(f"/{SERVICES[name]}/{trip}")
            if cents is None:
                failed.append(name)
                group.cancel_scope.cancel()
            else:
                prices[name] = cents
                if len(prices) == 4:
                    group.cancel_scope.cancel()

        group.start_soon(when_left, request, group.cancel_scope.cancel)
        for name in SERVICES:
            group.start_soon(find, name)

    if failed:
        return JSONResponse({"detail": f"No {failed[0]}."}, status_code=502)
    if len(prices) < 4:
        return Response(status_code=499)
    return JSONResponse(prices)
