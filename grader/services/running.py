"""All services of one kata: started once per grading, fresh for each check."""

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from grader.catalog.manifest import Kata
from grader.errors import HarnessError
from grader.registry import SERVICES
from grader.services.service import (
    CheckContext,
    GradingContext,
    Running,
    Service,
    StartedService,
    find_service,
    services_of,
)

FOLDER = "services"
"""Name of the folder, within the grading's, in which each service has its own."""


class KataServices:
    """The services that a kata names, and the services that those need, during one grading.

    A service that is needed but not named by the kata is hidden: it has no fixture and sets no environment variable.

    Args:
        kata: names its services.
        run_dir: the grading's temporary folder; each service gets a folder in it.

    Raises:
        HarnessError: a folder cannot be made, or a needed service is unknown or part of a cycle.
    """

    def __init__(self, kata: Kata, run_dir: Path) -> None:
        self._kata = kata
        self._named = services_of(kata)
        self._services = with_needs(self._named)
        self._contexts = {
            service.name: GradingContext(run_dir / FOLDER / service.name, run_dir)
            for service in self._services
        }
        self._started: dict[str, StartedService] = {}
        try:
            for context in self._contexts.values():
                context.make_folder()
        except OSError as error:
            raise HarnessError(
                f"Cannot make a folder in {run_dir}: {error.strerror}.",
                "Free some space, or set TMPDIR.",
            ) from error

    @property
    def warm(self) -> tuple[str, ...]:
        """Modules that solutions import to use these services."""
        return tuple(module for service in self._named for module in service.warm)

    @property
    def shared_folders(self) -> tuple[Path, ...]:
        """Folders of services that solutions must be able to access."""
        return tuple(
            self._contexts[service.name].folder for service in self._named if service.is_shared
        )

    @contextlib.contextmanager
    def started(self) -> Iterator[None]:
        """Start the services without waiting until they are ready; stop them at the end of the block.

        Raises:
            KataPackageError: a service's table in `kata.toml` is wrong.
            BrokenError: a service cannot be started.
        """
        with contextlib.ExitStack() as stack:
            stack.callback(self._started.clear)
            for service in self._services:
                needed = {name: self._started[name] for name in service.needs}
                context = replace(self._contexts[service.name], needed=needed)
                self._started[service.name] = stack.enter_context(
                    service.start(self._kata, context)
                )
            yield

    def have_ended(self) -> bool:
        """Whether a process of any service has exited unexpectedly."""
        return any(started.has_ended() for started in self._started.values())

    @contextlib.asynccontextmanager
    async def fresh(self, context: CheckContext) -> AsyncIterator[Mapping[str, Running]]:
        """Fresh services for one check, by name; hidden ones are left out.

        Raises:
            BrokenError: a service failed.
        """
        running: dict[str, Running] = {}
        async with contextlib.AsyncExitStack() as stack:
            for service in self._services:
                needed = {name: running[name] for name in service.needs}
                running[service.name] = await stack.enter_async_context(
                    self._started[service.name].fresh(replace(context, needed=needed))
                )
            yield {service.name: running[service.name] for service in self._named}


def with_needs(services: Sequence[Service]) -> list[Service]:
    """These services and all that they need, directly or indirectly; each comes after those it needs.

    Raises:
        HarnessError: a needed service is not in the registry, or services need each other in a cycle.
    """
    ordered: dict[str, Service] = {}

    def add(service: Service, needed_by: tuple[str, ...]) -> None:
        if service.name in needed_by:
            cycle = " → ".join((*needed_by[needed_by.index(service.name) :], service.name))
            raise HarnessError(
                f"Services need each other in a cycle: {cycle}.",
                "Remove one of these names from the `needs` of its service.",
            )
        for name in service.needs:
            if name not in SERVICES:
                raise HarnessError(
                    f"The service {service.name} needs {name}, which is not in grader/registry.py.",
                    f"Add it there, or correct the `needs` of {service.name}.",
                )
            add(find_service(name), (*needed_by, service.name))
        ordered.setdefault(service.name, service)

    for service in services:
        add(service, ())
    return list(ordered.values())


def environ_of(services: Mapping[str, Running]) -> dict[str, str]:
    """The environment variables that tell a solution where these services are."""
    return {name: value for service in services.values() for name, value in service.environ.items()}


def titles_of(kata: Kata) -> Sequence[tuple[str, str]]:
    """The names of a kata's services, each with its title."""
    return [(service.name, service.title) for service in services_of(kata)]
