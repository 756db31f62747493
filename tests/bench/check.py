"""Measures whole commands beside a bare script, and what the load client and the watchdog cost.

    python -m tests.bench.check [-n 10] [--katas slug,…] [--commands]

Prints markdown tables for docs/performance.md.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.catalog.manifest import Kata
from grader.grading.grade import grade
from tests.bench import bare
from tests.bench.client import print_client
from tests.bench.gradings import KATA, ROOT, read_katas
from tests.bench.replay import plan_of
from tests.bench.tables import ms, s, table
from tests.bench.watchdog import print_watchdog

BASELINE = (sys.executable, "-c", "import typer, rich")
"""The baseline for the start of a command: no command that uses these packages can be faster."""

ENVIRON = {
    name: value
    for name, value in os.environ.items()
    if name not in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
}
"""Variables that a learner's shell does not have; the first one would make every start compile the modules of an
editable installation.
"""


@dataclass(frozen=True)
class Taken:
    """What a process took: elapsed time, and CPU time including its children."""

    wall_s: float
    cpu_s: float


def run(command: Sequence[str | Path], folder: Path) -> Taken:
    """Time a whole process.

    Raises:
        RuntimeError: it failed or was inconclusive, so its time is meaningless.
    """
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [*map(str, command)], cwd=folder, env=ENVIRON, capture_output=True, text=True, check=False
    )
    elapsed_s, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(
            f"{' '.join(map(str, command))} ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return Taken(elapsed_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def in_turn(count: int, folder: Path, *commands: Sequence[str | Path]) -> list[list[Taken]]:
    """What each command takes; commands run in turn, so that other work on this machine affects all alike."""
    return [
        list(column)
        for column in zip(
            *([run(command, folder) for command in commands] for _ in range(count)), strict=True
        )
    ]


def median_cpu_s(taken: Sequence[Taken]) -> float:
    """The median of CPU time."""
    return statistics.median(one.cpu_s for one in taken)


def median_wall_s(taken: Sequence[Taken]) -> float:
    """The median of elapsed time."""
    return statistics.median(one.wall_s for one in taken)


def spread(taken: Sequence[Taken], shown: Callable[[float], str] = s) -> tuple[str, ...]:
    """Median, minimum and maximum of elapsed time, and the median of CPU time."""
    walls = [one.wall_s for one in taken]
    return (
        shown(statistics.median(walls)),
        shown(min(walls)),
        shown(max(walls)),
        shown(median_cpu_s(taken)),
    )


def print_commands(count: int, folder: Path) -> None:
    """Print what `kata --help` and `kata list` take, also in multiples of the baseline."""
    commands: dict[str, Sequence[str | Path]] = {
        'python -c "import typer, rich"': BASELINE,
        "kata --help": (KATA, "--help"),
        "kata list": (KATA, "list"),
    }
    in_turn(1, folder, *commands.values())  # the first run writes byte code
    base, *others = in_turn(count, folder, *commands.values())
    rows = [
        (f"`{name}`", *spread(taken, ms), *ratios(taken, base))
        for name, taken in zip(commands, (base, *others), strict=True)
    ]
    print(
        table(("command", "median", "fastest", "slowest", "CPU", "ratio", "ratio of CPU"), rows),
        flush=True,
    )


def ratios(taken: Sequence[Taken], base: Sequence[Taken]) -> tuple[str, str]:
    """Elapsed time and CPU time in multiples of the baseline."""
    return (
        f"{median_wall_s(taken) / median_wall_s(base):.2f}",
        f"{median_cpu_s(taken) / median_cpu_s(base):.2f}",
    )


def kata_row(kata: Kata, count: int, folder: Path) -> tuple[str, ...]:
    """Times of one kata's reference: graded, and with its requests sent by the bare script."""
    check: list[str | Path] = [KATA, "check", kata.slug, "--solution", kata.reference, "--json"]

    run(check, folder)  # the first run writes byte code
    if "postgres" in kata.services:
        return (kata.slug, *spread(in_turn(count, folder, check)[0]), "needs PostgreSQL", "")
    solution = folder / kata.slug
    solution.mkdir()
    (solution / "app.py").write_bytes(kata.reference.read_bytes())
    evidence = grade(kata, kata.reference).run
    plan = folder / f"{kata.slug}.json"
    plan.write_text(json.dumps(plan_of(evidence)))
    script: list[str | Path] = [sys.executable, bare.__file__, plan, solution]
    alike, total = json.loads(
        subprocess.run(
            [*map(str, script)], cwd=folder, capture_output=True, text=True, check=True
        ).stdout
    )
    graded, sent = in_turn(count, folder, check, script)
    ratio = median_wall_s(graded) / median_wall_s(sent)
    return (
        kata.slug,
        *spread(graded),
        f"{s(median_wall_s(sent))} ({alike} of {total})",
        f"{ratio:.2f}",
    )


def print_katas(katas: Sequence[Kata], count: int, folder: Path) -> None:
    """One row for each kata."""
    rows = []
    for kata in katas:
        try:
            rows.append(kata_row(kata, count, folder))
        except RuntimeError as error:
            print(f"Left out: {kata.slug}. {error}", file=sys.stderr)
    print(
        table(
            (
                "`kata check`, reference",
                "median",
                "fastest",
                "slowest",
                "CPU",
                "bare script (answers alike)",
                "ratio",
            ),
            rows,
        ),
        flush=True,
    )


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.check", description="How long commands take."
    )
    parser.add_argument("-n", type=int, default=10, help="how often each (default 10)")
    parser.add_argument(
        "--commands", action="store_true", help="only `kata --help` and `kata list`"
    )
    parser.add_argument(
        "--katas", type=lambda text: text.split(","), default=[], help="only these katas: slug,slug"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kata-bench-") as name:
        print_commands(options.n, Path(name))
        if options.commands:
            return
        print()
        print_katas(read_katas(ROOT / "katas", options.katas), options.n, Path(name))
    print()
    print_client(options.n)
    print()
    print_watchdog(max(1, options.n // 2))


if __name__ == "__main__":
    main()
