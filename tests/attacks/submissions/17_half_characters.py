"""Answers with JSON that holds half a character, which no UTF-8 can hold; short and long, and deeply nested."""

import random

from fastapi import FastAPI, Response

BODIES = (b'{"order": "\\ud800"}', b'{"order": "\\udfff%s"}' % (b"x" * 5000), b"[" * 900 + b"]" * 900, b"1" * 5000, b'{"order": 1e999}')
app = FastAPI()


@app.get("/{path:path}")
async def half(path: str) -> Response:
    return Response(random.choice(BODIES[:2]) if random.random() < 0.8 else random.choice(BODIES[2:]), media_type="application/json")
