"""Mornings: the page that people see first, with what five services of the intranet know of their day."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import anyio
import httpx
from fastapi import FastAPI, Path

intranet = httpx.AsyncClient(base_url=os.environ["UPSTREAM_URL"], timeout=20, limits=httpx.Limits(max_connections=24))
"""The client of the gateway to all services of the intranet."""


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with intranet:
        yield


app = FastAPI(title="Mornings", lifespan=lifespan)


class Page:
    """A page in the making: each part is put in when it is known."""

    def __init__(self, person: int) -> None:
        self.parts = {"person": person}

    async def put(self, part: str, path: str) -> None:
        """Ask a service, and put in what it says."""
        response = await intranet.get(path)
        self.parts[part] = response.raise_for_status().json()["value"]

    async def put_meeting(self) -> None:
        """Put in the meeting, and the room when the meeting is known."""
        await self.put("meeting", f"/meetings/{self.parts['person']}")
        await self.put("room", f"/rooms/{self.parts['meeting']}")


@app.get("/mornings/{person}")
async def morning(person: Annotated[int, Path(ge=1)]) -> dict[str, int]:
    page = Page(person)
    async with anyio.create_task_group() as questions:
        questions.start_soon(page.put_meeting)
        for service in ("weather", "trains", "roads"):
            questions.start_soon(page.put, service, f"/{service}/{person}")
    return page.parts


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}
