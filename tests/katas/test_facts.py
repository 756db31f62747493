"""Facts that katas teach are true for the installed versions; each fact for which a README names a version is here."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from typing import Annotated, Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request
from fastapi.responses import StreamingResponse
from httpx import ASGITransport, AsyncClient
from starlette.responses import Response

Message = MutableMapping[str, Any]


async def get(app: FastAPI, path: str = "/") -> tuple[int, str]:
    """Status and body."""
    transport = ASGITransport(app=app, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://app") as client:
        response = await client.get(path)
        return response.status_code, response.text


async def visit_and_leave(
    app: FastAPI, left: asyncio.Event, sent: Callable[[Message], None] = lambda _: None
) -> None:
    """Request `/`, and disconnect when the event is set, with the messages that uvicorn sends."""
    messages: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        if messages:
            return messages.pop()
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "path": "/",
        "raw_path": b"/",
    }
    await app(
        {
            **scope,
            "query_string": b"",
            "headers": [],
            "scheme": "http",
            "server": ("app", 80),
            "client": ("1", 1),
        },
        receive,
        send,
    )


# ---- threads --------------------------------------------------------------------------------------------------------


async def test_plain_handlers_share_forty_threads() -> None:
    assert anyio.to_thread.current_default_thread_limiter().total_tokens == 40


def test_the_thread_limiter_needs_a_running_loop() -> None:
    with pytest.raises(anyio.NoEventLoopError):
        anyio.to_thread.current_default_thread_limiter()


async def test_asyncio_has_four_threads_more_than_there_are_cores() -> None:
    await asyncio.to_thread(int)
    executor = asyncio.get_running_loop()._default_executor  # type: ignore[attr-defined]
    assert executor._max_workers == min(32, (os.cpu_count() or 1) + 4)


# ---- context --------------------------------------------------------------------------------------------------------

name: ContextVar[str] = ContextVar("name", default="guest")


def set_in_a_def() -> None:
    name.set("def")


async def set_in_an_async_def() -> None:
    name.set("async def")


@pytest.mark.parametrize(
    ("dependency", "seen"), [(set_in_a_def, "guest"), (set_in_an_async_def, "async def")]
)
async def test_a_plain_dependency_sets_context_variables_in_a_copy(
    dependency: Callable[[], Any], seen: str
) -> None:
    app = FastAPI()

    @app.get("/", dependencies=[Depends(dependency)])
    async def read() -> str:
        return name.get()

    assert await get(app) == (200, f'"{seen}"')


async def test_to_thread_copies_the_context_and_run_in_executor_does_not() -> None:
    name.set("mine")
    assert await asyncio.to_thread(name.get) == "mine"
    assert await asyncio.get_running_loop().run_in_executor(None, name.get) == "guest"


# ---- disconnects ---------------------------------------------------------------------------------------------


async def test_a_handler_is_not_cancelled_when_its_visitor_leaves() -> None:
    app, left, ended = FastAPI(), asyncio.Event(), []

    @app.get("/")
    async def work() -> None:
        left.set()
        await asyncio.sleep(0.02)
        ended.append("finished")

    await visit_and_leave(app, left)
    assert ended == ["finished"]


async def test_a_stream_is_cancelled_when_its_visitor_leaves() -> None:
    app, left, ended = FastAPI(), asyncio.Event(), []

    async def items() -> AsyncIterator[str]:
        yield "first"
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    @app.get("/")
    async def stream() -> StreamingResponse:
        return StreamingResponse(items())

    await visit_and_leave(
        app, left, lambda message: left.set() if message.get("body") == b"first" else None
    )
    assert ended == ["cancelled"]


@pytest.mark.parametrize("behind_a_middleware", [False, True])
async def test_behind_a_middleware_is_disconnected_never_becomes_true(
    behind_a_middleware: bool,
) -> None:
    app, left, seen = FastAPI(), asyncio.Event(), []

    if behind_a_middleware:

        @app.middleware("http")
        async def pass_on(
            request: Request, call_next: Callable[[Request], Awaitable[Response]]
        ) -> Response:
            return await call_next(request)

    @app.get("/")
    async def ask(request: Request) -> None:
        await request.body()
        left.set()
        await asyncio.sleep(0.02)
        seen.append(await request.is_disconnected())

    await visit_and_leave(app, left)
    assert seen == [not behind_a_middleware]


# ---- dependencies with yield ----------------------------------------------------------------------------------------


async def test_code_after_a_yield_runs_after_the_stream() -> None:
    app, order = FastAPI(), []

    async def opened() -> AsyncIterator[None]:
        yield
        order.append("closed")

    async def items() -> AsyncIterator[str]:
        order.append("streamed")
        yield "x"

    @app.get("/")
    async def stream(_: Annotated[None, Depends(opened)]) -> StreamingResponse:
        return StreamingResponse(items())

    await get(app)
    assert order == ["streamed", "closed"]


async def test_background_tasks_do_not_run_after_an_exception() -> None:
    app = FastAPI()
    ran: list[str] = []

    @app.get("/")
    async def fail(background: BackgroundTasks) -> None:
        background.add_task(ran.append, "ran")
        raise HTTPException(503)

    assert (await get(app))[0] == 503
    assert ran == []


# ---- groups and cancellation ----------------------------------------------------------------------------------------


async def fail_with(error: Exception) -> None:
    raise error


async def test_an_error_leaves_a_task_group_in_an_exception_group_and_is_a_500() -> None:
    app = FastAPI()

    @app.get("/asyncio")
    async def with_asyncio() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail_with(HTTPException(404)))

    @app.get("/anyio")
    async def with_anyio() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(fail_with, HTTPException(404))

    assert (await get(app, "/asyncio"))[0] == (await get(app, "/anyio"))[0] == 500


def open_a_group() -> None:
    try:
        raise ExceptionGroup("", [KeyError()])
    except* KeyError:
        raise ValueError from None


def test_an_exception_raised_in_except_star_is_not_wrapped_in_a_group() -> None:
    with pytest.raises(ValueError if sys.version_info >= (3, 11, 4) else ExceptionGroup):
        open_a_group()


async def test_gather_raises_the_first_error_and_cancels_nothing() -> None:
    sibling = asyncio.create_task(asyncio.sleep(0.02, "done"))
    with pytest.raises(KeyError):
        await asyncio.gather(fail_with(KeyError()), sibling)
    assert not sibling.done()
    assert await sibling == "done"


async def test_an_anyio_scope_stays_cancelled_except_within_a_shield() -> None:
    reached = []
    with anyio.CancelScope() as scope:
        scope.cancel()
        try:
            await anyio.lowlevel.checkpoint()
        finally:
            with contextlib.suppress(asyncio.CancelledError):
                await anyio.lowlevel.checkpoint()
                reached.append("unshielded")
            with anyio.CancelScope(shield=True):
                await anyio.lowlevel.checkpoint()
                reached.append("shielded")
    assert reached == ["shielded"]


async def test_an_asyncio_task_is_cancelled_once() -> None:
    reached = []

    async def clean_up() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            reached.append("cleaned up")

    task = asyncio.create_task(clean_up())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert reached == ["cleaned up"]


# ---- clients --------------------------------------------------------------------------------------------------------


async def test_a_client_has_timeouts_of_five_seconds_and_a_hundred_connections() -> None:
    async with AsyncClient() as client:
        assert client.timeout.as_dict() == {"connect": 5.0, "read": 5.0, "write": 5.0, "pool": 5.0}
        pool = client._transport._pool  # type: ignore[attr-defined]
        assert (pool._max_connections, pool._max_keepalive_connections) == (100, 20)


async def test_a_semaphore_around_create_task_limits_nothing() -> None:
    semaphore, running, most = asyncio.Semaphore(1), 0, 0

    async def work() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1

    tasks = []
    for _ in range(3):
        async with semaphore:
            tasks.append(asyncio.create_task(work()))
    await asyncio.gather(*tasks)
    assert most == 3
