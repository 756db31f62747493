"""Solutions: grades right and wrong solutions of some katas again and again, and counts their verdicts by load.

    python -m tests.bench.solutions --minutes 8 missing-timeout=DIR swallowed-cancel=DIR

Each DIR has a folder `right` and a folder `wrong` with solutions, one file each. They are graded in random order, one
after another, beside whatever else keeps the machine busy. docs/decisions/0027-late-by-its-own-doing.md has its tables.
"""

import argparse
import contextlib
import os
import random
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from grader.catalog.find import find_catalog
from grader.grading.session import Session

LOADS = (5, 15, 25)
"""The load averages at which the table is split."""


@dataclass(frozen=True)
class Candidate:
    """A solution and what its verdict should be: `right` or `wrong`."""

    slug: str
    kind: str
    path: Path


def candidates_of(folders: list[str]) -> list[Candidate]:
    """The solutions in these folders, each given as `SLUG=DIR`."""
    return [
        Candidate(slug, kind, path)
        for slug, _, folder in (text.partition("=") for text in folders)
        for kind in ("right", "wrong")
        for path in sorted(Path(folder, kind).glob("*.py"))
    ]


def load_range() -> str:
    """The range of the present load average."""
    load = os.getloadavg()[0]
    below = [limit for limit in LOADS if load < limit]
    return f"below {below[0]}" if below else f"{LOADS[-1]} and more"


def grade_until(
    deadline_s: float, candidates: list[Candidate], katas: Path | None
) -> Counter[tuple[str, str, str]]:
    """How often each kind of solution got each verdict in each range of loads."""
    catalog, counts = find_catalog(katas), Counter[tuple[str, str, str]]()
    with contextlib.ExitStack() as stack:
        sessions = {
            slug: stack.enter_context(Session(catalog.kata(slug)))
            for slug in {candidate.slug for candidate in candidates}
        }
        while time.monotonic() < deadline_s:
            one = random.choice(candidates)
            load = load_range()
            graded = sessions[one.slug].grade(one.path)
            verdict = graded.report.verdict.value
            counts[one.kind, load, verdict] += 1
            took_s = graded.report.duration_s
            print(f"{one.kind} {one.slug}/{one.path.stem}: {verdict}, {took_s:.1f} s, {load}")
    return counts


def main() -> None:
    """Grade, and print a line for each kind, load and verdict."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.solutions")
    parser.add_argument("folders", nargs="+", metavar="SLUG=DIR")
    parser.add_argument("--minutes", type=float, default=8.0, help="how long (default 8)")
    parser.add_argument("--katas", type=Path, help="the folder of katas")
    options = parser.parse_args()
    deadline_s = time.monotonic() + 60 * options.minutes
    counts = grade_until(deadline_s, candidates_of(options.folders), options.katas)
    for (kind, load, verdict), count in sorted(counts.items()):
        print(f"{kind:6} load {load:12} {verdict:13} {count:4}")


if __name__ == "__main__":
    main()
