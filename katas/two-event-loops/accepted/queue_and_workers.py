"""Ferries: how many seats are free, as the harbour's service knows it."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import httpx
from fastapi import FastAPI, HTTPException, Path, Request
from pydantic import BaseModel

HARBOUR_URL = os.environ["UPSTREAM_URL"]
"""The harbour's service."""

PATIENCE_S = 20.0
"""After this time a question is given up."""


WORKERS = 5

Question = tuple[int, asyncio.Future[httpx.Response]]


class State(TypedDict):
    questions: asyncio.Queue[Question]


async def work(harbour: httpx.AsyncClient, questions: asyncio.Queue[Question]) -> None:
    """Take one question after another to the harbour."""
    while True:
        ferry, answer = await questions.get()
        try:
            response = await harbour.get(f"/ferries/{ferry}")
        except httpx.HTTPError as error:
            if not answer.done():
                answer.set_exception(error)
        else:
            if not answer.done():
                answer.set_result(response)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    questions = asyncio.Queue[Question]()
    async with httpx.AsyncClient(base_url=HARBOUR_URL, timeout=PATIENCE_S) as harbour:
        workers = [asyncio.create_task(work(harbour, questions)) for _ in range(WORKERS)]
        yield {"questions": questions}
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


app = FastAPI(title="Ferries", lifespan=lifespan)

FerryNumber = Annotated[int, Path(ge=1)]


class Ferry(BaseModel):
    ferry: int
    seats: int


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/ferries/{ferry}")
async def seats_of(ferry: FerryNumber, request: Request) -> Ferry:
    answer = asyncio.get_running_loop().create_future()
    await request.state.questions.put((ferry, answer))
    response = await answer
    if response.status_code == httpx.codes.NOT_FOUND:
        raise HTTPException(404, "The harbour does not know this ferry.")
    response.raise_for_status()
    return Ferry(ferry=ferry, seats=response.json()["seats"])
