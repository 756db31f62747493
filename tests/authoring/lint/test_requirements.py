"""Each requirement has an id, checks, and a rejected example that fails them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.authoring.lint.lint import lint_package
from grader.authoring.lint.package import read_package
from grader.catalog.find import find_catalog
from tests.authoring.lint.conftest import Lint, places
from tests.conftest import CHECKS, MANIFEST, README

BULLET = "- It answers with yes. <!-- answers -->"
SECOND = 'async def test_again(server: Server) -> None:\n    """Again."""\n'


def problems_of(make_kata: Callable[..., Path], **files: str) -> list[tuple[str, int | None, str]]:
    """All problems of the small kata with these files."""
    kata = find_catalog(make_kata(files=files)).kata("tiny")
    found = lint_package(kata, read_package(kata.folder))
    return [(problem.file, problem.line, problem.text) for problem in found]


@pytest.mark.parametrize(
    ("bullet", "text"),
    [
        ("- It answers.", "has a bullet without an id; end it in `<!-- id -->`."),
        (f"{BULLET}\n-", "has an empty bullet; say what must hold, or remove it."),
        ("- It <!-- answers --> does.", "goes on after its comment"),
        ("- It does. <!-- todo --> <!-- answers -->", "several comments"),
        ("- It answers. <!-- It answers -->", "has the id `It answers`; use lower-case words"),
        ("- It answers. <!-- route-stays -->", "of the bullet on line 5 again"),
        ("- It answers. <!-- anwsers -->", "not in kata.toml; did you mean answers?"),
        (f"{BULLET}\n- More. <!-- more -->", "has the id more, which is not in kata.toml; add it"),
    ],
)
def test_a_bullet_must_end_in_an_id_of_its_own(lint: Lint, bullet: str, text: str) -> None:
    problems = lint(**{"README.md": README.replace(BULLET, bullet)})
    line = 11 if "again" in text else 5 + bullet.count("\n")
    assert ("README.md", line) in [
        (problem.file, problem.line)
        for problem in problems
        if text.replace("on line 5", "on line 5") in problem.text
    ]


def test_an_id_without_a_bullet_is_reported_in_the_manifest(lint: Lint) -> None:
    problems = lint(**{"README.md": README.replace("<!-- answers -->", "<!-- anwsers -->")})
    assert places(problems, "[requirements] has answers, but no bullet") == [("kata.toml", 20)]
    assert places(problems, "did you mean anwsers?") == [("kata.toml", 20)]


@pytest.mark.parametrize(
    ("readme", "place", "text"),
    [
        (README.replace("## What must stay", "## Stays"), None, "no section `## What must stay`"),
        (README.replace("- The route", "The route"), 9, "`## What must stay` has no bullets"),
        (README.replace(BULLET, f"All of this:\n\n{BULLET}"), 5, "begins with text"),
    ],
)
def test_both_sections_must_be_bullets(
    lint: Lint, readme: str, place: int | None, text: str
) -> None:
    assert places(lint(**{"README.md": readme}), text) == [("README.md", place)]


@pytest.mark.parametrize(
    ("checks", "text"),
    [
        ("[]", "[requirements] gives answers no checks; name them."),
        ('["test_it_anwsers"]', "names test_it_anwsers for answers; did you mean test_it_answers?"),
        ('["else"]', "names else for answers; checks.py has no such check."),
    ],
)
def test_a_requirement_must_name_checks_that_exist(
    make_kata: Callable[..., Path], checks: str, text: str
) -> None:
    manifest = MANIFEST.replace('answers = ["test_it_answers"]', f"answers = {checks}")
    (found,) = problems_of(make_kata, **{"kata.toml": manifest})
    assert found[:2] == ("kata.toml", 20)
    assert text in found[2]


def test_a_check_must_belong_to_a_requirement_and_be_failed_by_a_rejected_example(
    make_kata: Callable[..., Path],
) -> None:
    line = len(CHECKS.splitlines()) + 1
    assert problems_of(make_kata, **{"checks.py": CHECKS + SECOND}) == [
        (
            "checks.py",
            line,
            "test_again belongs to no requirement; add it to [requirements] of kata.toml.",
        ),
        ("checks.py", line, "no rejected example fails test_again; add one that does."),
    ]


def test_a_rejected_example_must_use_a_name_that_its_sentence_is_about(
    make_kata: Callable[..., Path],
) -> None:
    manifest = MANIFEST.replace("because =", 'names = ["lru_cache", "cache"]\nbecause =')
    text = (
        "[rejected.wrong] has the names lru_cache, cache, but rejected/wrong.py uses none of them."
    )
    assert problems_of(make_kata, **{"kata.toml": manifest}) == [("kata.toml", 14, text)]
    used = {"kata.toml": manifest, "rejected/wrong.py": "from functools import cache\n"}
    assert problems_of(make_kata, **used) == []
