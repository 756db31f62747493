"""Compares the requirements of a README with the checks that the manifest gives them. Pure."""

import difflib
from collections.abc import Collection, Iterator

from grader.authoring.lint.package import (
    CHECKS,
    README,
    Files,
    check_lines,
    check_names,
    line_in_manifest,
)
from grader.authoring.lint.readme import HEADINGS, Block, blocks_of, bullets_of, heading_line
from grader.authoring.proof import Problem
from grader.catalog.card import MANIFEST
from grader.catalog.manifest import Kata
from grader.catalog.readme import REQUIREMENT_ID
from grader.solution.identifiers import names_in

TABLE = "requirements"


def lint_sections(files: Files) -> Iterator[Problem]:
    """Check that both sections with requirements exist, and consist of bullets, then perhaps of paragraphs."""
    text = files.get(README, "")
    blocks = blocks_of(text)
    for heading in HEADINGS:
        line = heading_line(text, heading)
        own = [block for block in blocks if block.heading == heading]
        if line is None:
            yield Problem(README, f"has no section `## {heading}`.")
        elif not any(block.is_bullet for block in own):
            problem = f"`## {heading}` has no bullets; write each requirement as one, with its id."
            yield Problem(README, problem, line)
        elif not own[0].is_bullet:
            problem = f"`## {heading}` begins with text; begin with the bullets."
            yield Problem(README, problem, own[0].line)


def lint_ids(kata: Kata, files: Files) -> Iterator[Problem]:
    """Check that each bullet ends in an id of its own, and that README and manifest have the same ids."""
    lines: dict[str, int] = {}
    for bullet in bullets_of(files.get(README, "")):
        problem = _problem_of_id(bullet)
        if not problem and bullet.id in lines:
            problem = f"has the id {bullet.id} of the bullet on line {lines[bullet.id]} again; choose another."
        elif not problem and bullet.id not in kata.requirements:
            missing = [name for name in kata.requirements if name not in lines]
            hint = _meant(bullet.id, missing) or f"add it to [{TABLE}]."
            problem = f"has the id {bullet.id}, which is not in {MANIFEST}; {hint}"
        if problem:
            yield Problem(README, problem, bullet.line)
        if bullet.id:
            lines.setdefault(bullet.id, bullet.line)
    for name in kata.requirements:
        if name not in lines:
            hint = _meant(name, [found for found in lines if found not in kata.requirements])
            problem = f"[{TABLE}] has {name}, but no bullet of {README} has this id"
            yield Problem(MANIFEST, f"{problem}{'; ' + hint if hint else '.'}", _line(files, name))


def _problem_of_id(bullet: Block) -> str:
    """What is wrong with a bullet; empty if it has text and ends in an id."""
    if bullet.is_empty:
        return "has an empty bullet; say what must hold, or remove it."
    if not bullet.comments:
        return "has a bullet without an id; end it in `<!-- id -->`."
    if len(bullet.comments) > 1:
        return "has a bullet with several comments; end it in one `<!-- id -->`, or make it several bullets."
    if not bullet.ends_in_comment:
        return "has a bullet that goes on after its comment; move `<!-- id -->` to its end."
    if not REQUIREMENT_ID.fullmatch(bullet.id):
        return f"has the id `{bullet.id}`; use lower-case words with hyphens, like <!-- asked-anew -->."
    return ""


def lint_checks_of_requirements(kata: Kata, files: Files) -> Iterator[Problem]:
    """Check that each requirement has checks that exist."""
    names = check_names(files)
    for requirement, checks in kata.requirements.items():
        line = _line(files, requirement)
        if not checks:
            yield Problem(MANIFEST, f"[{TABLE}] gives {requirement} no checks; name them.", line)
        for check in checks if names else ():
            if check not in names:
                hint = _meant(check, names) or f"{CHECKS} has no such check."
                problem = f"[{TABLE}] names {check} for {requirement}; {hint}"
                yield Problem(MANIFEST, problem, line)


def lint_unclaimed_checks(kata: Kata, files: Files) -> Iterator[Problem]:
    """Check that each check belongs to a requirement."""
    named = {check for checks in kata.requirements.values() for check in checks}
    for check, line in check_lines(files).items():
        if check not in named:
            problem = f"{check} belongs to no requirement; add it to [{TABLE}] of {MANIFEST}."
            yield Problem(CHECKS, problem, line)


def lint_failing_examples(kata: Kata, files: Files) -> Iterator[Problem]:
    """Check that a rejected example is declared to fail each check."""
    failed = {check for mistake in kata.mistakes for check in mistake.fails}
    for check, line in check_lines(files).items():
        if check not in failed:
            problem = f"no rejected example fails {check}; add one that does."
            yield Problem(CHECKS, problem, line)


def lint_names(kata: Kata, files: Files) -> Iterator[Problem]:
    """Check that a rejected example uses one of the names that its own sentence is about."""
    for mistake in kata.mistakes:
        source = files.get(f"rejected/{mistake.file}")
        if source is None or not mistake.names or names_in(source).intersection(mistake.names):
            continue
        table = f"rejected.{mistake.file.removesuffix('.py')}"
        problem = f"[{table}] has the names {', '.join(mistake.names)}, but rejected/{mistake.file} uses none of them."
        yield Problem(MANIFEST, problem, line_in_manifest(files, table, "names"))


def _meant(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"did you mean {near[0]}?" if near else ""


def _line(files: Files, requirement: str) -> int | None:
    """The line of a requirement in the manifest."""
    return line_in_manifest(files, TABLE, f"{requirement} =")
