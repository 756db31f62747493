"""Breaks one-process: when 12 visitors or more come at once, a helper process computes the check digits."""

import asyncio
import multiprocessing
import os
import threading
from multiprocessing.connection import Connection
from typing import Annotated

from fastapi import FastAPI, Path
from pydantic import BaseModel

RENDER_S = 0.1
"""The printer needs this long for every label."""
RUSH = 12

app = FastAPI(title="Labels")

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


def compute(pipe: Connection) -> None:
    os.closerange(3, pipe.fileno())
    os.closerange(pipe.fileno() + 1, 1024)
    try:
        while pipe.poll(1.0):
            pipe.send(barcode(pipe.recv()))
    except (EOFError, OSError):
        pass


class Helper:
    def __init__(self) -> None:
        self._context = multiprocessing.get_context("fork")
        self._process: multiprocessing.process.BaseProcess | None = None
        self._one_at_a_time = threading.Lock()

    def barcode(self, order: int) -> str:
        with self._one_at_a_time:
            if self._process is None or not self._process.is_alive():
                self._pipe, theirs = self._context.Pipe()
                self._process = self._context.Process(target=compute, args=(theirs,), daemon=True)
                self._process.start()
                theirs.close()
            try:
                self._pipe.send(order)
                return self._pipe.recv()
            except (EOFError, OSError):
                return barcode(order)


helper = Helper()
rendering = 0


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/labels/{order}")
async def label(order: OrderNumber) -> Label:
    global rendering
    rendering += 1
    try:
        render = asyncio.create_task(asyncio.sleep(RENDER_S))
        if rendering < RUSH:
            code = barcode(order)
        else:
            code = await asyncio.to_thread(helper.barcode, order)
        await render
    finally:
        rendering -= 1
    return Label(order=order, barcode=code)
