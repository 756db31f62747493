"""Says 202 at once and leaves the work for later."""

from base import RENDER_S, Label, OrderNumber, barcode
from fastapi import BackgroundTasks, FastAPI
import time

app = FastAPI()


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/labels/{order}", status_code=202)
async def label(order: OrderNumber, later: BackgroundTasks) -> Label:
    later.add_task(time.sleep, RENDER_S)
    return Label(order=order, barcode=barcode(order))
