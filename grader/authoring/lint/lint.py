"""Lints a kata's package: finds every problem that can be found without running the kata. Pure."""

from grader.authoring.lint.declarations import (
    lint_accepted,
    lint_declared_checks,
    lint_examples,
    lint_files,
    lint_load,
    lint_readme,
)
from grader.authoring.lint.package import Files
from grader.authoring.lint.sources import lint_checks, lint_preparation, lint_starter
from grader.authoring.mutants.equivalents import lint_equivalents
from grader.authoring.proof import Problem
from grader.catalog.manifest import Kata


def lint_package(kata: Kata, files: Files) -> list[Problem]:
    """All problems of a kata's package.

    Args:
        kata: as its manifest describes it.
        files: the text of each file of the package.
    """
    return [
        *lint_readme(files),
        *lint_files(kata, files),
        *lint_checks(files),
        *lint_examples(kata, files),
        *lint_accepted(kata, files),
        *lint_declared_checks(kata, files),
        *lint_starter(files),
        *lint_preparation(kata, files),
        *lint_load(kata, files),
        *lint_equivalents(files),
    ]
