"""Answers with 1 GiB packed into a megabyte, and says that it is packed."""

import gzip
from typing import Any

from fastapi import FastAPI, Response

packed = gzip.compress(bytes(64 * 1024 * 1024)) * 16
app = FastAPI()


@app.get("/{path:path}")
async def bomb(path: str) -> Response:
    return Response(packed, headers={"content-encoding": "gzip", "content-type": "application/json"})
