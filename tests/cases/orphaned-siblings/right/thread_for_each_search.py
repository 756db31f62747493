"""Trips, with a thread for each search and http.client; a search is ended by shutting its socket down."""

import asyncio
import http.client
import json
import os
import socket
import threading
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import FastAPI, Path
from fastapi.responses import JSONResponse

GATEWAY = urlsplit(os.environ["UPSTREAM_URL"])
SEARCH_S = 30

app = FastAPI(title="Trips")

gate = threading.Condition()
free = 12


class Ended(Exception):
    pass


class Search(threading.Thread):
    def __init__(self, path: str) -> None:
        super().__init__(daemon=True)
        self.path = GATEWAY.path.rstrip("/") + path
        self.loop = asyncio.get_running_loop()
        self.price: asyncio.Future[int | None] = self.loop.create_future()
        self.ended = False
        self.siblings: list[Search] = []
        self.sock: socket.socket | None = None

    def end(self) -> None:
        with gate:
            self.ended = True
            if self.sock is not None:
                try:
                    self.sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            gate.notify_all()

    def run(self) -> None:
        global free
        with gate:
            gate.wait_for(lambda: self.ended or free > 0)
            if self.ended:
                return
            free -= 1
        cents = None
        try:
            cents = self.call()
        except (OSError, http.client.HTTPException, Ended, ValueError, KeyError):
            pass
        finally:
            with gate:
                if cents is None:
                    for sibling in self.siblings:
                        sibling.ended = True
                free += 1
                gate.notify_all()
        try:
            self.loop.call_soon_threadsafe(self.tell, cents)
        except RuntimeError:
            pass

    def tell(self, cents: int | None) -> None:
        if not self.price.done():
            self.price.set_result(cents)

    def call(self) -> int | None:
        kind = http.client.HTTPSConnection if GATEWAY.scheme == "https" else http.client.HTTPConnection
        connection = kind(GATEWAY.hostname or "", GATEWAY.port, timeout=SEARCH_S)
        sock = None
        response = None
        try:
            connection.connect()
            sock = connection.sock
            with gate:
                self.sock = sock
                if self.ended:
                    raise Ended
            connection.request("GET", self.path, headers={"Connection": "close"})
            response = connection.getresponse()
            if response.status >= 400:
                return None
            return int(json.loads(response.read())["cents"])
        finally:
            with gate:
                self.sock = None
            if response is not None:
                response.close()
            connection.close()
            if sock is not None:
                sock.close()


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/trips/{trip}")
async def price_trip(trip: Annotated[int, Path(ge=1)]) -> JSONResponse:
    searches = [Search(f"/{service}/{trip}") for service in ("flights", "hotels", "cars")]
    for search in searches:
        search.siblings = searches
    for search in searches:
        search.start()
    try:
        for price in asyncio.as_completed([search.price for search in searches]):
            if await price is None:
                return JSONResponse({"detail": "One of the services has failed."}, status_code=502)
    finally:
        for search in searches:
            search.end()
    flight, hotel, car = (search.price.result() for search in searches)
    return JSONResponse({"trip": trip, "flight": flight, "hotel": hotel, "car": car})
