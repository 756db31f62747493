"""Campaigns without workers; tests/authoring/test_verify.py runs them with real ones."""

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.authoring.gradings.campaign import Campaign, Method
from grader.authoring.lint.package import Files
from grader.authoring.observer import NullProofObserver
from grader.authoring.proof import Problem
from grader.catalog.find import find_catalog
from grader.catalog.manifest import Kata
from grader.errors import GraderError, HarnessError
from grader.grading.messages import SessionJob
from tests.conftest import MANIFEST

pytestmark = pytest.mark.anyio


class NoGradings:
    """Needs no gradings, or cannot even write its solutions."""

    def __init__(self, kata: Kata, *, fails: bool = False) -> None:
        self.kata = kata
        self.planned = 0
        self.is_stopped = False
        self.has_begun = False
        self._fails = fails
        self._error = ""

    def first_gradings(self, folder: Path) -> list[object]:
        assert list(folder.iterdir()) == []
        if self._fails:
            raise OSError(28, "No space left on device")
        return []

    def further_gradings(self) -> list[object]:
        return []

    def stop(self, error: GraderError) -> None:
        assert isinstance(error, HarnessError)
        self._error = error.message

    def proof(self, *, is_interrupted: bool = False) -> str:
        ended = "interrupted" if is_interrupted else "done"
        return f"{self.kata.slug}: {self._error or ended}"


def campaign(katas: Path, *slugs: str, fails: bool = False) -> Campaign[str]:
    catalog = find_catalog(katas)

    def gradings_of(kata: Kata, files: Files) -> NoGradings:
        assert "checks.py" in files
        return NoGradings(kata, fails=fails)

    def unreadable(slug: str, problem: Problem) -> str:
        return f"{slug}: {problem.file} {problem.text}"

    def job_of(slug: str) -> SessionJob:
        return SessionJob(str(katas), slug)

    method = Method(gradings_of, unreadable, job_of)  # type: ignore[arg-type]
    return Campaign(catalog, slugs, method, NullProofObserver())


async def test_results_come_in_the_order_of_the_slugs(make_kata: Callable[..., Path]) -> None:
    make_kata("first")
    katas = make_kata("second")
    assert await campaign(katas, "second", "first").run() == ["second: done", "first: done"]


async def test_a_kata_that_cannot_be_read_does_not_stop_the_others(
    make_kata: Callable[..., Path],
) -> None:
    make_kata("right")
    katas = make_kata("odd", manifest=MANIFEST + "\nworker = 2\n")
    odd, right = await campaign(katas, "odd", "right").run()
    assert odd.startswith("odd: kata.toml `requirements.worker` must be")
    assert right == "right: done"


async def test_what_breaks_every_grading_is_told_to_all_katas(
    make_kata: Callable[..., Path],
) -> None:
    (only,) = await campaign(make_kata(), "tiny", fails=True).run()
    assert "cannot be used: No space left on device" in only


async def test_a_campaign_that_is_interrupted_before_it_begins_reports_the_first_kata(
    make_kata: Callable[..., Path],
) -> None:
    make_kata("first")
    katas = make_kata("second")
    interrupted = campaign(katas, "first", "second")
    interrupted.interrupt()
    assert await interrupted.run() == ["first: interrupted"]
