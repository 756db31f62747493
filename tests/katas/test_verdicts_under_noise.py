"""Verdicts hold on a busy machine: a short form of `python -m tests.bench.verdicts`."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from grader.authoring.examples import Kind, own_examples
from grader.catalog.find import find_catalog
from tests.bench.gradings import ROOT, Card, Grading, grade_apart
from tests.bench.noise import Noise, busy_machine

NOISE = Noise(8)
AT_ONCE = 4
"""The gradings disturb each other too; and together they get more of the cores than one would, so that this takes less
long.
"""

TRIED = 6
"""So many, other ones each time; all of them again and again is what the soak is for."""

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
    # Inconclusive is right too: it says that this machine is too busy to tell.
    assert [
        grading for grading in gradings if grading.verdict not in (grading.expected, "inconclusive")
    ] == []
