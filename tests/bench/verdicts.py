"""The soak: grades every example of every kata again and again on a busy machine, and counts wrong verdicts.

    python -m tests.bench.verdicts --minutes 20 --noise 0,4,8,32 --bursts --parallel 2 --out soak.json

A wrong verdict is the worst bug of this program, so this searches for one. OUT gets the figures, OUT with the suffix
.jsonl every grading as soon as it is finished, and the folder OUT with the suffix .runs the evidence of each right app
that did not pass at the first attempt. `--show` prints the tables of such files again.
"""

import argparse
import contextlib
import itertools
import json
import os
import platform
import random
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import msgspec

from tests.bench.gradings import (
    Card,
    Grading,
    deck_of,
    frozen_copy,
    grade_apart,
    grade_naively,
    naive_deck_of,
    read_katas,
)
from tests.bench.noise import BURST_S, Noise, busy_machine
from tests.bench.summary import detection_table, grouped, summary, table, told

SLICE_S = 120.0
"""How long one noise level lasts before the next one, so that even an interrupted soak has covered all of them."""

SAVE_S = 5.0
BURST_PROCESSES = 8

NAIVE_EVERY = 6
"""One in this many gradings is made by a naive script: enough to compare, and most of the time remains for our own."""


@dataclass
class Soak:
    """The gradings so far, and where they are kept.

    Attributes:
        out: file for the figures; None to keep nothing.
    """

    out: Path | None
    began: float = field(default_factory=time.monotonic)
    gradings: list[Grading] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _saved: float = 0.0

    def __post_init__(self) -> None:
        if self.out is not None:
            self.out.with_suffix(".jsonl").write_bytes(b"")

    def add(self, grading: Grading) -> None:
        """Add a grading, and report it at once if it is wrong or broken."""
        with self._lock:
            self.gradings.append(grading)
            if grading.by == "kata" and (grading.is_wrong or grading.verdict == "broken"):
                print(f"WRONG  {told(grading)}\n       {grading.detail}", flush=True)
            if self.out is None:
                return
            with open(self.out.with_suffix(".jsonl"), "ab") as journal:
                journal.write(msgspec.json.encode(grading) + b"\n")
            if time.monotonic() - self._saved > SAVE_S:
                self.save()

    def save(self) -> None:
        """Write the figures."""
        if self.out is None:
            return
        document = {
            "minutes": round((time.monotonic() - self.began) / 60, 1),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "graders": summary(self.gradings),
        }
        unfinished = self.out.with_suffix(".part")
        unfinished.write_text(json.dumps(document, indent=1) + "\n")
        unfinished.replace(self.out)
        self._saved = time.monotonic()


class Deck:
    """Deals all cards in random order, again and again; safe for several threads."""

    def __init__(self, cards: Sequence[Card], random_numbers: random.Random) -> None:
        self._cards = list(cards)
        self._random = random_numbers
        self._left: list[Card] = []
        self._lock = threading.Lock()

    def deal(self) -> Card:
        """The next card."""
        with self._lock:
            if not self._left:
                self._left = self._random.sample(self._cards, len(self._cards))
            return self._left.pop()


@dataclass(frozen=True)
class Decks:
    """What is graded at one noise level: by the command, and occasionally by the naive scripts."""

    kata: Deck
    naive: Deck | None
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))


def run_slice(
    soak: Soak, decks: Decks, copy: Path, noise: Noise, until: float, parallel: int
) -> None:
    """Grade at one noise level until this time of the monotonic clock."""

    def grade_some() -> None:
        while time.monotonic() < until and not soak.stopped.is_set():
            if next(decks.numbers) % NAIVE_EVERY == 0 and decks.naive is not None:
                gradings = grade_naively(decks.naive.deal(), noise.name)
            else:
                gradings = grade_apart(
                    decks.kata.deal(), copy, noise.name, soak.out and soak.out.with_suffix(".runs")
                )
            for grading in gradings:
                soak.add(grading)

    with busy_machine(noise), ThreadPoolExecutor(parallel) as threads:
        workers = [threads.submit(grade_some) for _ in range(parallel)]
        try:
            for worker in workers:
                worker.result()
        except BaseException:
            soak.stopped.set()
            raise


def make_decks(cards: Sequence[Card], naive: bool) -> Decks:
    """The decks of one noise level, so that each level grades every example equally often."""
    naive_cards = naive_deck_of(cards) if naive else []
    return Decks(
        Deck(cards, random.Random()), Deck(naive_cards, random.Random()) if naive_cards else None
    )


