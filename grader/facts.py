"""Facts about this machine, which `kata doctor` lists."""

from enum import StrEnum

from msgspec import Struct


class FactState(StrEnum):
    """What a fact about the machine means for gradings."""

    GOOD = "good"
    LACKING = "lacking"
    """Gradings work without it."""
    BAD = "bad"
    """No kata can be graded."""


class Fact(Struct, frozen=True):
    """One fact about the machine.

    Attributes:
        seen: what was found.
        advice: what to do about it; empty when there is nothing to do.
    """

    name: str
    state: FactState
    seen: str
    advice: str = ""
