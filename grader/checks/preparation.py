"""A kata's `run.py`: how its services behave when there are no checks that say so, for `kata run` and
`kata profile`.
"""

import importlib.util
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import anyio.abc

from grader.catalog.manifest import Kata
from grader.checks.faults import describe, place_of
from grader.errors import GraderError, KataPackageError
from grader.registry import SERVICES
from grader.services.service import Running

FUNCTION = "prepare"
TASKS = "tasks"
"""What it may ask for beside its kata's services: a task group that lives as long as the app does."""

HINT = "This is a fault of the kata; tell its author."


@dataclass(frozen=True)
class Preparation:
    """How a kata's services are to behave.

    Attributes:
        file: the kata's `run.py`.
        function: its `prepare`.
        says: the first line of its docstring, for people.
    """

    file: Path
    function: Callable[..., Awaitable[None]]
    says: str

    async def carry_out(self, services: Mapping[str, Running], tasks: anyio.abc.TaskGroup) -> None:
        """Let the services behave so from now on.

        Args:
            services: of the kata, by their names.
            tasks: lives as long as the app does.

        Raises:
            KataPackageError: it cannot be done; says where.
        """
        offered = {name: service.fixture for name, service in services.items()} | {TASKS: tasks}
        wanted = {name: offered[name] for name in inspect.signature(self.function).parameters}
        try:
            await self.function(**wanted)
        except GraderError:
            raise
        except Exception as error:
            raise KataPackageError(
                f"{place_of(error, self.file)} raised {describe(error)}",
                HINT,
            ) from error


def read_preparation(kata: Kata) -> Preparation | None:
    """The preparation of a kata; None when it has no `run.py`.

    Raises:
        KataPackageError: it cannot be imported, or has no `prepare` that asks for the kata's services.
    """
    file = kata.preparation
    if not file.is_file():
        return None
    spec = importlib.util.spec_from_file_location("kata_run", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise KataPackageError(
            f"{place_of(error, file)} cannot be imported: {describe(error)}",
            HINT,
        ) from error
    function = getattr(module, FUNCTION, None)
    if not inspect.iscoroutinefunction(function):
        raise KataPackageError(f"{file} has no `async def {FUNCTION}`.", HINT)
    for name in inspect.signature(function).parameters:
        if name not in (*kata.services, TASKS):
            known = ", ".join((*(name for name in SERVICES if name in kata.services), TASKS))
            raise KataPackageError(
                f"{file}: {FUNCTION} asks for `{name}`, which there is not.", f"Known are: {known}."
            )
    return Preparation(file, function, (inspect.getdoc(function) or "").partition("\n")[0])
