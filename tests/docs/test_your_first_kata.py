"""The tutorial "Your first kata": its commands, run in order, print what it shows."""

from pathlib import Path

import pytest

from tests.docs.steps import check_steps, loosely, read_steps

PAGE = Path(__file__).parents[2] / "docs" / "tutorial" / "your-first-kata.md"
STEPS = list(read_steps(PAGE.read_text(encoding="utf-8")))


@pytest.mark.slow
def test_the_commands_print_what_the_tutorial_shows(tmp_path: Path) -> None:
    check_steps(STEPS, tmp_path, loosely)


def test_the_tutorial_leads_from_a_failure_to_a_pass_and_to_the_next_kata() -> None:
    commands = [step.command for step in STEPS]
    assert [step.code for step in STEPS if step.command == "kata check"] == [1, 0]
    assert commands.count("kata next") == 2
    assert sum(command.startswith("python3 -c") for command in commands) == 2


def test_every_step_shows_its_output() -> None:
    quiet = ("mkdir", "python3 -c")
    assert all(step.shown for step in STEPS if not step.command.startswith(quiet))


def test_times_and_the_number_of_bars_may_differ() -> None:
    assert loosely("took 0.44 s\n███ 0.11 s\n  ████▒ unanswered\n") == loosely(
        "took 28 ms\n█ 0.2 s\n"
    )
    assert (
        loosely(" while labels      9 ms (limit 0.30 s)\n render.").split()
        == loosely(" while labels render.    9 ms (limit 0.30 s) ").split()
    )
    assert loosely("Failed: 2 of 4") != loosely("Passed: 2 of 4")
