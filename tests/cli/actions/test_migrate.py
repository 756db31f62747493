"""`kata migrate`: what it says, and its exit codes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.authoring.migrate.test_migrate import OLD
from tests.cli.commands import KataHere


@pytest.fixture
def old(make_kata: Callable[..., Path]) -> Path:
    """A folder with a kata of format 1 and one of format 2."""
    make_kata("new")
    return make_kata("old", manifest=OLD)


def test_katas_are_migrated_and_what_remains_is_listed(kata_here: KataHere, old: Path) -> None:
    ran = kata_here("migrate", "old", "new", "--katas", old, cwd=old)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "old has format 2 now. What remains for you:",
        "old/kata.toml:13: [requirements] gives answers no checks; name them.",
        "old/kata.toml:14: [requirements] gives route-stays no checks; name them.",
        "Then prove it: kata verify old",
        "",
        "new has format 2 already; nothing was changed.",
    ]


def test_an_unknown_kata_is_a_usage_error_and_nothing_is_migrated(
    kata_here: KataHere, old: Path
) -> None:
    before = (old / "old" / "kata.toml").read_text()
    ran = kata_here("migrate", "old", "odl", "--katas", old, cwd=old)
    assert (ran.code, (old / "old" / "kata.toml").read_text()) == (2, before)
    assert "Did you mean old?" in ran.err


def test_a_kata_that_cannot_be_migrated_is_an_error(kata_here: KataHere, old: Path) -> None:
    (old / "old" / "kata.toml").write_text("format = \n")
    ran = kata_here("migrate", "old", "--katas", old, cwd=old)
    assert ran.code == 4
    assert "is not valid TOML" in " ".join(ran.err.split())
    assert "line 1" in " ".join(ran.err.split())
