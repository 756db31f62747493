"""The interface of a service: all that the rest of the grader knows of it.

A service has two lifetimes: what runs for a whole grading (a PostgreSQL server), and what is fresh for each check (a
database in it). Fixtures, `kata run`, `kata doctor`, scaffolds and the solution's environment are derived from its
members.
"""

import socket
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from grader.catalog.manifest import Kata
from grader.facts import Fact
from grader.measure.attempt import AttemptContext
from grader.registry import SERVICES

if TYPE_CHECKING:
    from grader.services.fragment import Fragment

PASSABLE = 0o711
"""Mode of a folder that others may pass through, but not list."""

Listen = Callable[[], Awaitable[socket.socket]]
"""Returns a new socket that listens where the solution can reach it."""


@dataclass(frozen=True)
class Place:
    """Where a service puts the files of one grading, and finds the services that it needs.

    Attributes:
        folder: the service's own, empty at first; if the service `is_shared`, solutions see it, at the same path.
        run_dir: the grading's temporary folder, in which to note processes that must not outlive the grading.
        needed: what the service `needs`, by name; already started, perhaps not ready yet.
    """

    folder: Path
    run_dir: Path
    needed: Mapping[str, "Standing"] = field(default_factory=dict)

    def make(self) -> None:
        """Make the folder. A service that runs as another user can pass through its parents, but not list them.

        Raises:
            OSError: it cannot be made.
        """
        for folder in (self.folder.parent, self.folder):
            if folder != self.run_dir:
                folder.mkdir(exist_ok=True)
                folder.chmod(PASSABLE)  # whatever the umask is


@dataclass(frozen=True)
class Surroundings:
    """What a service gets for one check.

    Attributes:
        listen: returns a new socket that listens where the solution can reach it.
        attempt: has the recorder for its events and connections.
        needed: what the service `needs`, by name, as this check has it.
    """

    listen: Listen
    attempt: AttemptContext
    needed: Mapping[str, "Running"] = field(default_factory=dict)


def nothing_seen() -> str:
    """The `take_stock` of a service that counts nothing."""
    return ""


@dataclass(frozen=True)
class Running:
    """A service during one check.

    Attributes:
        fixture: what checks and `run.py` get under the service's name.
        address: where it is, as `kata run` shows it.
        environ: environment variables that tell the solution where it is.
        take_stock: summarises, for `kata run --load`, what it has seen since the last time, and forgets what has ended.
    """

    fixture: Any
    address: str
    environ: Mapping[str, str] = field(default_factory=dict)
    take_stock: Callable[[], str] = nothing_seen


class Standing(Protocol):
    """What of a service runs for a whole grading."""

    def fresh(self, surroundings: Surroundings) -> AbstractAsyncContextManager[Running]:
        """What one check gets of it, such as a new database.

        Raises:
            BrokenError: it failed.
        """

    def has_ended(self) -> bool:
        """Whether one of its processes has exited unexpectedly."""
        return False


@dataclass(frozen=True)
class StandingPerCheck(Standing):
    """The `Standing` of a service that runs anew for each check.

    Attributes:
        run: runs it for one check.
    """

    run: Callable[[Surroundings], AbstractAsyncContextManager[Running]]

    def fresh(self, surroundings: Surroundings) -> AbstractAsyncContextManager[Running]:
        """What one check gets."""
        return self.run(surroundings)


class Service(Protocol):
    """A kind of service. A module in the registry has one as `SERVICE`; it must subclass this, which gives the
    defaults.

    Attributes:
        name: in the registry, in `kata.toml`, and of the fixture: "postgres".
        title: for people: "Database".
        needs: names of services that it uses itself. They are started before it and handed to it, in `Place.needed` and
            `Surroundings.needed`, even when the kata does not name them.
        warm: modules that solutions import because of it; the launcher imports them once for all servers.
        is_shared: whether solutions see the service's folder.
    """

    name: str
    title: str
    needs: Sequence[str] = ()
    warm: Sequence[str] = ()
    is_shared: bool = False

    def fragment(self) -> "Fragment":
        """What it adds to the kata that `kata new` writes; by default, the file `NAME.toml` in the folder `fragments`.

        Raises:
            HarnessError: it cannot be read.
        """
        from grader.services.fragment import shipped_fragment  # late: only `kata new` needs it

        return shipped_fragment(self.name)

    def start(self, kata: Kata, place: Place) -> AbstractContextManager[Standing]:
        """Start what runs for the whole grading, without waiting until it is ready.

        Args:
            kata: `kata.options(name)` is the service's own table of `kata.toml`.
            place: for files and processes; has the services that it needs.

        Raises:
            KataPackageError: the table is wrong.
            BrokenError: it cannot be started.
        """

    def check_options(self, kata: Kata) -> None:
        """Check the service's table in `kata.toml`.

        Raises:
            KataPackageError: the table is wrong; the message names the key.
        """
        kata.options(self.name).refuse_unknown_keys()

    def files_of(self, kata: Kata) -> Sequence[str]:
        """Names of files in the kata's folder that belong to this service."""
        return ()

    def diagnose(self) -> Iterable[Fact]:
        """What `kata doctor` says about it; may take a second."""
        return ()


class ServicePerCheck(Service, Protocol):
    """A kind of service that starts anew for each check."""

    def run(self, surroundings: Surroundings) -> AbstractAsyncContextManager[Running]:
        """Run it for one check.

        Raises:
            BrokenError: it failed.
        """

    @contextmanager
    def start(self, kata: Kata, place: Place) -> Iterator[Standing]:
        """Start nothing yet; check the table in `kata.toml`."""
        self.check_options(kata)
        yield StandingPerCheck(self.run)


def find_service(name: str) -> Service:
    """The service of this name.

    Args:
        name: from the registry.
    """
    service: Service = import_module(SERVICES[name].module).SERVICE
    return service


def services_of(kata: Kata) -> list[Service]:
    """The services that a kata names, in the order of the registry."""
    return [find_service(name) for name in SERVICES if name in kata.services]
