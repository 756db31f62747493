"""The services of one kata, together: what stands for a grading, and what is fresh for each check."""

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path

from grader.catalog.manifest import Kata
from grader.errors import HarnessError
from grader.services.service import Place, Running, Standing, Surroundings, services_of

SERVICES = "services"
"""In the grading's folder, where each service has a folder of its own."""


class StandingServices:
    """The services of a kata that stand for one grading.

    Args:
        kata: says what it needs.
        run_dir: the grading's temporary folder; each service gets a folder of its own in it.

    Raises:
        HarnessError: a folder cannot be made.
    """

    def __init__(self, kata: Kata, run_dir: Path) -> None:
        self._kata = kata
        self._services = services_of(kata)
        self._places = {
            service.name: Place(run_dir / SERVICES / service.name, run_dir)
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
        """Modules that a solution will import because of them."""
        return tuple(module for service in self._services for module in service.warm)

    @property
    def shared_folders(self) -> tuple[Path, ...]:
        """Folders that a solution must see."""
        return tuple(
            self._places[service.name].folder for service in self._services if service.is_shared
        )

    @contextlib.contextmanager
    def started(self) -> Iterator[None]:
        """Start them without waiting until they are ready; end them with the block.

        Raises:
            KataPackageError: a service's table in `kata.toml` is wrong.
            BrokenError: one cannot be started.
        """
        with contextlib.ExitStack() as stack:
            stack.callback(self._standing.clear)
            for service in self._services:
                self._standing[service.name] = stack.enter_context(
                    service.start(self._kata, self._places[service.name])
                )
            yield

    def have_ended(self) -> bool:
        """Whether a process of one has ended that should not have."""
        return any(standing.has_ended() for standing in self._standing.values())

    @contextlib.asynccontextmanager
    async def fresh(self, surroundings: Surroundings) -> AsyncIterator[Mapping[str, Running]]:
        """What one check gets, by the names of the services.

        Raises:
            BrokenError: a service failed.
        """
        async with contextlib.AsyncExitStack() as stack:
            yield {
                name: await stack.enter_async_context(standing.fresh(surroundings))
                for name, standing in self._standing.items()
            }


def environ_of(services: Mapping[str, Running]) -> dict[str, str]:
    """What tells a solution where these services are."""
    return {name: value for service in services.values() for name, value in service.environ.items()}


def titles_of(kata: Kata) -> Sequence[tuple[str, str]]:
    """The names of a kata's services with what they are called for people."""
    return [(service.name, service.title) for service in services_of(kata)]
