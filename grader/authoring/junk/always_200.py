"""An app that answers 200 to everything."""

from fastapi import FastAPI

app = FastAPI()


@app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
async def everything(path: str) -> dict[str, str]:
    """Any route."""
    return {"status": "ok"}
