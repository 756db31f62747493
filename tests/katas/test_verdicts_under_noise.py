"""Verdicts are right on a busy machine: a short form of `python -m tests.bench.verdicts`."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from grader.authoring.examples import Kind, own_examples
from grader.catalog.find import find_catalog
from tests.bench.gradings import ROOT, Card, Grading, grade_apart
from tests.bench.noise import Noise, busy_machine

NOISE = Noise(8)
AT_ONCE = 4
"""Several gradings disturb each other, and get a larger share of the cores than one would, which shortens the test."""

TRIED = 6
"""A random sample of this size; the soak grades all of them, many times."""

CARDS = [
    Card(kata.slug, example)
    for kata in find_catalog().katas()
    for example in own_examples(kata)
    if example.path == kata.reference or example.kind is Kind.STARTER
]


@pytest.mark.proof
@pytest.mark.slow
def test_no_verdict_is_wrong_beside_busy_processes() -> None:
    def grade(card: Card) -> Grading:
        (grading,) = grade_apart(card, ROOT, NOISE.name)
        return grading

    with busy_machine(NOISE), ThreadPoolExecutor(AT_ONCE) as threads:
        gradings = list(threads.map(grade, random.sample(CARDS, min(TRIED, len(CARDS)))))
    # Inconclusive is right as well: the machine was too busy to decide.
    assert [
        grading for grading in gradings if grading.verdict not in (grading.expected, "inconclusive")
    ] == []
