"""Is wrong in one of three answers, and hopes for luck."""

import random
from typing import Any

from base import app as right
from fastapi import FastAPI

wrong = FastAPI()


async def app(scope: Any, receive: Any, send: Any) -> None:
    is_wrong = scope["type"] == "http" and random.random() < 1 / 3
    await (wrong if is_wrong else right)(scope, receive, send)
