"""Delays: what the screens at tram stops show, as the control room tells it."""

import logging
import math
import os
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import httpx
from anyio import CancelScope, create_memory_object_stream, create_task_group, sleep
from anyio.streams.memory import MemoryObjectSendStream
from fastapi import Depends, FastAPI, Query, Request, Response
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

CONTROL_ROOM_URL = os.environ["UPSTREAM_URL"]
"""The control room: a call about a stop is answered when there is news of it, be it in a second or in an hour."""

CONNECTIONS = 100
"""So many calls may be open at the control room."""

PING_S = 15.0
"""So often a screen gets a comment, which it ignores: proxies cut off streams on which nothing comes."""

log = logging.getLogger("delays")

Stops = Annotated[list[int], Query(alias="stop", min_length=1, max_length=8)]


class Delay(BaseModel):
    """Of the next tram at a stop, in seconds."""

    stop: int
    delay: int


class ControlRoom:
    """The control room."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def next_delay(self, stop: int) -> Delay:
        """Waits until there is news of a stop."""
        response = await self._client.get(f"/stops/{stop}/next")
        response.raise_for_status()
        return Delay(stop=stop, delay=response.json()["value"])


class StreamBroken(Exception):
    """A call to the control room has failed, so there will be nothing more for this screen."""


class Screen(Response):
    """The stream of one screen, as server-sent events.

    All that is done for the screen is done in one task group, which ends when the screen is switched off. To learn of that it
    listens to the server all the time: if it only noticed when it has something to send, it could be in an hour.
    """

    media_type = "text/event-stream"

    def __init__(self, control_room: ControlRoom, stops: Collection[int]) -> None:
        super().__init__(headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
        del self.headers["Content-Length"]  # of a stream it is not known
        self._control_room = control_room
        self._stops = stops

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Unbounded, so that what was told is never held back, nor lost when the call for another stop fails.
        told, events = create_memory_object_stream[bytes](math.inf)
        with told, events:
            async with create_task_group() as screen:
                screen.start_soon(self._cancel_when_off, receive, screen.cancel_scope)
                screen.start_soon(self._follow_all, told)
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                async for event in events:
                    await send({"type": "http.response.body", "body": event, "more_body": True})
                raise StreamBroken(self._stops)

    @staticmethod
    async def _cancel_when_off(receive: Receive, screen: CancelScope) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        screen.cancel()

    async def _follow_all(self, told: MemoryObjectSendStream[bytes]) -> None:
        """Follow all stops until a call fails. It ends the other calls; what they have told before is still shown."""
        with told:
            try:
                async with create_task_group() as calls:
                    calls.start_soon(self._ping, told)
                    for stop in self._stops:
                        calls.start_soon(self._follow, stop, told)
            except* httpx.HTTPError as failures:
                log.warning("The control room has failed: %r", failures.exceptions)

    async def _follow(self, stop: int, told: MemoryObjectSendStream[bytes]) -> None:
        """Pass on what the control room tells of a stop, one call after another."""
        while True:
            delay = await self._control_room.next_delay(stop)
            told.send_nowait(f"data: {delay.model_dump_json()}\n\n".encode())

    @staticmethod
    async def _ping(told: MemoryObjectSendStream[bytes]) -> None:
        while True:
            await sleep(PING_S)
            told.send_nowait(b": ping\n\n")


class State(TypedDict):
    control_room: ControlRoom


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    limits = httpx.Limits(max_connections=CONNECTIONS)
    timeout = httpx.Timeout(5, read=None)
    async with httpx.AsyncClient(base_url=CONTROL_ROOM_URL, limits=limits, timeout=timeout) as client:
        yield {"control_room": ControlRoom(client)}


app = FastAPI(title="Delays", lifespan=lifespan)


async def get_control_room(request: Request) -> ControlRoom:
    control_room: ControlRoom = request.state.control_room
    return control_room


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/delays", response_class=Response, responses={200: {"content": {Screen.media_type: {}}}})
async def delays(stops: Stops, control_room: Annotated[ControlRoom, Depends(get_control_room)]) -> Screen:
    return Screen(control_room, list(dict.fromkeys(stops)))  # a stop that is named twice is shown once
