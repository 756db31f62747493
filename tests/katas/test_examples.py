"""Every example of every kata gets the verdict that it must get, at the checks that its manifest names.

Two are graded at a time: verdicts do not depend on it.
"""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from grader.authoring.examples import JUNK, Kind, junk_examples, own_examples
from grader.catalog.find import find_catalog
from grader.catalog.manifest import Kata
from tests.conftest import run_command

KATAS = find_catalog().katas()
EXAMPLES = {f"{kata.slug}-{example.label}": (kata, example) for kata in KATAS for example in own_examples(kata)}
JUNK_IDS = {f"{kata.slug}-junk/{path.stem}": (kata, path.stem) for kata in KATAS for path in sorted(JUNK.glob("*.py"))}
AT_A_TIME = 2

Gradings = dict[str, Future[dict[str, Any]]]


def grade(kata: Kata, solution: Path, cwd: Path) -> dict[str, Any]:
    """The report of `kata check --json`, with the exit code beside it."""
    ran = run_command("check", kata.slug, "--solution", solution, "--json", cwd=cwd)
    return {**json.loads(ran.out), "code": ran.code}


def job(name: str, folder: Path) -> Callable[[], dict[str, Any]]:
    """What grades the example of this name."""
    if name in EXAMPLES:
        kata, example = EXAMPLES[name]
        return lambda: grade(kata, example.path, folder)
    kata, junk = JUNK_IDS[name]
    place = folder / name.replace("/", "-")
    place.mkdir()
    made = {example.name: example for example in junk_examples(kata, place)}
    return lambda: grade(kata, made[junk].path, folder)


@pytest.fixture(scope="module")
def gradings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gradings]:
    """The gradings of all examples that this run asks for, begun in their order, two at a time."""
    folder = tmp_path_factory.mktemp("examples")
    here = [item for item in request.session.items if isinstance(item, pytest.Function) and item.path == request.path]
    names = [str(item.callspec.params["name"]) for item in here if "gradings" in item.fixturenames]
    with ThreadPoolExecutor(AT_A_TIME) as threads:
        yield {name: threads.submit(job(name, folder)) for name in names}
        threads.shutdown(cancel_futures=True)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_gets_its_verdict(gradings: Gradings, name: str) -> None:
    _, example = EXAMPLES[name]
    report = gradings[name].result()
    failed = {check["name"] for check in report["checks"] if check["outcome"] != "passed"}
    assert report["verdict"] == ("passed" if example.kind is Kind.ACCEPTED else "failed"), report
    assert failed == set(example.fails or ()), report
    assert report["code"] == (0 if example.kind is Kind.ACCEPTED else 1)


@pytest.mark.parametrize("name", JUNK_IDS)
def test_junk_fails_everywhere(gradings: Gradings, name: str) -> None:
    report = gradings[name].result()
    assert report["verdict"] == "failed", report


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
