"""The whole lint, on small packages."""

from collections.abc import Callable
from pathlib import Path

from grader.authoring.lint.lint import lint_package
from grader.authoring.lint.package import read_package
from grader.catalog.find import find_catalog
from tests.authoring.lint.conftest import Lint
from tests.authoring.small_katas import README
from tests.conftest import MANIFEST


def test_a_good_package_has_no_problem(lint: Lint) -> None:
    assert lint() == []


def test_every_rule_is_applied_and_problems_come_in_a_fixed_order(lint: Lint) -> None:
    problems = lint(
        **{
            "README.md": "# Tiny\n",
            "notes.txt": "",
            "checks.py": "X = 1\n",
            "rejected/new.py": "x = 1\n",
            "starter/app.py": "x = 1  # TODO\n",
            "run.py": "X = 1\n",
        }
    )
    files = [problem.file for problem in problems]
    assert files == [
        *["README.md"] * 3,  # its three sections
        *["kata.toml"] * 2,  # the two requirements that it no longer has
        "README.md",  # the default
        "notes.txt",
        "checks.py",
        "rejected/new.py",
        "starter/app.py",
        "run.py",
    ]


def test_a_file_of_a_service_is_part_of_the_package(make_kata: Callable[..., Path]) -> None:
    manifest = (
        MANIFEST.replace("tier = 1", 'tier = 1\nservices = ["postgres"]')
        + '\n[postgres]\nschema = "tables.sql"\n'
    )
    files = {**README, "tables.sql": ""}
    kata = find_catalog(make_kata(manifest=manifest, files=files)).kata("tiny")
    assert lint_package(kata, read_package(kata.folder)) == []
