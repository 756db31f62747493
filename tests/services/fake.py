"""A service that only notes what is done with it."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

from grader.catalog.manifest import Kata
from grader.errors import ServiceUnavailable
from grader.services.service import Place, Running, Service, Standing, Surroundings


@dataclass
class FakeStanding(Standing):
    """What stands of it; `ended` is what the test says."""

    service: "FakeService"
    ended: bool = False

    def has_ended(self) -> bool:
        return self.ended

    @contextlib.asynccontextmanager
    async def fresh(self, surroundings: Surroundings) -> AsyncIterator[Running]:
        self.service.noted.append("fresh")
        yield Running(self.service, "here", {"FAKE_ADDRESS": "here"}, lambda: "nothing")
        self.service.noted.append("over")


@dataclass
class FakeService(Service):
    """Notes what is done with it, and fails to start when it is told to."""

    name: str = "fake"
    title: str = "Fake"
    warm: tuple[str, ...] = ("colorsys",)
    is_shared: bool = True
    fails: bool = False
    noted: list[str] = field(default_factory=list)
    standing: FakeStanding | None = None

    @contextlib.contextmanager
    def start(self, kata: Kata, place: Place) -> Iterator[Standing]:
        if self.fails:
            raise ServiceUnavailable("The fake does not start.", "Do not let it fail.")
        self.noted.append(f"started in {place.folder.name}")
        self.standing = FakeStanding(self)
        try:
            yield self.standing
        finally:
            self.noted.append("ended")


SERVICE = FakeService()
