"""Every example of every kata gets the verdict that it must get, at the checks that its manifest names.

Several are graded at a time: verdicts do not depend on it.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path

import pytest

from grader.authoring.examples import JUNK, Kind, junk_examples, own_examples
from grader.catalog.find import find_catalog
from grader.catalog.manifest import Kata
from grader.report import Outcome, Report, Verdict
from tests.katas.gradings import Job, graded_ahead

KATAS = find_catalog().katas()
EXAMPLES = {f"{kata.slug}-{example.label}": (kata, example) for kata in KATAS for example in own_examples(kata)}
FIRST_OF_A_KIND = {kata.services: kata.slug for kata in reversed(KATAS)}.values()
ANSWERING = ("always_200", "first_answer")
"""Junk that could deceive the checks of one kata and not of another. What never answers with a 200 deceives none, so one kata for each
kind of surroundings stands for all; `kata verify` tries all with each."""
JUNK_IDS = {
    f"{kata.slug}-junk/{path.stem}": (kata, path.stem)
    for kata in KATAS
    for path in sorted(JUNK.glob("*.py"))
    if path.stem in ANSWERING or kata.slug in FIRST_OF_A_KIND
}

Gradings = Mapping[str, Future[Report]]


def job(name: str, folder: Path) -> Job:
    """What grades the example of this name."""
    if name in EXAMPLES:
        kata, example = EXAMPLES[name]
        return Job(kata.slug, example.path)
    kata, junk = JUNK_IDS[name]
    place = folder / name.replace("/", "-")
    place.mkdir()
    made = {example.name: example for example in junk_examples(kata, place)}
    return Job(kata.slug, made[junk].path, stops_early=True)


@pytest.fixture(scope="module")
def gradings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gradings]:
    """The gradings of all examples that this run asks for, begun in the order of their katas."""
    folder = tmp_path_factory.mktemp("examples")
    here = [item for item in request.session.items if isinstance(item, pytest.Function) and item.path == request.path]
    names = [str(item.callspec.params["name"]) for item in here if "gradings" in item.fixturenames]
    with graded_ahead({name: job(name, folder) for name in names}) as reports:
        yield reports


def told(report: Report) -> str:
    """All that did not pass, and why; pytest cuts the report itself short."""
    short = [f"{check.name}: {check.outcome.value}, {check.finding}" for check in report.checks if check.outcome is not Outcome.PASSED]
    return "\n".join(short)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_gets_its_verdict(gradings: Gradings, name: str) -> None:
    _, example = EXAMPLES[name]
    report = gradings[name].result()
    failed = {check.name for check in report.checks if check.outcome is not Outcome.PASSED}
    assert report.verdict is (Verdict.PASSED if example.kind is Kind.ACCEPTED else Verdict.FAILED), told(report)
    assert failed == set(example.fails or ()), told(report)


@pytest.mark.parametrize("name", JUNK_IDS)
def test_junk_fails_everywhere(gradings: Gradings, name: str) -> None:
    report = gradings[name].result()
    assert report.verdict is Verdict.FAILED, told(report)


@pytest.mark.parametrize("katum", KATAS, ids=[kata.slug for kata in KATAS])
def test_a_kata_is_complete(katum: Kata) -> None:
    examples = list(own_examples(katum))
    accepted = [example for example in examples if example.kind is Kind.ACCEPTED]
    rejected = [example for example in examples if example.kind is Kind.REJECTED]
    assert len(accepted) >= 2
    assert len(rejected) >= 3
    assert katum.reference.is_file()
    assert {example.path.name for example in rejected} == {mistake.file for mistake in katum.mistakes}
    assert katum.readme.read_text().startswith("# ")
    assert len(katum.checks.read_text().splitlines()) < 120
    assert "## Read more" in katum.readme.read_text()


@pytest.mark.parametrize("katum", KATAS, ids=[kata.slug for kata in KATAS])
def test_every_check_is_failed_by_an_example(katum: Kata) -> None:
    declared = set(katum.starter_fails).union(*(mistake.fails for mistake in katum.mistakes))
    source = katum.checks.read_text()
    names = {line.split("(")[0].removeprefix("async def ") for line in source.splitlines() if line.startswith("async def test_")}
    assert declared == names
