"""The services of one kata together: what runs for a whole grading, and what is fresh for each check."""

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from grader.catalog.manifest import Kata
from grader.errors import HarnessError
from grader.registry import SERVICES
from grader.services.service import (
    Place,
    Running,
    Service,
    Standing,
    Surroundings,
    find_service,
    services_of,
)

FOLDER = "services"
"""Name of the folder, within the grading's, in which each service has its own."""


class StandingServices:
    """The services of a kata that run for one grading, and what these need in turn.

    A service that another one needs, and that the kata does not name, is started, too, but hidden from the solution and
    the checks: it has no fixture and sets no environment variable.

    Args:
        kata: names its services.
        run_dir: the grading's temporary folder; each service gets its own folder in it.

    Raises:
        HarnessError: a folder cannot be made, or the needs of a service cannot be met.
    """

    def __init__(self, kata: Kata, run_dir: Path) -> None:
        self._kata = kata
        self._named = services_of(kata)
        self._services = with_needs(self._named)
        self._places = {
            service.name: Place(run_dir / FOLDER / service.name, run_dir)
            for service in self._services
        }
        self._standing: dict[str, Standing] = {}
        try:
            for place in self._places.values():
                place.make()
        except OSError as error:
            raise HarnessError(
                f"No folder can be made in {run_dir}: {error.strerror}.",
                "Free some space, or set TMPDIR.",
            ) from error

    @property
    def warm(self) -> tuple[str, ...]:
        """Modules that a solution imports because of them."""
        return tuple(module for service in self._named for module in service.warm)

    @property
    def shared_folders(self) -> tuple[Path, ...]:
        """Folders that a solution must see."""
        return tuple(
            self._places[service.name].folder for service in self._named if service.is_shared
        )

    @contextlib.contextmanager
    def started(self) -> Iterator[None]:
        """Start them without waiting until they are ready; end them when the block ends.

        Raises:
            KataPackageError: a service's table in `kata.toml` is wrong.
            BrokenError: one cannot be started.
        """
        with contextlib.ExitStack() as stack:
            stack.callback(self._standing.clear)
            for service in self._services:
                needed = {name: self._standing[name] for name in service.needs}
                place = replace(self._places[service.name], needed=needed)
                self._standing[service.name] = stack.enter_context(service.start(self._kata, place))
            yield

    def have_ended(self) -> bool:
        """Whether a process of one of them has exited unexpectedly."""
        return any(standing.has_ended() for standing in self._standing.values())

    @contextlib.asynccontextmanager
    async def fresh(self, surroundings: Surroundings) -> AsyncIterator[Mapping[str, Running]]:
        """What one check gets, by the names of the services.

        Raises:
            BrokenError: a service failed.
        """
        running: dict[str, Running] = {}
        async with contextlib.AsyncExitStack() as stack:
            for service in self._services:
                needed = {name: running[name] for name in service.needs}
                running[service.name] = await stack.enter_async_context(
                    self._standing[service.name].fresh(replace(surroundings, needed=needed))
                )
            yield {service.name: running[service.name] for service in self._named}


def with_needs(services: Sequence[Service]) -> list[Service]:
    """These services and all that they need, each after what it needs.

    Raises:
        HarnessError: one needs a service that is not in the registry, or services need each other in a circle.
    """
    ordered: dict[str, Service] = {}

    def add(service: Service, needed_by: tuple[str, ...]) -> None:
        if service.name in needed_by:
            circle = " → ".join((*needed_by[needed_by.index(service.name) :], service.name))
            raise HarnessError(
                f"Services need each other in a circle: {circle}.",
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
