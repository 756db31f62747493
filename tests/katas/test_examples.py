"""Every example of every kata gets the verdict that it must get, at the checks that its manifest names."""

import json
from pathlib import Path

import pytest

from grader.authoring.examples import JUNK, Example, Kind, junk_examples, own_examples
from grader.catalog.find import find_catalog
from grader.catalog.manifest import Kata
from tests.conftest import RunKata

KATAS = find_catalog().katas()
EXAMPLES = [(kata, example) for kata in KATAS for example in own_examples(kata)]
JUNK_NAMES = sorted(path.stem for path in JUNK.glob("*.py"))


@pytest.mark.parametrize(("katum", "example"), EXAMPLES, ids=[f"{kata.slug}-{example.label}" for kata, example in EXAMPLES])
def test_an_example_gets_its_verdict(kata: RunKata, katum: Kata, example: Example) -> None:
    ran = kata("check", katum.slug, "--solution", example.path, "--json")
    report = json.loads(ran.out)
    failed = {check["name"] for check in report["checks"] if check["outcome"] != "passed"}
    assert report["verdict"] == ("passed" if example.kind is Kind.ACCEPTED else "failed"), report
    assert failed == set(example.fails or ()), report
    assert ran.code == (0 if example.kind is Kind.ACCEPTED else 1)


@pytest.mark.parametrize("name", JUNK_NAMES)
@pytest.mark.parametrize("katum", KATAS, ids=[kata.slug for kata in KATAS])
def test_junk_fails_everywhere(kata: RunKata, katum: Kata, name: str, tmp_path: Path) -> None:
    example = next(example for example in junk_examples(katum, tmp_path) if example.name == name)
    report = json.loads(kata("check", katum.slug, "--solution", example.path, "--json").out)
    assert report["verdict"] == "failed", report


@pytest.mark.parametrize("katum", KATAS, ids=[kata.slug for kata in KATAS])
def test_a_kata_is_complete(katum: Kata) -> None:
    examples = [example for kata, example in EXAMPLES if kata is katum]
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
