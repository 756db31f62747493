"""Every kata passes `kata verify --quick`: its starter, its reference, and the fewest examples that fail every check.

`kata verify`, which `.ci/run` runs, grades all examples and junk, and judges the margins of clock limits.
"""

import pytest

from grader.authoring.examples import Kind, own_examples
from grader.authoring.prover import Plan
from grader.catalog.find import find_catalog
from grader.catalog.manifest import Kata
from tests.proofs import mistakes_in, proof_of

CATALOG = find_catalog()
KATAS = CATALOG.katas()


@pytest.mark.slow
@pytest.mark.parametrize("shipped", KATAS, ids=[kata.slug for kata in KATAS])
async def test_a_quick_proof_finds_no_mistake(shipped: Kata) -> None:
    proof = await proof_of(CATALOG, shipped.slug, Plan(is_quick=True))
    assert mistakes_in(proof) == []
    assert proof.planned > 2


@pytest.mark.parametrize("shipped", KATAS, ids=[kata.slug for kata in KATAS])
def test_a_kata_is_complete(shipped: Kata) -> None:
    examples = list(own_examples(shipped))
    accepted = [example for example in examples if example.kind is Kind.ACCEPTED]
    rejected = [example for example in examples if example.kind is Kind.REJECTED]
    assert len(accepted) >= 2
    assert len(rejected) >= 3
    assert shipped.reference.is_file()
    assert {example.path.name for example in rejected} == {
        mistake.file for mistake in shipped.mistakes
    }
    assert shipped.readme.read_text().startswith("# ")
    assert len(shipped.checks.read_text().splitlines()) <= 300  # as any other module
    assert "## Read more" in shipped.readme.read_text()


@pytest.mark.parametrize("shipped", KATAS, ids=[kata.slug for kata in KATAS])
def test_every_check_is_failed_by_an_example(shipped: Kata) -> None:
    declared = set(shipped.starter_fails).union(*(mistake.fails for mistake in shipped.mistakes))
    source = shipped.checks.read_text()
    names = {
        line.split("(")[0].removeprefix("async def ")
        for line in source.splitlines()
        if line.startswith("async def test_")
    }
    assert declared == names
