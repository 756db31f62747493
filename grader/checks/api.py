"""The API that a kata's `checks.py` imports: the types of its fixtures, and `expect`.

The fixture types of services are looked up in the registry, so that a check loads only the services that it uses.
"""

from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from grader.catalog.promises import Promises
from grader.checks.expect import expect
from grader.checks.server import Server
from grader.evidence.server import Sample
from grader.load.answers import Answer, Crowd, Pending
from grader.load.shapes import Schedule, Sending
from grader.registry import SERVICES

# For editors and type checkers. At run time `__getattr__` finds these types and those of all other services.
if TYPE_CHECKING:
    from grader.services.files import Fifo, Files
    from grader.services.postgres import Postgres
    from grader.services.upstream import Asked, Call, Case, Hold, Upstream

__all__ = [
    "Answer",
    "Asked",
    "Call",
    "Case",
    "Crowd",
    "Fifo",
    "Files",
    "Hold",
    "Pending",
    "Postgres",
    "Promises",
    "Sample",
    "Schedule",
    "Sending",
    "Server",
    "Upstream",
    "alone",
    "expect",
]


_ALONE = "needs_the_machine_alone"

Function = TypeVar("Function", bound=Callable[..., Awaitable[None]])


def alone(check: Function) -> Function:
    """A decorator for checks that need the machine alone, because they measure clock limits or compute heavily.

    All other checks run side by side; these run afterwards, one at a time.
    """
    setattr(check, _ALONE, True)
    return check


def is_alone(check: Callable[..., Any]) -> bool:
    """Whether a check needs the machine alone."""
    return getattr(check, _ALONE, False)


def __getattr__(name: str) -> Any:
    for service in SERVICES.values():
        if name in service.exports:
            return getattr(import_module(service.module), name)
    raise AttributeError(f"grader.checks.api has no {name!r}")
