"""An app that sheds all load."""

from fastapi import FastAPI, HTTPException

app = FastAPI()


@app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
async def everything(path: str) -> None:
    """Any route."""
    raise HTTPException(503)
