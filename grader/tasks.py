"""Helpers for structured concurrency."""

import contextlib
from collections.abc import AsyncIterator


@contextlib.asynccontextmanager
async def single_error() -> AsyncIterator[None]:
    """Raise the first error of a task group without its group: its tasks serve one purpose, so one says enough."""
    try:
        yield
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from None
