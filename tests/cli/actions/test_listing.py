"""`kata list`: filters, and the state of each kata."""

from pathlib import Path

import pytest

from tests.cli.commands import KataHere, passes
from tests.conftest import RunKata


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("sec",), "1 of 3 katas, 0 of them passed."),
        (("TEST kata",), "3 of 3 katas, 1 of them passed."),
        (("--tier", "1"), "3 of 3 katas, 1 of them passed."),
        (("--tier", "2"), "No kata matches."),
        (("--todo",), "2 of 3 katas, 0 of them passed."),
        (("--todo", "fir"), "No kata matches."),
        ((), "1 of 3 passed."),
    ],
)
def test_list_shows_the_katas_that_match(
    run: KataHere, begun: Path, arguments: tuple[str, ...], shown: str
) -> None:
    passes(begun, "first")
    ran = run("list", *arguments, cwd=begun)
    assert (ran.code, ran.err) == (0, "")
    assert shown in ran.out


def test_list_refuses_a_tier_that_does_not_exist(run: KataHere, begun: Path) -> None:
    assert run("list", "--tier", "6", cwd=begun).code == 2


@pytest.mark.slow
def test_list_shows_every_kata_with_its_state(kata: RunKata, katas: Path, play: Path) -> None:
    assert "0 of 3 passed." in kata("list", "--katas", katas, cwd=play).out
    kata("next", "--skip", "--katas", katas, cwd=play)
    out = kata("list", "--katas", katas, cwd=play).out
    assert "Tier 1 · All" in out
    assert "skipped" in out
    assert "current" in out
