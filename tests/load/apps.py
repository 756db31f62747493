"""An app for tests of the load client."""

SLEEPER = """
    import asyncio
    from fastapi import FastAPI, Request
    from fastapi.responses import StreamingResponse

    app = FastAPI()
    left = []

    @app.get("/sleep/{n}")
    async def sleep(n: int) -> int:
        await asyncio.sleep(0.05)
        return n

    @app.post("/echo")
    async def echo(request: Request) -> dict:
        return {"body": await request.json(), "agent": request.headers.get("x-agent")}

    @app.get("/stream")
    async def stream():
        async def parts():
            try:
                for _ in range(100):
                    yield b"x" * 10_000
                    await asyncio.sleep(0.001)
            finally:
                left.append(1)
        return StreamingResponse(parts())

    @app.get("/left")
    async def count() -> int:
        return len(left)

    @app.get("/never")
    async def never() -> None:
        await asyncio.sleep(600)

    begun, all_begun = [], asyncio.Event()

    @app.get("/together/{n}")
    async def together(n: int) -> int:
        begun.append(n)
        if len(begun) == 100:
            all_begun.set()
        await all_begun.wait()
        return n

    @app.get("/huge")
    async def huge():
        async def parts():
            while True:
                yield b"x" * 1_000_000
        return StreamingResponse(parts())
"""
