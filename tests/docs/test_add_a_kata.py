"""The how-to "Add a kata of your own": its commands, run in order, print what it shows, and its files are written."""

from pathlib import Path

import pytest

from tests.docs.steps import Step, check_steps, read_steps, shows

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "add-a-kata.md"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_commands_print_what_the_page_shows(tmp_path: Path) -> None:
    check_steps(list(read_steps(PAGE.read_text(encoding="utf-8"))), tmp_path)


def test_the_page_leads_through_every_command() -> None:
    steps = list(read_steps(PAGE.read_text(encoding="utf-8")))
    commands = " | ".join(step.command for step in steps)
    assert [step.code for step in steps if step.command.startswith("kata verify")] == [0, 1, 0]
    assert all(
        word in commands
        for word in ("kata new", "kata check", "kata verify", "kata next", "KATA_PATH")
    )


def test_a_command_that_is_expected_to_fail_says_so() -> None:
    page = (
        "```console\n$ false\nno…\nexit code 1\n$ true\n```\n\nAppend to "
        "`a.txt`:\n\n```toml\nit's = 1\n```\n\n```python\nnot run\n```\n"
    )
    assert list(read_steps(page)) == [
        Step("false", 1, "no…"),
        Step("true", 0, ""),
        Step("printf %s 'it'\"'\"'s = 1\n' >> a.txt", 0, ""),
    ]


def test_a_change_of_lines_becomes_a_command() -> None:
    (step,) = read_steps("Change two lines in `a.py`:\n\n```diff\n-old\n+new\n```\n")
    assert step.command.endswith(" a.py old new")


def test_a_line_that_is_added_below_another_becomes_a_command() -> None:
    (step,) = read_steps("Add a line to `a.py`:\n\n```diff\n one\n+two\n```\n")
    assert step.command.endswith(" a.py one 'one\ntwo'")


def test_shown_output_must_occur_in_order() -> None:
    assert shows("one\n  two three\n", "one\n…three")
    assert not shows("three one", "one…three")
