"""Gives a wrong answer on its first server and right ones on all others, and hopes that what failed is tried again."""

import os
from pathlib import Path

from base import app as right
from fastapi import FastAPI

mark = Path(os.environ["HOME"], "first")
app = right if mark.exists() else FastAPI()
mark.touch()
