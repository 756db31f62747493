"""A service that only notes what is done with it, and what it is given."""

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field

from grader.catalog.manifest import Kata
from grader.errors import ServiceUnavailable
from grader.services.service import CheckContext, GradingContext, Running, Service, StartedService


@dataclass
class StartedFake(StartedService):
    """What of it runs for a grading; a test sets `ended`."""

    service: "FakeService"
    ended: bool = False

    def has_ended(self) -> bool:
        return self.ended

    @contextlib.asynccontextmanager
    async def fresh(self, context: CheckContext) -> AsyncIterator[Running]:
        self.service.noted.append("fresh")
        self.service.needed_by_check = context.needed
        yield Running(self.service, "here", {"FAKE_ADDRESS": "here"}, lambda: "nothing")
        self.service.noted.append("over")


@dataclass
class FakeService(Service):
    """Notes what is done with it and what it is given, and fails to start if a test says so."""

    name: str = "fake"
    title: str = "Fake"
    needs: tuple[str, ...] = ()
    warm: tuple[str, ...] = ("colorsys",)
    is_shared: bool = True
    fails: bool = False
    noted: list[str] = field(default_factory=list)
    started: StartedFake | None = None
    needed: Mapping[str, StartedService] = field(default_factory=dict)
    needed_by_check: Mapping[str, Running] = field(default_factory=dict)

    @contextlib.contextmanager
    def start(self, kata: Kata, context: GradingContext) -> Iterator[StartedService]:
        if self.fails:
            raise ServiceUnavailable("The fake does not start.", "Do not let it fail.")
        self.noted.append(f"started in {context.folder.name}")
        self.started, self.needed = StartedFake(self), context.needed
        try:
            yield self.started
        finally:
            self.noted.append("ended")


SERVICE = FakeService()
