"""Labels for parcels: a worker task collects the wishes of 0.25 s, and sends them to the printer together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import FastAPI, Path, Request
from pydantic import BaseModel

RENDER_S = 0.1
"""The printer needs this long for every label."""

COLLECT_S = 0.25


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.wishes = asyncio.Queue()
    worker = asyncio.create_task(work(app.state.wishes))
    yield
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


async def print_batch(batch: list[tuple[int, asyncio.Future[Label]]]) -> None:
    await asyncio.sleep(RENDER_S)
    for order, wish in batch:
        if not wish.done():
            wish.set_result(Label(order=order, barcode=barcode(order)))


async def work(wishes: asyncio.Queue[tuple[int, asyncio.Future[Label]]]) -> None:
    running: set[asyncio.Task[None]] = set()
    while True:
        batch = [await wishes.get()]
        await asyncio.sleep(COLLECT_S)
        while not wishes.empty():
            batch.append(wishes.get_nowait())
        task = asyncio.create_task(print_batch(batch))
        running.add(task)
        task.add_done_callback(running.discard)


@app.get("/labels/{order}")
async def label(order: OrderNumber, request: Request) -> Label:
    wish: asyncio.Future[Label] = asyncio.get_running_loop().create_future()
    request.app.state.wishes.put_nowait((order, wish))
    return await wish
