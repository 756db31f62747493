"""Price lists: what the items of a list cost at this moment."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, TypedDict

import httpx
from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel, Field

WHOLESALER_URL = os.environ["UPSTREAM_URL"]
"""The wholesaler's price service."""

WORKERS = 10
"""Each makes one call at a time; the wholesaler allows ten."""

TIMEOUT = httpx.Timeout(5.0, pool=0.4)
"""A call may take 5 s; for a connection nobody should have to wait."""


class Wanted(BaseModel):
    items: Annotated[list[int], Field(min_length=1, max_length=200)]


class Price(BaseModel):
    item: int
    cents: int | None


@dataclass
class Job:
    """An item, and where its price is waited for."""

    item: int
    price: asyncio.Future[Price] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


Jobs = asyncio.Queue[Job]


class State(TypedDict):
    jobs: Jobs


async def find_price(wholesaler: httpx.AsyncClient, item: int) -> Price:
    """What the wholesaler asks for an item, if it is on sale."""
    response = await wholesaler.get(f"/prices/{item}")
    if response.status_code == httpx.codes.NOT_FOUND:
        return Price(item=item, cents=None)
    response.raise_for_status()
    return Price(item=item, cents=response.json()["cents"])


async def work(wholesaler: httpx.AsyncClient, jobs: Jobs) -> None:
    """Do one job after another; a failed one is told to who waits for it, and to nobody else."""
    while True:
        job = await jobs.get()
        if job.price.cancelled():
            continue
        try:
            price = await find_price(wholesaler, job.item)
        except Exception as error:  # noqa: BLE001
            if not job.price.cancelled():
                job.price.set_exception(error)
        else:
            if not job.price.cancelled():
                job.price.set_result(price)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    jobs = Jobs()
    async with httpx.AsyncClient(base_url=WHOLESALER_URL, timeout=TIMEOUT) as wholesaler, asyncio.TaskGroup() as group:
        workers = [group.create_task(work(wholesaler, jobs)) for _ in range(WORKERS)]
        yield {"jobs": jobs}
        for worker in workers:
            worker.cancel()


app = FastAPI(title="Price lists", lifespan=lifespan)


async def get_jobs(request: Request) -> Jobs:
    jobs: Jobs = request.state.jobs
    return jobs


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/price-lists")
async def make_price_list(wanted: Wanted, queue: Annotated[Jobs, Depends(get_jobs)]) -> list[Price]:
    jobs = [Job(item) for item in wanted.items]
    for job in jobs:
        queue.put_nowait(job)
    try:
        return await asyncio.gather(*(job.price for job in jobs))
    except httpx.HTTPError as error:
        for job in jobs:
            job.price.cancel()
        raise HTTPException(502, "The wholesaler's service has failed.") from error
