"""What mutants import: task groups that misbehave, and policies around a function or a call.

A copy of this file lies beside each mutant, as `mutant.py`. It may therefore import the standard library only. A mutant
has one change, so one policy object is enough for it.
"""

import asyncio
import functools
import inspect
import threading
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")
Key = tuple[object, ...]

PLAIN = (str, bytes, int, float, bool, type(None), tuple)
_background: set[asyncio.Future[Any]] = set()


def in_background(awaitable: Awaitable[Any]) -> None:
    """Start something without waiting for it."""
    task = asyncio.ensure_future(awaitable)
    _background.add(task)
    task.add_done_callback(_background.discard)


async def finished(task: Awaitable[Any]) -> None:
    """Wait until a task is done, whatever its result."""
    await asyncio.wait([asyncio.ensure_future(task)])


def block(duration_s: float) -> None:
    """Sleep, and block the event loop."""
    time.sleep(duration_s)


# ---- task groups ----------------------------------------------------------------------------------------------------


class KeepsSiblings:
    """A task group whose other tasks go on when one of them fails."""

    def __init__(self) -> None:
        self.tasks: list[asyncio.Future[Any]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            await self.join()

    def create_task(self, work: Coroutine[Any, Any, T], **_: Any) -> asyncio.Future[T]:
        """Start a task, as `asyncio.TaskGroup` does."""
        task = asyncio.ensure_future(work)
        self.tasks.append(task)
        return task

    def start_soon(self, function: Callable[..., Coroutine[Any, Any, Any]], *given: Any) -> None:
        """Start a task, as AnyIO's task groups do."""
        self.create_task(function(*given))

    async def join(self) -> None:
        """Wait for all tasks, or for the first failure.

        Raises:
            BaseExceptionGroup: with the first failure.
        """
        try:
            await asyncio.gather(*self.tasks)
        except Exception as error:
            raise ExceptionGroup("A task has failed.", [error]) from None


class WaitsForAll(KeepsSiblings):
    """A task group that reports a failure only when all its tasks are done."""

    async def join(self) -> None:
        """Wait for all tasks.

        Raises:
            BaseExceptionGroup: with all failures.
        """
        results = await asyncio.gather(*self.tasks, return_exceptions=True)
        errors = [result for result in results if isinstance(result, BaseException)]
        if errors:
            raise BaseExceptionGroup("Tasks have failed.", errors)


class InSequence(asyncio.TaskGroup):
    """A task group that runs its tasks one after another."""

    def __init__(self) -> None:
        super().__init__()
        self._last: asyncio.Task[Any] | None = None

    def create_task(self, coro: Any, **options: Any) -> asyncio.Task[Any]:
        """Start a task as soon as the one before is done."""
        before = self._last

        async def after() -> Any:
            if before is not None:
                await asyncio.wait([before])
            return await coro

        self._last = super().create_task(after(), **options)
        return self._last

    def start_soon(self, function: Callable[..., Any], *given: Any) -> None:
        """Start a task, as AnyIO's task groups do."""
        self.create_task(function(*given))


# ---- policies -------------------------------------------------------------------------------------------------------


def key_of(given: tuple[object, ...], named: dict[str, object]) -> Key:
    """What tells calls apart: plain values, and the values of models; clients, sessions and the like do not count."""
    values = (*given, *(value for _, value in sorted(named.items())))
    models = (str(value.model_dump_json()) for value in values if hasattr(value, "model_dump_json"))
    return (*(value for value in values if isinstance(value, PLAIN)), *models)


class Policy:
    """Stands around calls. A decorator of functions; `call` puts it around a single call that is awaited."""

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function with this policy around it."""
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def around(*given: Any, **named: Any) -> Any:
                return await self.call(function, *given, **named)

        else:

            @functools.wraps(function)
            def around(*given: Any, **named: Any) -> Any:
                return self.run_sync(key_of(given, named), lambda: function(*given, **named))

        return around

    async def call(self, function: Callable[..., Awaitable[Any]], *given: Any, **named: Any) -> Any:
        """Await one call under this policy."""
        return await self.run(key_of(given, named), lambda: function(*given, **named))

    async def run(self, key: Key, call: Callable[[], Awaitable[T]]) -> T:
        """Await the call; subclasses do more."""
        return await call()

    def run_sync(self, key: Key, call: Callable[[], T]) -> T:
        """Call a plain function; subclasses do more."""
        return call()


class Cached(Policy):
    """Remembers every result for ever."""

    def __init__(self) -> None:
        self._results: dict[Key, Any] = {}

    async def run(self, key: Key, call: Callable[[], Awaitable[T]]) -> T:
        """The first result."""
        if key not in self._results:
            self._results[key] = await call()
        result: T = self._results[key]
        return result

    def run_sync(self, key: Key, call: Callable[[], T]) -> T:
        """The first result."""
        if key not in self._results:
            self._results[key] = call()
        result: T = self._results[key]
        return result


class FailuresCached(Policy):
    """Remembers every failure for ever, and no result."""

    def __init__(self) -> None:
        self._failures: dict[Key, Exception] = {}

    async def run(self, key: Key, call: Callable[[], Awaitable[T]]) -> T:
        """A new result, unless the same call has failed before."""
        self._raise_known(key)
        try:
            return await call()
        except Exception as error:
            self._failures[key] = error
            raise

    def run_sync(self, key: Key, call: Callable[[], T]) -> T:
        """A new result, unless the same call has failed before."""
        self._raise_known(key)
        try:
            return call()
        except Exception as error:
            self._failures[key] = error
            raise

    def _raise_known(self, key: Key) -> None:
        if key in self._failures:
            raise self._failures[key]


class SingleFlight(Policy):
    """Callers with the same arguments share the call that is under way."""

    def __init__(self) -> None:
        self._going: dict[Key, asyncio.Future[Any]] = {}

    async def run(self, key: Key, call: Callable[[], Awaitable[T]]) -> T:
        """The result of the call under way, or of a new one."""
        if key not in self._going:
            self._going[key] = asyncio.ensure_future(call())
            self._going[key].add_done_callback(lambda _: self._going.pop(key))
        result: T = await asyncio.shield(self._going[key])
        return result


class OneAtATime(Policy):
    """One lock for all calls."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._thread_lock = threading.Lock()

    async def run(self, key: Key, call: Callable[[], Awaitable[T]]) -> T:
        """The result, when all earlier calls are done."""
        async with self._lock:
            return await call()

    def run_sync(self, key: Key, call: Callable[[], T]) -> T:
        """The result, when all earlier calls are done."""
        with self._thread_lock:
            return call()


class OnePerKey(Policy):
    """A lock for each set of arguments."""

    def __init__(self) -> None:
        self._locks: defaultdict[Key, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def run(self, key: Key, call: Callable[[], Awaitable[T]]) -> T:
        """The result, when all earlier calls with the same arguments are done."""
        async with self._locks[key]:
            return await call()


class Retried(Policy):
    """Calls again after a failure, once."""

    async def run(self, key: Key, call: Callable[[], Awaitable[T]]) -> T:
        """The result of the first or second call."""
        try:
            return await call()
        except Exception:
            return await call()

    def run_sync(self, key: Key, call: Callable[[], T]) -> T:
        """The result of the first or second call."""
        try:
            return call()
        except Exception:
            return call()


class NotCancelled(Policy):
    """Goes on when its caller is cancelled."""

    async def run(self, key: Key, call: Callable[[], Awaitable[T]]) -> T:
        """The result."""
        return await asyncio.shield(asyncio.ensure_future(call()))


cached, failures_cached, single_flight = Cached(), FailuresCached(), SingleFlight()
one_at_a_time, one_per_key = OneAtATime(), OnePerKey()
retried, not_cancelled = Retried(), NotCancelled()
