"""The lint compares the files of a package with its manifest."""

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.authoring.lint.lint import lint_package
from grader.authoring.lint.package import read_package
from grader.catalog.find import find_catalog
from tests.authoring.lint.conftest import Lint, places
from tests.authoring.small_katas import README
from tests.conftest import APP, CHECKS, MANIFEST

MakeKata = Callable[..., Path]


@pytest.mark.parametrize(
    ("files", "place", "words"),
    [
        ({"README.md": None}, ("README.md", None), "is missing"),
        ({"README.md": "Tiny\n## Read more\n"}, ("README.md", 1), "must begin with the title"),
        ({"README.md": "# Tiny\n"}, ("README.md", None), "no section `## Read more`"),
        ({"notes.txt": ""}, ("notes.txt", None), "does not belong in a kata"),
        ({"accepted/deep/app.py": ""}, ("accepted/deep/app.py", None), "does not belong in a kata"),
        ({"tables.sql": ""}, ("tables.sql", None), "does not belong in a kata"),
        (
            {"rejected/new.py": "x = 1"},
            ("rejected/new.py", None),
            "add [rejected.new] to kata.toml",
        ),
        ({"rejected/wrong.py": None}, ("kata.toml", 12), "there is no rejected/wrong.py"),
        ({"rejected/wrong.py": None}, ("rejected", None), "at least one wrong fix"),
        ({"accepted/reference.py": None}, ("accepted/reference.py", None), "is missing"),
        ({"starter/app.py": None}, ("starter/app.py", None), "is missing"),
    ],
)
def test_a_problem_is_reported_with_its_place(
    lint: Lint, files: dict[str, str | None], place: tuple[str, int | None], words: str
) -> None:
    assert places(lint(**files), words) == [place]


def test_a_declared_check_that_does_not_exist_is_reported_where_it_is_declared(lint: Lint) -> None:
    problems = lint(**{"checks.py": CHECKS.replace("test_it_answers", "test_it_replies")})
    assert places(problems, "names test_it_answers, but checks.py has no such check") == [
        ("kata.toml", 10),
        ("kata.toml", 13),
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("reference", None),
        (
            "refrence",
            "declares [accepted.refrence], but there is no accepted/refrence.py. Did you mean accepted/reference.py?",
        ),
        ("calm", "declares [accepted.calm], but there is no accepted/calm.py."),
    ],
)
def test_a_declared_accepted_example_must_exist(
    make_kata: MakeKata, name: str, text: str | None
) -> None:
    manifest = MANIFEST.replace("[starter]", f"[accepted.{name}]\nleisurely = true\n\n[starter]", 1)
    kata = find_catalog(make_kata(manifest=manifest, files=README)).kata("tiny")
    problems = [
        (problem.file, problem.line, problem.text)
        for problem in lint_package(kata, read_package(kata.folder))
    ]
    assert problems == ([] if text is None else [("kata.toml", 9, text)])


def load_problems(make_kata: MakeKata, load: str, starter: str = APP) -> list[str]:
    manifest = MANIFEST.replace("[starter]", f"[run]\nload = [{load}]\n[starter]", 1)
    folder = make_kata(manifest=manifest, files={**README, "starter/app.py": starter})
    kata = find_catalog(folder).kata("tiny")
    return [
        f"{problem.line}: {problem.text}"
        for problem in lint_package(kata, read_package(kata.folder))
    ]


@pytest.mark.parametrize("load", ['{ path = "/" }', '{ path = "/?a=1" }'])
def test_a_load_on_a_route_of_the_starter_is_right(make_kata: MakeKata, load: str) -> None:
    assert load_problems(make_kata, load) == []


@pytest.mark.parametrize(
    ("load", "asked"),
    [
        ('{ path = "/labels/{n}" }', "GET /labels/{n}"),
        ('{ path = "/", method = "POST" }', "POST /"),
    ],
)
def test_a_load_on_a_route_that_the_starter_lacks_is_reported(
    make_kata: MakeKata, load: str, asked: str
) -> None:
    assert load_problems(make_kata, load) == [
        f"10: `run.load` requests {asked}, but starter/app.py has no such route."
    ]


def test_a_load_on_a_route_with_a_parameter_is_right(make_kata: MakeKata) -> None:
    starter = APP.replace('"/"', '"/labels/{number}/print"')
    assert load_problems(make_kata, '{ path = "/labels/{n}/print" }', starter) == []


def test_a_starter_that_adds_routes_in_other_ways_is_not_compared(make_kata: MakeKata) -> None:
    starter = APP + "\napp.include_router(app.router)\n"
    assert load_problems(make_kata, '{ path = "/x" }', starter) == []
