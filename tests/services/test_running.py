"""The services of a kata together: folders, order, what one needs of another, and what is left when one fails."""

import json
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from grader.catalog.manifest import Kata, read_manifest
from grader.errors import HarnessError, ServiceUnavailable
from grader.measure.attempt import AttemptContext
from grader.registry import SERVICES, Registered
from grader.services.running import KataServices, environ_of, titles_of
from grader.services.service import CheckContext
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


def check_context(attempt: AttemptContext) -> CheckContext:
    return CheckContext(never, attempt)  # type: ignore[arg-type]


def test_each_service_has_a_folder_and_solutions_see_those_that_are_shared(
    kata: Kata, service: FakeService, tmp_path: Path
) -> None:
    services = KataServices(kata, tmp_path)
    assert services.shared_folders == (
        tmp_path / "services" / "files",
        tmp_path / "services" / "fake",
    )
    assert all(folder.is_dir() for folder in services.shared_folders)
    assert services.warm == ("colorsys",)
    service.is_shared = False
    (tmp_path / "again").mkdir()
    assert KataServices(kata, tmp_path / "again").shared_folders == (
        tmp_path / "again" / "services" / "files",
    )


async def test_one_is_started_for_the_grading_and_made_fresh_for_each_check(
    kata: Kata, service: FakeService, attempt: AttemptContext, tmp_path: Path
) -> None:
    services = KataServices(kata, tmp_path)
    with services.started():
        for _ in range(2):
            async with services.fresh(check_context(attempt)) as running:
                assert list(running) == ["files", "fake"]
                assert running["fake"].fixture is service
    assert service.noted == ["started in fake", "fresh", "over", "fresh", "over", "ended"]


async def test_solutions_are_told_where_they_are(
    kata: Kata, attempt: AttemptContext, tmp_path: Path
) -> None:
    services = KataServices(kata, tmp_path)
    with services.started():
        async with services.fresh(check_context(attempt)) as running:
            environ = environ_of(running)
    assert environ["FAKE_ADDRESS"] == "here"
    assert Path(environ["FILES_DIR"]).parent == tmp_path / "services" / "files"
    assert titles_of(kata) == [("files", "Files"), ("fake", "Fake")]


def test_when_one_does_not_start_those_before_it_are_ended(
    kata: Kata, service: FakeService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    last = FakeService(name="last", fails=True)
    monkeypatch.setattr("grader.services.running.services_of", lambda kata: [service, last])
    with pytest.raises(ServiceUnavailable), KataServices(kata, tmp_path).started():
        pass
    assert service.noted == ["started in fake", "ended"]


def test_one_that_has_ended_is_noticed(kata: Kata, service: FakeService, tmp_path: Path) -> None:
    services = KataServices(kata, tmp_path)
    with services.started():
        assert not services.have_ended()
        assert service.started is not None
        service.started.ended = True
        assert services.have_ended()


def test_what_runs_as_another_user_gets_through_to_its_folder_whatever_the_umask(
    kata: Kata, tmp_path: Path
) -> None:
    before = os.umask(0o077)
    try:
        KataServices(kata, tmp_path)
    finally:
        os.umask(before)
    for folder in (tmp_path / "services", tmp_path / "services" / "fake"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o711


Register = Callable[..., FakeService]


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Register:
    """Puts a made-up service into the registry that needs others."""

    def put(name: str, *needs: str) -> FakeService:
        service, module = FakeService(name, needs=needs), ModuleType(f"made_up_{name}")
        monkeypatch.setattr(module, "SERVICE", service, raising=False)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(SERVICES, name, Registered(module.__name__, ()))
        return service

    return put


def kata_naming(make_kata: Callable[..., Path], *names: str) -> Kata:
    """A kata that names these services."""
    manifest = MANIFEST.replace("tier = 1", f"tier = 1\nservices = {json.dumps(names)}")
    return read_manifest(make_kata(manifest=manifest) / "tiny")


async def test_a_service_is_handed_what_it_needs_for_the_grading_and_for_each_check(
    register: Register, make_kata: Callable[..., Path], attempt: AttemptContext, tmp_path: Path
) -> None:
    pooler, database = register("pooler", "database"), register("database")
    services = KataServices(kata_naming(make_kata, "pooler", "database"), tmp_path)
    with services.started():
        assert pooler.needed == {"database": database.started}
        assert database.needed == {}
        async with services.fresh(check_context(attempt)) as running:
            assert pooler.needed_by_check == {"database": running["database"]}
            assert database.needed_by_check == {}


async def test_what_is_needed_is_started_first_and_hidden_unless_the_kata_names_it(
    register: Register, make_kata: Callable[..., Path], attempt: AttemptContext, tmp_path: Path
) -> None:
    pooler, database = register("pooler", "database"), register("database")
    pooler.noted = database.noted
    services = KataServices(kata_naming(make_kata, "pooler"), tmp_path)
    assert services.shared_folders == (tmp_path / "services" / "pooler",)
    assert services.warm == ("colorsys",)
    with services.started():
        assert database.noted == ["started in database", "started in pooler"]
        async with services.fresh(check_context(attempt)) as running:
            assert list(running) == ["pooler"]


def test_a_need_that_is_not_in_the_registry_is_refused(
    register: Register, make_kata: Callable[..., Path], tmp_path: Path
) -> None:
    register("pooler", "databse")
    with pytest.raises(HarnessError) as caught:
        KataServices(kata_naming(make_kata, "pooler"), tmp_path)
    assert str(caught.value) == (
        "The service pooler needs databse, which is not in grader/registry.py. "
        "Add it there, or correct the `needs` of pooler."
    )


def test_needs_in_a_circle_are_refused(
    register: Register, make_kata: Callable[..., Path], tmp_path: Path
) -> None:
    register("first", "pooler")
    register("pooler", "database")
    register("database", "pooler")
    with pytest.raises(HarnessError, match="in a cycle: pooler → database → pooler"):
        KataServices(kata_naming(make_kata, "first"), tmp_path)
