"""Labels for parcels: renders the label of an order on the label printer of the warehouse."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import FastAPI, Path, Request
from pydantic import BaseModel

RENDER_S = 0.1
"""The printer needs this long for every label."""

WORKERS = 20

Jobs = asyncio.Queue[tuple[int, "asyncio.Future[Label]"]]


async def work(jobs: Jobs) -> None:
    """Render one label after another."""
    while True:
        order, ready = await jobs.get()
        await asyncio.sleep(RENDER_S)  # the printer renders
        if not ready.done():
            ready.set_result(Label(order=order, barcode=barcode(order)))


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Jobs]]:
    jobs: Jobs = asyncio.Queue()
    workers = [asyncio.create_task(work(jobs)) for _ in range(WORKERS)]
    yield {"jobs": jobs}
    for worker in workers:
        worker.cancel()


app = FastAPI(title="Labels", lifespan=lifespan)

OrderNumber = Annotated[int, Path(ge=1)]


class Label(BaseModel):
    order: int
    barcode: str


def barcode(order: int) -> str:
    """The order number with its check digit (Luhn)."""
    digits = [int(digit) for digit in str(order)]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[::-2]]
    check = -(sum(doubled) + sum(digits[-2::-2])) % 10
    return f"{order}{check}"


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/labels/{order}")
async def label(order: OrderNumber, request: Request) -> Label:
    ready = asyncio.get_running_loop().create_future()
    request.state.jobs.put_nowait((order, ready))
    return await ready
