"""Labels for parcels: renders the label of an order on the label printer of the warehouse."""

import asyncio
from typing import Annotated

from fastapi import FastAPI, Path
from pydantic import BaseModel
from starlette.types import ASGIApp, Message, Receive, Scope, Send

RENDER_S = 0.1
"""The printer needs this long for every label."""

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


class Places:
    """Lets 20 visitors in at a time."""

    def __init__(self, inner: ASGIApp) -> None:
        self.inner = inner
        self.places = asyncio.Semaphore(100)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/labels/"):
            await self.inner(scope, receive, send)
            return

        async def send_and_release(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                self.places.release()
            await send(message)

        await self.places.acquire()
        await self.inner(scope, receive, send_and_release)


app.add_middleware(Places)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/labels/{order}")
async def label(order: OrderNumber) -> Label:
    await asyncio.sleep(RENDER_S)  # the printer renders
    return Label(order=order, barcode=barcode(order))
