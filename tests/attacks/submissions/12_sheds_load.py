"""Answers the first two of a crowd properly and fast, and everybody else with 503."""

from typing import Any

from base import app as right
from fastapi import FastAPI, HTTPException

inside = 0
full = FastAPI()


@full.api_route("/{path:path}")
async def shed(path: str) -> None:
    raise HTTPException(503)


async def app(scope: Any, receive: Any, send: Any) -> None:
    global inside
    counts = scope["type"] == "http"
    inside += counts
    try:
        await (full if inside > 2 else right)(scope, receive, send)
    finally:
        inside -= counts
