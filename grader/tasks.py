"""What structured concurrency needs everywhere."""

import contextlib
from collections.abc import AsyncIterator


@contextlib.asynccontextmanager
async def single_error() -> AsyncIterator[None]:
    """Raise the first error of a task group by itself: here all tasks serve one purpose, so the first one says it."""
    try:
        yield
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from None
