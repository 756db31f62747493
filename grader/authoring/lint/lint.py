"""Lints a kata's package: finds every problem that can be found without running the kata. Pure."""

from grader.authoring.lint.declarations import (
    lint_accepted,
    lint_declared_checks,
    lint_examples,
    lint_files,
    lint_load,
    lint_readme,
)
from grader.authoring.lint.package import README, Files
from grader.authoring.lint.promises import lint_durations, lint_numbers, lint_sentence
from grader.authoring.lint.requirements import (
    lint_checks_of_requirements,
    lint_failing_examples,
    lint_ids,
    lint_names,
    lint_sections,
    lint_unclaimed_checks,
)
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
        *(lint_standard(kata, files) if README in files else ()),
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


def lint_standard(kata: Kata, files: Files) -> list[Problem]:
    """The problems of requirements and promises: what README says, what the manifest declares, what checks use."""
    return [
        *lint_sections(files),
        *lint_ids(kata, files),
        *lint_checks_of_requirements(kata, files),
        *lint_unclaimed_checks(kata, files),
        *lint_failing_examples(kata, files),
        *lint_durations(kata, files),
        *lint_sentence(kata, files),
        *lint_numbers(kata, files),
        *lint_names(kata, files),
    ]
