"""Rounds: grades every example of some katas N times on a busy machine, several katas at a time.

    python -m tests.bench.rounds --rounds 20 --noise 4 --parallel 8 --out rounds.jsonl

This is a faster `kata verify --repeat N --noise K`: a round of a kata is one series of gradings in random order, in a
process of its own, and several rounds run at a time. OUT gets every grading as soon as its round is finished, and
`python -m tests.bench.verdicts --show OUT` prints the tables again. Do not edit grader or katas while it runs.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio
import msgspec

from grader.catalog.find import find_catalog
from grader.errors import GraderError
from grader.grading.messages import SessionJob
from grader.grading.observer import NullObserver
from grader.grading.pool import Pool, running_pool
from grader.report import Outcome, Report
from grader.tasks import single_error
from tests.bench.gradings import Card, Grading, deck_of, read_katas
from tests.bench.noise import Noise, busy_machine
from tests.bench.verdicts import print_tables


@dataclass(frozen=True)
class Round:
    """One round of one kata.

    Attributes:
        cards: its examples.
        noise: name of the noise level.
    """

    cards: Sequence[Card]
    noise: str


async def grade_round(one: Round, pool: Pool) -> list[Grading]:
    """Grade each of these examples once, in random order, in a single worker.

    Raises:
        GraderError: an example could not be graded.
    """
    catalog = find_catalog()
    kata = catalog.kata(one.cards[0].kata)
    gradings = []
    async with pool.session(
        SessionJob(str(catalog.folder), kata.slug, cuts_off=False, raises_broken=True)
    ) as session:
        for card in random.sample(one.cards, len(one.cards)):
            graded = await session.grade(card.example.path, NullObserver(), kata.limits.grading_s)
            if isinstance(graded, GraderError):
                raise graded
            gradings.append(grading_of(card, one.noise, graded.report))
    return gradings


def grading_of(card: Card, noise: str, report: Report) -> Grading:
    """A report as a grading of the benchmarks."""
    odd = [
        check for check in report.checks if check.outcome not in (Outcome.PASSED, Outcome.NOT_RUN)
    ]
    return Grading(
        noise=noise,
        by="kata",
        kata=card.kata,
        example=card.example.label,
        kind=card.example.kind.value,
        expected=card.expected,
        verdict=report.verdict.value,
        declared=None if card.example.fails is None else tuple(sorted(card.example.fails)),
        allowed=tuple(sorted(card.example.may_fail)),
        failed=tuple(
            check.name
            for check in report.checks
            if check.outcome in (Outcome.FAILED, Outcome.NOT_RUN)
        ),
        unsure=tuple(
            check.name for check in report.checks if check.outcome is Outcome.INCONCLUSIVE
        ),
        detail=f"{odd[0].name}: {odd[0].finding}" if odd else "",
        repeated=sum(max(0, check.attempts - 1) for check in report.checks),
        duration_s=round(report.duration_s, 3),
    )


def note(gradings: Sequence[Grading], journal: Path) -> None:
    """Append these to a JSONL file."""
    with open(journal, "ab") as file:
        file.writelines(msgspec.json.encode(grading) + b"\n" for grading in gradings)


async def grade_rounds(
    rounds: Sequence[Round], parallel: int, deadline_s: float, journal: Path | None
) -> list[Grading]:
    """Grade rounds, several at a time; rounds that have not begun by the deadline are left out.

    Args:
        rounds: in this order.
        parallel: how many at a time.
        deadline_s: of the monotonic clock.
        journal: JSONL file to which gradings are appended when their round is finished; None for none.
    """
    gradings: list[Grading] = []
    left = iter(rounds)

    async def work(pool: Pool) -> None:
        for one in left:
            if time.monotonic() > deadline_s:
                return
            some = await grade_round(one, pool)
            gradings.extend(some)
            if journal is not None:
                note(some, journal)

    with running_pool() as pool:
        async with single_error(), anyio.create_task_group() as workers:
            for _ in range(parallel):
                workers.start_soon(work, pool)
    return gradings


def main() -> int:
    """Grade the rounds; the exit code is 1 if a verdict was wrong or broken."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.rounds",
        description="Grade every example N times on a busy machine.",
    )
    parser.add_argument("slugs", nargs="*", metavar="KATA", help="only these; all by default")
    parser.add_argument("--rounds", type=int, default=20, help="how often (default 20)")
    parser.add_argument(
        "--noise", type=int, default=4, help="how many processes are kept busy (default 4)"
    )
    parser.add_argument(
        "--parallel", type=int, default=1, help="how many katas at a time (default 1)"
    )
    parser.add_argument(
        "--minutes",
        type=float,
        default=600.0,
        help="begin no round after this many minutes (default 600)",
    )
    parser.add_argument("--out", type=Path, help="write every grading to this JSONL file")
    options = parser.parse_args()
    deadline_s = time.monotonic() + options.minutes * 60
    noise = Noise(options.noise)
    with tempfile.TemporaryDirectory(prefix="kata-bench-") as junk, busy_machine(noise):
        katas = read_katas(find_catalog().folder, options.slugs)
        decks = [deck_of([kata], Path(junk)) for kata in katas]
        rounds = [
            Round(deck, noise.name)
            for _ in range(options.rounds)
            for deck in random.sample(decks, len(decks))
        ]
        gradings = anyio.run(grade_rounds, rounds, options.parallel, deadline_s, options.out)
    print_tables(gradings)
    return int(any(grading.is_wrong or grading.verdict == "broken" for grading in gradings))


if __name__ == "__main__":
    sys.exit(main())
