"""Verdicts hold on a busy machine: a short form of `python -m tests.bench.verdicts`."""

import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from grader.authoring.examples import Kind, own_examples
from grader.catalog.find import find_catalog
from tests.bench.gradings import ROOT, Card, Grading, grade_apart
from tests.bench.noise import Noise, busy_machine

NOISE = Noise(8)
AT_ONCE = 4
"""The gradings disturb each other too; and together they get more of the cores than one would, so that this takes less long."""

BUDGET_S = 45.0
"""Afterwards no further grading begins; the order is another one each time, so that none is left out for good."""

CARDS = [
    Card(kata.slug, example)
    for kata in find_catalog().katas()
    for example in own_examples(kata)
    if example.path == kata.reference or example.kind is Kind.STARTER
]


@pytest.fixture(scope="module")
def gradings() -> dict[Card, list[Grading]]:
    """As many of them as there is time for; an empty list where there was none."""
    ends = time.monotonic() + BUDGET_S
    cards = random.sample(CARDS, len(CARDS))

    def grade(card: Card) -> list[Grading]:
        return grade_apart(card, ROOT, NOISE.name) if time.monotonic() < ends else []

    with busy_machine(NOISE), ThreadPoolExecutor(AT_ONCE) as threads:
        return dict(zip(cards, threads.map(grade, cards), strict=True))


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("card", CARDS, ids=[f"{card.kata}-{card.example.label}" for card in CARDS])
def test_no_verdict_is_wrong_beside_busy_processes(gradings: dict[Card, list[Grading]], card: Card) -> None:
    if not gradings[card]:
        pytest.skip("no time was left on this machine")
    (grading,) = gradings[card]
    # Inconclusive is right too: it says that this machine is too busy to tell.
    assert grading.verdict in (grading.expected, "inconclusive"), grading
