"""The interface between services and the rest of the grader.

A service has two lifetimes. Its expensive part runs for a whole grading, such as a PostgreSQL server; each check gets a
fresh part, such as a database on that server. Fixtures, `kata run`, `kata doctor`, scaffolds and the solution's
environment variables are derived from this interface.
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
"""Mode of a folder that other users may traverse but not list."""

Listen = Callable[[], Awaitable[socket.socket]]
"""Opens a listening socket that the solution can reach."""


@dataclass(frozen=True)
class GradingContext:
    """A service's files and its needed services, for one grading.

    Attributes:
        folder: for the service's files, empty at first. Solutions can access it, at the same path, if the service
            `is_shared`.
        run_dir: the grading's temporary folder; `note_process` records there the processes to clean up.
        needed: the services listed in `needs`, by name; started, but perhaps not ready yet.
    """

    folder: Path
    run_dir: Path
    needed: Mapping[str, "StartedService"] = field(default_factory=dict)

    def make_folder(self) -> None:
        """Make the folder. A service that runs as another user can traverse its parents but not list them.

        Raises:
            OSError: it cannot be made.
        """
        for folder in (self.folder.parent, self.folder):
            if folder != self.run_dir:
                folder.mkdir(exist_ok=True)
                folder.chmod(PASSABLE)  # mkdir applies the umask


@dataclass(frozen=True)
class CheckContext:
    """What a service may use during one check.

    Attributes:
        listen: opens a socket that the solution can reach.
        attempt: its recorder takes the service's events and connections.
        needed: this check's instances of the services listed in `needs`, by name.
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
        fixture: the object passed to checks and `run.py`.
        address: as `kata run` shows it.
        environ: environment variables from which the solution learns the address.
        take_stock: summarises the traffic since the previous call, for `kata run --load`, and forgets finished events.
    """

    fixture: Any
    address: str
    environ: Mapping[str, str] = field(default_factory=dict)
    take_stock: Callable[[], str] = nothing_seen


class StartedService(Protocol):
    """The part of a service that runs for a whole grading."""

    def fresh(self, context: CheckContext) -> AbstractAsyncContextManager[Running]:
        """Make the part for one check, such as a new database.

        Raises:
            BrokenError: the service failed.
        """

    def has_ended(self) -> bool:
        """Whether one of its processes has exited unexpectedly."""
        return False


@dataclass(frozen=True)
class StartedPerCheck(StartedService):
    """The `StartedService` of a service that starts only when a check begins.

    Attributes:
        run: runs the service for one check.
    """

    run: Callable[[CheckContext], AbstractAsyncContextManager[Running]]

    def fresh(self, context: CheckContext) -> AbstractAsyncContextManager[Running]:
        """Run the service for one check."""
        return self.run(context)


class Service(Protocol):
    """A kind of service. A module in the registry defines one as `SERVICE`; it must be a subclass.

    Attributes:
        name: in the registry and in `kata.toml`, and name of the fixture: "postgres".
        title: as shown to people: "Database".
        needs: names of other services that this one uses. They are started first and passed in
            `GradingContext.needed` and `CheckContext.needed`, even when the kata does not name them.
        warm: modules that solutions import to use the service; the launcher imports them once for all servers.
        is_shared: whether solutions can access the service's folder.
    """

    name: str
    title: str
    needs: Sequence[str] = ()
    warm: Sequence[str] = ()
    is_shared: bool = False

    def fragment(self) -> "Fragment":
        """The service's contribution to `kata new`; by default read from `fragments/NAME.toml`.

        Raises:
            HarnessError: the file cannot be read.
        """
        from grader.services.fragment import shipped_fragment  # late: only `kata new` needs it

        return shipped_fragment(self.name)

    def start(self, kata: Kata, context: GradingContext) -> AbstractContextManager[StartedService]:
        """Start the part that runs for the whole grading, without waiting until it is ready.

        Args:
            kata: `kata.options(name)` is the service's table in `kata.toml`.
            context: for files and processes; has the needed services.

        Raises:
            KataPackageError: the table is wrong.
            BrokenError: the service cannot be started.
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
        """Facts for `kata doctor`; may take a second."""
        return ()


class ServicePerCheck(Service, Protocol):
    """A kind of service that is started for each check."""

    def run(self, context: CheckContext) -> AbstractAsyncContextManager[Running]:
        """Run the service for one check.

        Raises:
            BrokenError: the service failed.
        """

    @contextmanager
    def start(self, kata: Kata, context: GradingContext) -> Iterator[StartedService]:
        """Start nothing yet; check the table in `kata.toml`."""
        self.check_options(kata)
        yield StartedPerCheck(self.run)


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
