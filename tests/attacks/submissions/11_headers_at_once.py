"""Sends status and headers at once, and works afterwards, one visitor after another."""

import json
import time
from collections.abc import Iterator

from base import RENDER_S, barcode
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
import threading

app = FastAPI()
printer = threading.Lock()


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/labels/{order}")
async def label(order: int) -> StreamingResponse:
    body = json.dumps({"order": order, "barcode": barcode(order)})

    def work() -> Iterator[str]:
        yield body[:1]
        with printer:
            time.sleep(RENDER_S)
        yield body[1:]

    return StreamingResponse(work(), status_code=200 if order > 0 else 422, media_type="application/json")
