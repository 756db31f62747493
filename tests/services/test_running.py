"""The services of a kata together: folders, order, and what is left when one fails."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.catalog.manifest import Kata, read_manifest
from grader.errors import ServiceUnavailable
from grader.measure.attempt import AttemptContext
from grader.registry import SERVICES, Registered
from grader.services.running import StandingServices, environ_of, titles_of
from grader.services.service import Surroundings
from tests.conftest import MANIFEST
from tests.services import fake
from tests.services.fake import FakeService


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> FakeService:
    """A service in the registry that notes what is done with it."""
    service = FakeService()
    monkeypatch.setitem(SERVICES, "fake", Registered("tests.services.fake", ()))
    monkeypatch.setattr(fake, "SERVICE", service)
    return service


@pytest.fixture
def kata(service: FakeService, make_kata: Callable[..., Path]) -> Kata:
    """A kata that needs it, and the slow files."""
    return read_manifest(
        make_kata(manifest=MANIFEST.replace("tier = 1", 'tier = 1\nservices = ["fake", "files"]'))
        / "tiny"
    )


async def never() -> object:
    raise AssertionError("no socket is needed")


def surroundings(attempt: AttemptContext) -> Surroundings:
    return Surroundings(never, attempt)  # type: ignore[arg-type]


def test_each_service_has_a_folder_and_solutions_see_those_that_are_shared(
    kata: Kata, service: FakeService, tmp_path: Path
) -> None:
    services = StandingServices(kata, tmp_path)
    assert services.shared_folders == (
        tmp_path / "services" / "files",
        tmp_path / "services" / "fake",
    )
    assert all(folder.is_dir() for folder in services.shared_folders)
    assert services.warm == ("colorsys",)
    service.is_shared = False
    (tmp_path / "again").mkdir()
    assert StandingServices(kata, tmp_path / "again").shared_folders == (
        tmp_path / "again" / "services" / "files",
    )


async def test_one_is_started_for_the_grading_and_made_fresh_for_each_check(
    kata: Kata, service: FakeService, attempt: AttemptContext, tmp_path: Path
) -> None:
    services = StandingServices(kata, tmp_path)
    with services.started():
        for _ in range(2):
            async with services.fresh(surroundings(attempt)) as running:
                assert list(running) == ["files", "fake"]
                assert running["fake"].fixture is service
    assert service.noted == ["started in fake", "fresh", "over", "fresh", "over", "ended"]


async def test_solutions_are_told_where_they_are(
    kata: Kata, attempt: AttemptContext, tmp_path: Path
) -> None:
    services = StandingServices(kata, tmp_path)
    with services.started():
        async with services.fresh(surroundings(attempt)) as running:
            environ = environ_of(running)
    assert environ["FAKE_ADDRESS"] == "here"
    assert Path(environ["FILES_DIR"]).parent == tmp_path / "services" / "files"
    assert titles_of(kata) == [("files", "Files"), ("fake", "Fake")]


def test_when_one_does_not_start_those_before_it_are_ended(
    kata: Kata, service: FakeService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    last = FakeService(name="last", fails=True)
    monkeypatch.setattr("grader.services.running.services_of", lambda kata: [service, last])
    with pytest.raises(ServiceUnavailable), StandingServices(kata, tmp_path).started():
        pass
    assert service.noted == ["started in fake", "ended"]


def test_one_that_has_ended_is_noticed(kata: Kata, service: FakeService, tmp_path: Path) -> None:
    services = StandingServices(kata, tmp_path)
    with services.started():
        assert not services.have_ended()
        assert service.standing is not None
        service.standing.ended = True
        assert services.have_ended()


def test_what_runs_as_another_user_gets_through_to_its_folder_whatever_the_umask(
    kata: Kata, tmp_path: Path
) -> None:
    before = os.umask(0o077)
    try:
        StandingServices(kata, tmp_path)
    finally:
        os.umask(before)
    for folder in (tmp_path / "services", tmp_path / "services" / "fake"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o711
