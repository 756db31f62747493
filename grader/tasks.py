"""Helpers for structured concurrency."""

import contextlib
from collections.abc import AsyncIterator


@contextlib.asynccontextmanager
async def single_error() -> AsyncIterator[None]:
    """Unwrap an exception group and raise its first error, for tasks that all fail for the same reason."""
    try:
        yield
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from None
