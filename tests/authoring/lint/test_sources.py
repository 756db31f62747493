"""The lint of checks, starter and preparation."""

import textwrap

import pytest

from tests.authoring.lint.conftest import Lint, places
from tests.conftest import CHECKS


@pytest.mark.parametrize(
    ("files", "place", "words"),
    [
        ({"checks.py": None}, ("checks.py", None), "is missing"),
        ({"checks.py": "async def f(:"}, ("checks.py", 1), "is not valid Python"),
        ({"checks.py": "X = 1\n"}, ("checks.py", None), "has no checks"),
        (
            {"checks.py": f"{CHECKS}\nX = 1{'+1' * 500}\n"},
            ("checks.py", CHECKS.count("\n") + 2),
            "is not valid Python: more than 100 levels are nested.",
        ),
        (
            {"checks.py": f"{CHECKS}\nX = 1{'+1' * 50_000}\n"},
            ("checks.py", None),
            "is not valid Python: more than 100 levels are nested.",
        ),
        ({"run.py": f"X = 1{'+1' * 50_000}\n"}, ("run.py", None), "is not valid Python"),
        ({"starter/app.py": "# FIXME later\nx = 1\n"}, ("starter/app.py", 1), "`FIXME`"),
        ({"starter/app.py": "x = 1\ny = 2  # this blocks\n"}, ("starter/app.py", 2), "`blocks`"),
        ({"run.py": "async def f(:"}, ("run.py", 1), "is not valid Python"),
        ({"run.py": "X = 1\n"}, ("run.py", None), "must define `async def prepare`"),
        ({"run.py": "def prepare(): ...\n"}, ("run.py", 1), "must define `async def prepare`"),
        ({"run.py": "async def prepare(): ...\n"}, ("run.py", 1), "no docstring"),
        (
            {"run.py": 'async def prepare(tasks, files):\n    """It."""\n'},
            ("run.py", 1),
            "takes `files`",
        ),
    ],
)
def test_a_problem_is_reported_with_its_place(
    lint: Lint, files: dict[str, str | None], place: tuple[str, int | None], words: str
) -> None:
    assert places(lint(**files), words) == [place]


def test_a_check_that_redefines_another_is_reported_with_both_lines(lint: Lint) -> None:
    (problem,) = lint(**{"checks.py": CHECKS + CHECKS})
    assert (problem.file, problem.line) == ("checks.py", 12)
    assert "on line 5" in problem.text


@pytest.mark.parametrize(
    ("check", "words"),
    [
        ('def test_it_answers():\n    """It."""\n', "must be an `async def`"),
        ("async def test_it_answers():\n    pass\n", "no docstring"),
        ('class TestIt:\n    """It."""\n\n' + CHECKS, "write each check as a function"),
    ],
)
def test_what_is_not_a_check_is_refused(lint: Lint, check: str, words: str) -> None:
    (problem,) = lint(**{"checks.py": textwrap.dedent(check)})
    assert words in problem.text


def test_a_starter_with_the_code_of_an_accepted_example_is_found_despite_its_layout(
    lint: Lint,
) -> None:
    (problem,) = lint(**{"starter/app.py": "x  =  1  # one\n", "accepted/also.py": "x = 1\n"})
    assert "same code as accepted/also.py" in problem.text


def test_words_outside_of_comments_are_up_to_the_author(lint: Lint) -> None:
    assert lint(**{"starter/app.py": '"""What is wrong with it?"""\nprefix = "fix"\n'}) == []
