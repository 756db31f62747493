"""An app without a route."""

from fastapi import FastAPI

app = FastAPI()
