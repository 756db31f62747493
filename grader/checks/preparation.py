"""A kata's `run.py`, which sets up its services for `kata run` and `kata profile`, where no check does."""

import importlib.util
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import anyio.abc

from grader.catalog.manifest import Kata
from grader.checks.faults import describe, place_of
from grader.errors import GraderError, KataPackageError
from grader.registry import SERVICES
from grader.services.service import Running

FUNCTION = "prepare"
TASKS = "tasks"
"""The parameter of `prepare` that is not a service: a task group that lives as long as the app."""

HINT = "This is a fault of the kata; tell its author."


@dataclass(frozen=True)
class Preparation:
    """The function that sets up a kata's services.

    Attributes:
        file: the kata's `run.py`.
        function: its `prepare`.
        says: the first line of its docstring, shown to the learner.
    """

    file: Path
    function: Callable[..., Awaitable[None]]
    says: str

    async def carry_out(self, services: Mapping[str, Running], tasks: anyio.abc.TaskGroup) -> None:
        """Call `prepare` with the services that its parameters name.

        Args:
            services: the kata's services, by name.
            tasks: a task group that lives as long as the app.

        Raises:
            KataPackageError: `prepare` raised an exception. The message names the line.
        """
        offered = {name: service.fixture for name, service in services.items()} | {TASKS: tasks}
        wanted = {name: offered[name] for name in inspect.signature(self.function).parameters}
        try:
            await self.function(**wanted)
        except GraderError:
            raise
        except Exception as error:
            fault = f"{place_of(error, self.file)} raised {describe(error)}"
            raise KataPackageError(fault, HINT) from error


def read_preparation(kata: Kata) -> Preparation | None:
    """The preparation of a kata; None if it has no `run.py`.

    Raises:
        KataPackageError: `run.py` cannot be imported, or its `prepare` is missing or names an unknown service.
    """
    file = kata.preparation
    if not file.is_file():
        return None
    function = getattr(_imported(file), FUNCTION, None)
    if not inspect.iscoroutinefunction(function):
        raise KataPackageError(f"{file} has no `async def {FUNCTION}`.", HINT)
    for name in inspect.signature(function).parameters:
        if name not in (*kata.services, TASKS):
            known = ", ".join((*(name for name in SERVICES if name in kata.services), TASKS))
            raise KataPackageError(
                f"{file}: {FUNCTION} has a parameter `{name}`, which is no service of this kata.",
                f"Possible parameters: {known}.",
            )
    return Preparation(file, function, (inspect.getdoc(function) or "").partition("\n")[0])


def _imported(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("kata_run", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        fault = f"{place_of(error, file)} cannot be imported: {describe(error)}"
        raise KataPackageError(fault, HINT) from error
    return module