def run_soak(
    soak: Soak, decks: Mapping[Noise, Decks], copy: Path, minutes: float, parallel: int
) -> None:
    """Cycle through the noise levels until the time is up."""
    levels = list(decks)
    seconds = minutes * 60
    rounds = max(1, round(seconds / len(levels) / SLICE_S))
    slice_s = seconds / rounds / len(levels)
    for number, noise in enumerate([noise for _ in range(rounds) for noise in levels], 1):
        before = len(soak.gradings)
        # Counted from the beginning, so that a slice whose last grading takes long does not prolong the soak.
        run_slice(soak, decks[noise], copy, noise, soak.began + number * slice_s, parallel)
        new = [grading for grading in soak.gradings[before:] if grading.by == "kata"]
        print(
            f"{(time.monotonic() - soak.began) / 60:5.1f} of {minutes:g} min  noise {noise.name}: {len(new)} gradings, "
            f"{sum(grading.is_wrong for grading in new)} wrong, "
            f"{sum(grading.verdict == 'inconclusive' for grading in new)} inconclusive",
            flush=True,
        )


def print_tables(gradings: Sequence[Grading]) -> None:
    """Print the figures."""
    for by, of_grader in grouped(gradings, "by").items():
        print(f"\nGraded by {by}\n")
        print(table("busy processes", grouped(of_grader, "noise")))
        if by == "kata":
            print("\n" + table("kata", dict(sorted(grouped(of_grader, "kata").items()))))
            print("\n" + table("kind", grouped(of_grader, "kind")))
            print("\n" + detection_table(of_grader))
    for grading in gradings:
        if grading.by == "kata" and (grading.has_wrong_checks or grading.verdict == "inconclusive"):
            print(
                f"\n{told(grading)}; declared: {', '.join(grading.declared or ()) or 'none'}\n  {grading.detail}"
            )


@contextlib.contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """Let SIGTERM end the soak in order, as Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def numbers(text: str) -> list[int]:
    """ "0,4,8" as numbers."""
    return [int(part) for part in text.split(",")]


def main() -> int:
    """Run the soak; the exit code is 1 if a verdict was wrong or broken."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.verdicts", description="Count wrong verdicts on a busy machine."
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="how long in all (default 10)")
    parser.add_argument(
        "--noise",
        type=numbers,
        default=[0, 4, 8, 32],
        help="numbers of busy processes (default 0,4,8,32)",
    )
    parser.add_argument(
        "--bursts",
        action="store_true",
        help=f"one more level: {BURST_PROCESSES} processes, {BURST_S} s on and off",
    )
    parser.add_argument(
        "--parallel", type=int, default=1, help="how many gradings at a time (default 1)"
    )
    parser.add_argument(
        "--katas", type=lambda text: text.split(","), default=[], help="only these katas: slug,slug"
    )
    parser.add_argument(
        "--no-naive",
        action="store_true",
        help="leave out the scripts with fixed limits, for comparison",
    )
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file")
    parser.add_argument(
        "--show",
        type=Path,
        nargs="+",
        metavar="JSONL",
        help="grade nothing; print the tables of these files together",
    )
    options = parser.parse_args()
    if options.show:
        print_tables(
            [
                msgspec.json.decode(line, type=Grading)
                for path in options.show
                for line in path.read_bytes().splitlines()
            ]
        )
        return 0
    levels = [Noise(processes) for processes in options.noise] + [
        Noise(BURST_PROCESSES, BURST_S)
    ] * options.bursts
    soak = Soak(options.out)
    try:
        with sigterm_interrupts(), frozen_copy() as copy:
            katas = read_katas(copy / "katas", options.katas)
            cards = deck_of(katas, copy / "junk")
            print(
                (
                    f"{len(cards)} examples of {len(katas)} katas, {len(levels)} "
                    f"noise levels, {options.minutes:g} minutes."
                ),
                flush=True,
            )
            decks = {noise: make_decks(cards, not options.no_naive) for noise in levels}
            run_soak(soak, decks, copy, options.minutes, options.parallel)
    except KeyboardInterrupt:
        print("Interrupted; this is what is known.", flush=True)
    soak.save()
    print_tables(soak.gradings)
    return int(
        any(
            grading.by == "kata" and (grading.is_wrong or grading.verdict == "broken")
            for grading in soak.gradings
        )
    )


if __name__ == "__main__":
    sys.exit(main())
