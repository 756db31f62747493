"""The cases: solutions by people who knew only README and starter, with their right verdicts."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
EXPECTED = {"right": "passed", "wrong": "failed"}
"""Verdicts, by folder."""


@dataclass(frozen=True)
class Case:
    """One solution.

    Attributes:
        kata: its slug.
        expected: the right verdict, "passed" or "failed".
        path: `tests/cases/KATA/right/NAME.py` or `tests/cases/KATA/wrong/NAME.py`.
    """

    kata: str
    expected: str
    path: Path

    @property
    def name(self) -> str:
        """The name shown to people: "lost-update/wrong/lock_for_all"."""
        return str(self.path.relative_to(FOLDER).with_suffix(""))


def all_cases() -> list[Case]:
    """The cases of all katas."""
    return [
        Case(path.parts[-3], EXPECTED[path.parts[-2]], path)
        for path in sorted(FOLDER.glob("*/*/*.py"))
    ]


def sampled(cases: Iterable[Case]) -> list[Case]:
    """One case of each kata, the same ones until others are added."""
    by_kata: dict[str, list[Case]] = {}
    for case in cases:
        by_kata.setdefault(case.kata, []).append(case)
    return [min(own, key=lambda case: zlib.crc32(case.name.encode())) for own in by_kata.values()]
