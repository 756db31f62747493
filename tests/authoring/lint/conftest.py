"""A small kata that the lint has nothing to say about, until a test changes its files."""

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.authoring.lint.lint import lint_package
from grader.authoring.lint.package import read_package
from grader.authoring.proof import Problem
from grader.catalog.find import find_catalog
from tests.authoring.small_katas import README

Lint = Callable[..., list[Problem]]


@pytest.fixture
def lint(make_kata: Callable[..., Path]) -> Lint:
    """Lints the small kata with these files replaced, or removed where the text is None."""

    def lint_it(**files: str | None) -> list[Problem]:
        kata = find_catalog(make_kata(files=README)).kata("tiny")
        contents = read_package(kata.folder)
        for name, text in files.items():
            if text is None:
                del contents[name]
            else:
                contents[name] = text
        return lint_package(kata, contents)

    return lint_it


def places(problems: list[Problem], words: str) -> list[tuple[str, int | None]]:
    """File and line of each problem whose text has these words."""
    return [(problem.file, problem.line) for problem in problems if words in problem.text]
