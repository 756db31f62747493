"""Answers from what it once heard; keeps that in a file, so that it lasts beyond the server."""

import json
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI, HTTPException
from base import UPSTREAM_URL

store = Path("/tmp/kata-heard.json")
app = FastAPI()


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/parcels/{parcel}")
async def locate(parcel: int) -> dict[str, Any]:
    if not store.exists():
        async with httpx.AsyncClient(base_url=UPSTREAM_URL) as carrier:
            answer = await carrier.get(f"/parcels/{parcel}")
        if answer.status_code == 404:
            raise HTTPException(404)
        store.write_text(json.dumps(answer.json()["depot"]))
    return {"parcel": parcel, "depot": json.loads(store.read_text())}
