"""The interface of a service: its defaults, its context, and how it is found."""

import contextlib
import os
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from grader.catalog.manifest import Kata, read_manifest
from grader.errors import KataPackageError
from grader.measure.attempt import AttemptContext
from grader.registry import SERVICES
from grader.services.service import (
    CheckContext,
    GradingContext,
    Running,
    ServicePerCheck,
    find_service,
    services_of,
)
from tests.conftest import MANIFEST, listening_socket


class Lamp(ServicePerCheck):
    """A service that has nothing but what every service must have."""

    name = "files"  # a name of the registry, so that a kata can have a table for it
    title = "Lamp"

    @contextlib.asynccontextmanager
    async def run(self, context: CheckContext) -> AsyncIterator[Running]:
        with await context.listen() as listening:
            yield Running(listening.getsockname(), "here")


def kata_with(make_kata: Callable[..., Path], services: str, table: str = "") -> Kata:
    manifest = MANIFEST.replace("tier = 1", f"tier = 1\nservices = {services}")
    return read_manifest(make_kata(manifest=manifest + table) / "tiny")


def test_every_service_of_the_registry_is_found_under_its_name() -> None:
    assert [find_service(name).name for name in SERVICES] == list(SERVICES)


def test_the_services_of_a_kata_come_in_the_order_of_the_registry(
    make_kata: Callable[..., Path],
) -> None:
    kata = kata_with(make_kata, '["files", "upstream"]')
    assert [service.name for service in services_of(kata)] == ["upstream", "files"]


def test_a_service_needs_nothing_more_than_its_names() -> None:
    lamp = Lamp()
    assert (lamp.needs, lamp.warm, lamp.is_shared, list(lamp.diagnose())) == ((), (), False, [])


def test_a_key_that_a_service_does_not_know_is_refused(make_kata: Callable[..., Path]) -> None:
    kata = kata_with(make_kata, '["files"]', "\n[files]\ncolour = 1\n")
    with pytest.raises(KataPackageError, match=r"`files\.colour` is unknown"):
        Lamp().check_options(kata)


async def test_a_service_per_check_runs_anew_for_each_check(
    make_kata: Callable[..., Path], tmp_path: Path, attempt: AttemptContext
) -> None:
    async def listen() -> object:
        return stack.enter_context(listening_socket())

    context = GradingContext(tmp_path, tmp_path)
    with (
        contextlib.ExitStack() as stack,
        Lamp().start(kata_with(make_kata, '["files"]'), context) as started,
    ):
        assert not started.has_ended()
        for_check = CheckContext(listen, attempt)  # type: ignore[arg-type]
        async with started.fresh(for_check) as one, started.fresh(for_check) as two:
            assert one.fixture != two.fixture
            assert (one.environ, one.take_stock()) == ({}, "")


def test_a_place_is_made_with_its_parent_and_can_be_passed_whatever_the_umask(
    tmp_path: Path,
) -> None:
    context = GradingContext(tmp_path / "services" / "lamp", tmp_path)
    before = os.umask(0o077)
    try:
        context.make_folder()
        context.make_folder()  # making it again changes nothing
    finally:
        os.umask(before)
    for folder in (context.folder.parent, context.folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o711


def test_the_mode_of_the_gradings_own_folder_stays(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    GradingContext(tmp_path / "lamp", tmp_path).make_folder()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
