"""The lint of a kata's package, on packages that are made up."""

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.authoring.lint import check_names, lint_package, read_package
from grader.authoring.proof import Problem
from grader.catalog.find import find_catalog
from tests.conftest import APP, CHECKS, MANIFEST

MakeKata = Callable[..., Path]
README = "# Tiny\n\n## Read more\n"


@pytest.fixture
def lint(make_kata: MakeKata) -> Callable[..., list[Problem]]:
    """Lints a small kata that has nothing wrong with it but these files."""

    def lint_it(**files: str | None) -> list[Problem]:
        folder = make_kata(files={"README.md": README})
        kata = find_catalog(folder).kata("tiny")
        contents = {
            **read_package(kata.folder),
            **{name: text for name, text in files.items() if text is not None},
        }
        for name in [name for name, text in files.items() if text is None]:
            del contents[name]
        return lint_package(kata, contents)

    return lint_it


Lint = Callable[..., list[Problem]]


def test_a_good_package_has_no_problem(lint: Lint) -> None:
    assert lint() == []


@pytest.mark.parametrize(
    ("files", "place", "words"),
    [
        ({"README.md": None}, ("README.md", None), "is missing"),
        ({"README.md": "Tiny\n## Read more\n"}, ("README.md", 1), "must begin with the title"),
        ({"README.md": "# Tiny\n"}, ("README.md", None), "no section"),
        ({"notes.txt": ""}, ("notes.txt", None), "no part of a kata"),
        ({"accepted/deep/app.py": ""}, ("accepted/deep/app.py", None), "no part of a kata"),
        ({"tables.sql": ""}, ("tables.sql", None), "no part of a kata"),
        (
            {"rejected/new.py": "x = 1"},
            ("rejected/new.py", None),
            "add [rejected.new] to kata.toml",
        ),
        ({"rejected/wrong.py": None}, ("kata.toml", 12), "there is no rejected/wrong.py"),
        ({"rejected/wrong.py": None}, ("rejected", None), "at least one wrong fix"),
        ({"accepted/reference.py": None}, ("accepted/reference.py", None), "is missing"),
        ({"starter/app.py": None}, ("starter/app.py", None), "is missing"),
        ({"checks.py": None}, ("checks.py", None), "is missing"),
        ({"checks.py": "async def f(:"}, ("checks.py", 1), "cannot be read"),
        ({"checks.py": "X = 1\n"}, ("checks.py", None), "has no check"),
        ({"starter/app.py": "# FIXME later\nx = 1\n"}, ("starter/app.py", 1), "`FIXME`"),
        ({"starter/app.py": "x = 1\ny = 2  # this blocks\n"}, ("starter/app.py", 2), "`blocks`"),
        ({"run.py": "async def f(:"}, ("run.py", 1), "cannot be read"),
        ({"run.py": "X = 1\n"}, ("run.py", None), "must have an `async def prepare`"),
        ({"run.py": "def prepare(): ...\n"}, ("run.py", 1), "must have an `async def prepare`"),
        ({"run.py": "async def prepare(): ...\n"}, ("run.py", 1), "no docstring"),
        (
            {"run.py": 'async def prepare(tasks, files):\n    """It."""\n'},
            ("run.py", 1),
            "asks for `files`",
        ),
    ],
)
def test_a_problem_is_found_with_its_place(
    lint: Lint, files: dict[str, str | None], place: tuple[str, int | None], words: str
) -> None:
    found = [problem for problem in lint(**files) if words in problem.text]
    assert [(problem.file, problem.line) for problem in found] == [place]


def load_problems(make_kata: MakeKata, load: str, starter: str = APP) -> list[str]:
    manifest = MANIFEST.replace("[starter]", f"[run]\nload = [{load}]\n[starter]", 1)
    folder = make_kata(manifest=manifest, files={"README.md": README, "starter/app.py": starter})
    kata = find_catalog(folder).kata("tiny")
    return [
        f"{problem.line}: {problem.text}"
        for problem in lint_package(kata, read_package(kata.folder))
    ]


@pytest.mark.parametrize("load", ['{ path = "/" }', '{ path = "/?a=1" }'])
def test_a_load_that_asks_for_a_route_of_the_starter_is_no_problem(
    make_kata: MakeKata, load: str
) -> None:
    assert load_problems(make_kata, load) == []


