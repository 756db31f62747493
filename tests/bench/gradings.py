"""Grades one example in a process of its own, and says whether the verdict is right."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from grader.authoring.examples import Example, Kind, junk_examples, own_examples
from grader.catalog.find import find_catalog
from grader.catalog.manifest import Kata
from grader.errors import GraderError
from grader.evidence.files import load_run
from tests.bench.naive import AUTHORS, SCRIPTS
from tests.cases.case import Case, all_cases

ROOT = Path(__file__).resolve().parents[2]
KATA = Path(sys.executable).parent / "kata"
GRADING_LIMIT_S = 300.0
"""A command that takes longer has hung and counts as broken."""


class Grading(msgspec.Struct, frozen=True, kw_only=True):
    """The result of grading one example.

    Attributes:
        noise: name of the noise level.
        by: who graded: "kata", or one of the naive scripts.
        kind: starter, accepted, rejected or junk.
        declared: the checks that must fail; None if nothing is declared.
        allowed: further checks that may fail.
        failed: the checks that failed.
        unsure: the checks that were inconclusive.
        detail: the message of the first check that was broken, or else did not pass.
        repeated: attempts beyond the first, of all checks together. For a right app, each is a miss caused by the
            machine.
    """

    noise: str
    by: str
    kata: str
    example: str
    kind: str
    expected: str
    verdict: str
    declared: tuple[str, ...] | None = None
    allowed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    detail: str = ""
    repeated: int = 0
    duration_s: float

    @property
    def is_wrong(self) -> bool:
        """Whether a right app failed, or a wrong one passed. Inconclusive and broken are counted separately."""
        return self.verdict in ("passed", "failed") and self.verdict != self.expected

    @property
    def has_wrong_checks(self) -> bool:
        """Whether the verdict is right, but other checks failed than those declared."""
        return (
            self.verdict == self.expected
            and self.declared is not None
            and not set(self.declared) <= set(self.failed) <= {*self.declared, *self.allowed}
        )


@dataclass(frozen=True)
class Card:
    """One example of one kata."""

    kata: str
    example: Example

    @property
    def expected(self) -> str:
        """The only right verdict."""
        return "passed" if self.example.kind is Kind.ACCEPTED else "failed"


@contextlib.contextmanager
def frozen_copy() -> Iterator[Path]:
    """A copy of grader and katas, so that edits during the run do not change what is measured."""
    with tempfile.TemporaryDirectory(prefix="kata-bench-") as name:
        for package in ("grader", "katas"):
            shutil.copytree(
                ROOT / package, Path(name) / package, ignore=shutil.ignore_patterns("__pycache__")
            )
        yield Path(name)


def read_katas(folder: Path, slugs: Sequence[str] = ()) -> list[Kata]:
    """These katas of a folder, or all of them; reports and skips katas that cannot be read."""
    catalog = find_catalog(folder)
    katas = []
    for slug in slugs or catalog.slugs:
        try:
            katas.append(catalog.kata(slug))
        except GraderError as error:
            print(f"Left out: {error.message}", file=sys.stderr)
    return katas


def deck_of(katas: Sequence[Kata], junk: Path) -> list[Card]:
    """All examples and cases of these katas; junk is written into this folder."""
    cards = []
    for kata in katas:
        (junk / kata.slug).mkdir(parents=True)
        cards += [
            Card(kata.slug, example)
            for example in [
                *own_examples(kata),
                *junk_examples(kata, junk / kata.slug),
                *(_example(case) for case in all_cases() if case.kata == kata.slug),
            ]
        ]
    return cards


def _example(case: Case) -> Example:
    is_right = case.expected == "passed"
    return Example(
        Kind.ACCEPTED if is_right else Kind.REJECTED,
        f"case/{case.path.stem}",
        case.path,
        frozenset() if is_right else None,
    )


def naive_deck_of(cards: Sequence[Card]) -> list[Card]:
    """The cards that the naive scripts can grade: junk is not among them."""
    return [card for card in cards if card.kata in SCRIPTS and card.example.kind is not Kind.JUNK]


def grade_apart(card: Card, copy: Path, noise: str, kept: Path | None = None) -> list[Grading]:
    """Grade one example with the command of this copy; empty if that was interrupted.

    Args:
        card: the example.
        copy: of grader and katas.
        noise: name of the noise level.
        kept: folder for the runs of right apps that did not pass at the first attempt; None to keep none.
    """
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("KATA_", "PYTEST_"))
    }
    command = [str(KATA), "check", card.kata, "--solution", str(card.example.path), "--json"]
    with tempfile.TemporaryDirectory(prefix="kata-bench-") as name:
        (Path(name) / ".kata").mkdir()  # makes it a workspace, in which runs are saved
        ended = _run(
            command,
            Path(name),
            {**clean, "PYTHONPATH": str(copy), "KATA_PATH": str(copy / "katas")},
        )
        if ended.was_interrupted:
            return []
        runs = sorted((Path(name) / ".kata" / "runs").glob("*.json"))
        repeated = sum(
            len(record.attempts) - 1
            for run in runs
            for record in load_run(run).checks
            if record.attempts
        )
        is_odd = card.expected == "passed" and (
            repeated or not ended.document or ended.document["verdict"] != "passed"
        )
        if is_odd and kept is not None:
            kept.mkdir(exist_ok=True)
            for run in runs:
                shutil.copy(run, kept / f"{noise}-{run.name}")
    if not ended.document:
        return [_grading(card, noise, "kata", "broken", ended.what, ended.duration_s)]
    report = ended.document
    return [
        _grading(
            card,
            noise,
            "kata",
            report["verdict"],
            _detail(report),
            ended.duration_s,
            report["checks"],
            repeated=repeated,
        )
    ]


def grade_naively(card: Card, noise: str) -> list[Grading]:
    """Grade one example with the naive script of its kata, for both of its authors; empty if interrupted."""
    ended = _run(
        [sys.executable, "-m", "tests.bench.naive", card.kata, str(card.example.path)],
        ROOT,
        dict(os.environ),
    )
    if ended.was_interrupted:
        return []
    if not ended.document:
        return [
            _grading(card, noise, f"naive, {author}", "broken", ended.what, ended.duration_s)
            for author in AUTHORS
        ]
    return [
        _grading(
            card,
            noise,
            f"naive, {author}",
            "failed" if why else "passed",
            "; ".join(why),
            ended.duration_s,
            is_naive=True,
        )
        for author, why in ended.document.items()
    ]


@dataclass(frozen=True)
class Ended:
    """How a command ended: its JSON document, or what it printed instead."""

    document: dict[str, Any]
    what: str
    duration_s: float
    was_interrupted: bool


def _run(command: Sequence[str], folder: Path, environ: dict[str, str]) -> Ended:
    began = time.perf_counter()
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environ,
            capture_output=True,
            text=True,
            timeout=GRADING_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Ended(
            {},
            f"no end within {GRADING_LIMIT_S:.0f} s",
            time.perf_counter() - began,
            was_interrupted=False,
        )
    duration_s = time.perf_counter() - began
    interrupted = done.returncode in (
        -signal.SIGINT,
        -signal.SIGTERM,
        128 + signal.SIGINT,
        128 + signal.SIGTERM,
    )
    try:
        return Ended(json.loads(done.stdout), "", duration_s, interrupted)
    except ValueError:
        return Ended(
            {},
            f"no report, exit code {done.returncode}: {done.stderr[-2000:]}",
            duration_s,
            interrupted,
        )


def _detail(report: dict[str, Any]) -> str:
    by_weight = sorted(report["checks"], key=lambda check: check["outcome"] != "broken")
    told = [
        f"{check['name']}: {check['message']}"
        for check in by_weight
        if check["outcome"] not in ("passed", "not_run")
    ]
    return told[0] if told else str(report.get("error", ""))


def _grading(
    card: Card,
    noise: str,
    by: str,
    verdict: str,
    detail: str,
    duration_s: float,
    checks: Sequence[dict[str, str]] = (),
    *,
    is_naive: bool = False,
    repeated: int = 0,
) -> Grading:
    declared = None if is_naive else card.example.fails
    return Grading(
        noise=noise,
        by=by,
        kata=card.kata,
        example=card.example.label,
        kind=card.example.kind.value,
        expected=card.expected,
        verdict=verdict,
        declared=None if declared is None else tuple(sorted(declared)),
        allowed=tuple(sorted(card.example.may_fail)),
        # A check that did not run after a failure, such as a crash at the start, counts as failed, as in `kata verify`.
        failed=tuple(
            check["name"] for check in checks if check["outcome"] in ("failed", "not_run")
        ),
        unsure=tuple(check["name"] for check in checks if check["outcome"] == "inconclusive"),
        detail=detail,
        repeated=repeated,
        duration_s=round(duration_s, 3),
    )
