"""Measures how long `kata watch` takes from a save to its first line and to its verdict.

    python -m tests.bench.watch [-n 10] [--katas slug,…]

Saves the reference of each kata as editors do, by renaming, and reads what a real `kata watch` prints into a pipe.
"Rested" is a save some time after the last verdict, as usual. "During a run" is a save a quarter of a second after
another one, whose grading is interrupted. Katas that need PostgreSQL are left out unless they are named. Prints a
markdown table for docs/performance.md.
"""

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from grader.catalog.manifest import Kata
from grader.workspace.handout import hand_out
from grader.workspace.progress import make_workspace
from tests.bench.gradings import KATA, ROOT, read_katas
from tests.bench.tables import s, table

REST_S = 2.0
"""How long after a verdict the next save comes; the worker on standby is ready by then."""

INTO_RUN_S = 0.25
"""Well before the fastest grading is finished."""
MARKS = (" ✓ ", " ✗ ", " ? ", " ! ")
VERDICTS = ("Passed:", "Failed:", "Inconclusive:", "Broken:", "Error:")


@dataclass(frozen=True)
class Taken:
    """Seconds from a save to the first check's line and to the verdict, and the verdict."""

    first_s: float
    verdict_s: float
    verdict: str


class Watch:
    """A running `kata watch`.

    Args:
        out: what it prints.
        app: the learner's file.
        source: what is saved into it.
    """

    def __init__(self, out: IO[str], app: Path, source: str) -> None:
        self._out = out
        self._app = app
        self._source = source
        self._saves = 0

    def save(self) -> None:
        """Save the source, with a small difference each time."""
        self._saves += 1
        new = self._app.with_name(".saving.tmp")
        new.write_text(f"{self._source}\n# {self._saves}\n")
        new.replace(self._app)

    def line(self, *beginnings: str) -> tuple[str, float]:
        """The next line with one of these beginnings, and when it came."""
        for line in self._out:
            if line.startswith(beginnings):
                return line, time.perf_counter()
        raise RuntimeError("the watch has ended")

    def rested(self) -> Taken:
        """Save, and wait for the verdict."""
        time.sleep(REST_S)
        saved_at = time.perf_counter()
        self.save()
        return self._taken(saved_at)

    def during_a_run(self) -> Taken:
        """Save twice, and wait for the verdict on the second save; repeat if the first grading finished before that."""
        while True:
            time.sleep(REST_S)
            self.save()
            time.sleep(INTO_RUN_S)
            saved_at = time.perf_counter()
            self.save()
            if self.line("Saved again", *VERDICTS)[0].startswith("Saved again"):
                return self._taken(saved_at)
            self.line(*VERDICTS)

    def _taken(self, saved_at: float) -> Taken:
        first, first_at = self.line(*MARKS, *VERDICTS)
        verdict, verdict_at = (
            (first, first_at) if first.startswith(VERDICTS) else self.line(*VERDICTS)
        )
        return Taken(first_at - saved_at, verdict_at - saved_at, verdict.split(":")[0].lower())


@contextmanager
def watching(kata: Kata, folder: Path) -> Iterator[Watch]:
    """A watch of this kata in a new workspace, after its first grading."""
    workspace = make_workspace(folder)
    app = hand_out(kata, workspace, {}).folder / "app.py"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("KATA_")}
    with subprocess.Popen(
        [str(KATA), "watch", kata.slug],
        cwd=folder,
        env={**environ, "PYTHONUTF8": "1", "COLUMNS": "200"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        watch = Watch(process.stdout, app, kata.reference.read_text())
        try:
            watch.line(*VERDICTS)
            yield watch
        finally:
            process.send_signal(signal.SIGTERM)


def median_and_worst(figures: list[float]) -> tuple[str, str]:
    """Both, with their unit."""
    return s(statistics.median(figures)), s(max(figures))


def kata_row(kata: Kata, count: int) -> tuple[str, ...]:
    """The figures of one kata."""
    with (
        tempfile.TemporaryDirectory(prefix="kata-bench-") as name,
        watching(kata, Path(name)) as watch,
    ):
        rested = [watch.rested() for _ in range(count)]
        disturbed = [watch.during_a_run() for _ in range(max(1, count // 3))]
    others = sum(one.verdict != "passed" for one in (*rested, *disturbed))
    return (
        kata.slug + (f" ({others} not passed)" if others else ""),
        *median_and_worst([one.first_s for one in rested]),
        *median_and_worst([one.verdict_s for one in rested]),
        *median_and_worst([one.first_s for one in disturbed]),
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.watch", description="From a save to its verdict."
    )
    parser.add_argument("-n", type=int, default=10, help="how often each (default 10)")
    parser.add_argument(
        "--katas", type=lambda text: text.split(","), default=[], help="only these katas: slug,slug"
    )
    options = parser.parse_args()
    rows = []
    for kata in read_katas(ROOT / "katas", options.katas):
        if options.katas or "postgres" not in kata.services:
            rows.append(kata_row(kata, options.n))
            print(" ".join(rows[-1]), file=sys.stderr, flush=True)
    heads = (
        "save → first line",
        "median",
        "slowest",
        "save → verdict",
        "slowest",
        "during a run, first line",
        "slowest",
    )
    print(table(heads, rows))


if __name__ == "__main__":
    main()