@pytest.mark.parametrize("load", ['{ path = "/labels/{n}" }', '{ path = "/", method = "POST" }'])
def test_a_load_that_asks_for_no_route_of_the_starter_is_found(
    make_kata: MakeKata, load: str
) -> None:
    (problem,) = load_problems(make_kata, load)
    assert problem.startswith("10: `run.load` asks for ")
    assert "which is no route of starter/app.py" in problem


def test_a_starter_whose_routes_are_made_in_other_ways_is_not_read(make_kata: MakeKata) -> None:
    assert (
        load_problems(make_kata, '{ path = "/x" }', APP + "\napp.include_router(app.router)\n")
        == []
    )


def test_two_checks_of_one_name_are_found_with_both_lines(lint: Lint) -> None:
    (problem,) = lint(**{"checks.py": CHECKS + CHECKS})
    assert (problem.file, problem.line) == ("checks.py", 12)
    assert "in line 5" in problem.text


@pytest.mark.parametrize(
    ("check", "words"),
    [
        ('def test_it_answers():\n    """It."""\n', "must be an `async def`"),
        ("async def test_it_answers():\n    pass\n", "no docstring"),
        ('class TestIt:\n    """It."""\n\n' + CHECKS, "checks are functions"),
    ],
)
def test_what_is_no_check_is_refused(lint: Lint, check: str, words: str) -> None:
    assert [words in problem.text for problem in lint(**{"checks.py": textwrap.dedent(check)})] == [
        True
    ]


def test_a_declared_check_that_does_not_exist_is_found_where_it_is_declared(lint: Lint) -> None:
    problems = lint(**{"checks.py": CHECKS.replace("test_it_answers", "test_it_replies")})
    assert [(problem.file, problem.line) for problem in problems] == [
        ("kata.toml", 10),
        ("kata.toml", 13),
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("reference", None),
        (
            "refrence",
            "declares [accepted.refrence], but there is no accepted/refrence.py. Is accepted/reference.py meant?",
        ),
        ("calm", "declares [accepted.calm], but there is no accepted/calm.py."),
    ],
)
def test_an_accepted_example_that_is_declared_must_be_there(
    make_kata: MakeKata, name: str, text: str | None
) -> None:
    manifest = MANIFEST.replace("[starter]", f"[accepted.{name}]\nleisurely = true\n\n[starter]", 1)
    kata = find_catalog(make_kata(manifest=manifest, files={"README.md": README})).kata("tiny")
    problems = [
        (problem.file, problem.line, problem.text)
        for problem in lint_package(kata, read_package(kata.folder))
    ]
    assert problems == ([] if text is None else [("kata.toml", 9, text)])


def test_a_starter_that_is_an_accepted_example_is_found_despite_its_layout(lint: Lint) -> None:
    (problem,) = lint(**{"starter/app.py": "x  =  1  # one\n", "accepted/also.py": "x = 1\n"})
    assert "same code as accepted/also.py" in problem.text


def test_words_outside_of_comments_are_the_authors_business(lint: Lint) -> None:
    assert lint(**{"starter/app.py": '"""What is wrong with it?"""\nprefix = "fix"\n'}) == []


def test_a_file_that_belongs_to_a_service_is_part_of_the_kata(make_kata: MakeKata) -> None:
    manifest = (
        MANIFEST.replace("tier = 1", 'tier = 1\nservices = ["postgres"]')
        + '\n[postgres]\nschema = "tables.sql"\n'
    )
    kata = find_catalog(
        make_kata(manifest=manifest, files={"README.md": README, "tables.sql": ""})
    ).kata("tiny")
    assert lint_package(kata, read_package(kata.folder)) == []


def test_caches_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "accepted" / "__pycache__").mkdir(parents=True)
    (tmp_path / "accepted" / "__pycache__" / "reference.pyc").write_bytes(b"\xff")
    (tmp_path / "checks.py").write_text(CHECKS)
    assert check_names(read_package(tmp_path)) == ("test_it_answers",)
    assert list(read_package(tmp_path)) == ["checks.py"]
