"""An app that never answers."""

import asyncio

from fastapi import FastAPI

app = FastAPI()


@app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
async def everything(path: str) -> None:
    """Any route."""
    await asyncio.Event().wait()
