"""What every service of the grader is made of: the one seam between services and all that uses them.

A service has two lifetimes: what stands for a whole grading (a PostgreSQL server), and what is fresh for each check (a
database in it). Fixtures, `kata run`, `kata doctor`, scaffolds and the solution's environment are derived from what a
service says here.
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
"""Mode of folders through which others may reach what they know the name of."""

Listen = Callable[[], Awaitable[socket.socket]]
"""Makes a socket that listens where the solution can reach it."""


@dataclass(frozen=True)
class Place:
    """Where a service may put what belongs to one grading.

    Attributes:
        folder: the service's own, empty at first; solutions see it, at this path, if the service `is_shared`.
        run_dir: the grading's temporary folder, in which processes are noted that must not outlive it.
    """

    folder: Path
    run_dir: Path

    def make(self) -> None:
        """Make the folder. A service may run as another user, and pass through what nobody but its owner may list.

        Raises:
            OSError: it cannot be made.
        """
        for folder in (self.folder.parent, self.folder):
            if folder != self.run_dir:
                folder.mkdir(exist_ok=True)
                folder.chmod(PASSABLE)  # the umask takes nothing away from that


@dataclass(frozen=True)
class Surroundings:
    """What a service gets for one check.

    Attributes:
        listen: makes a socket that listens where the solution can reach it.
        attempt: has the recorder for its events and connections.
    """

    listen: Listen
    attempt: AttemptContext


def nothing_seen() -> str:
    """What a service has seen that counts nothing."""
    return ""


@dataclass(frozen=True)
class Running:
    """A service during one check.

    Attributes:
        fixture: what checks and `run.py` get under the service's name.
        address: where it is, for a person who uses `kata run`.
        environ: tells the solution where it is.
        take_stock: what it has seen since this was last called, in short, for `kata run --load`; then forgets what is
            over.
    """

    fixture: Any
    address: str
    environ: Mapping[str, str] = field(default_factory=dict)
    take_stock: Callable[[], str] = nothing_seen


class Standing(Protocol):
    """A service that stands for one grading."""

    def fresh(self, surroundings: Surroundings) -> AbstractAsyncContextManager[Running]:
        """What one check gets of it.

        Raises:
            BrokenError: it cannot be had.
        """

    def has_ended(self) -> bool:
        """Whether a process of it has ended that should not have."""
        return False


@dataclass(frozen=True)
class StandingPerCheck(Standing):
    """What stands of a service that is run anew for each check: nothing.

    Attributes:
        run: runs it.
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
        warm: modules that solutions import because of it, imported once for all servers.
        is_shared: solutions see the service's folder.
    """

    name: str
    title: str
    warm: Sequence[str] = ()
    is_shared: bool = False

    def fragment(self) -> "Fragment":
        """What it adds to the kata that `kata new` writes; by default, a file of its name in the folder `fragments`.

        Raises:
            HarnessError: it cannot be read.
        """
        from grader.services.fragment import shipped_fragment  # late: no other command needs it

        return shipped_fragment(self.name)

    def start(self, kata: Kata, place: Place) -> AbstractContextManager[Standing]:
        """Start what stands for a grading, without waiting until it is ready.

        Args:
            kata: `kata.options(name)` is the service's own table of `kata.toml`.
            place: for files and processes.

        Raises:
            KataPackageError: the table is wrong.
            BrokenError: it cannot be started.
        """

    def check_options(self, kata: Kata) -> None:
        """Look whether the service's table in `kata.toml` is right.

        Raises:
            KataPackageError: it is not; says which key.
        """
        kata.options(self.name).refuse_the_rest()

    def files_of(self, kata: Kata) -> Sequence[str]:
        """Names of files in the kata's folder that are there for this service."""
        return ()

    def diagnose(self) -> Iterable[Fact]:
        """What `kata doctor` says of it; may take a second."""
        return ()


class ServicePerCheck(Service, Protocol):
    """A kind of service of which nothing stands for longer than a check."""

    def run(self, surroundings: Surroundings) -> AbstractAsyncContextManager[Running]:
        """Run it for one check.

        Raises:
            BrokenError: it cannot be had.
        """

    @contextmanager
    def start(self, kata: Kata, place: Place) -> Iterator[Standing]:
        """Nothing is started; the table in `kata.toml` is read."""
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
    """The services that a kata needs, in the order of the registry."""
    return [find_service(name) for name in SERVICES if name in kata.services]
