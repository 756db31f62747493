"""What README says, what the manifest promises and what checks use are the same durations."""

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.authoring.lint.lint import lint_package
from grader.authoring.lint.package import read_package
from grader.authoring.lint.promises import sentence_of
from grader.catalog.find import find_catalog
from tests.authoring.lint.conftest import Lint, places
from tests.conftest import CHECKS, MANIFEST, README

SENTENCE = "Where nothing else is said, what must happen happens within 1 s."


def problems_of(make_kata: Callable[..., Path], **files: str) -> list[tuple[str, int | None, str]]:
    """All problems of the small kata with these files."""
    kata = find_catalog(make_kata(files=files)).kata("tiny")
    found = lint_package(kata, read_package(kata.folder))
    return [(problem.file, problem.line, problem.text) for problem in found]


def test_a_duration_in_a_bullet_must_be_a_promise(make_kata: Callable[..., Path]) -> None:
    readme = README.replace("answers with yes.", "answers with yes\n  within\n  300 ms.")
    text = (
        'has a bullet with "300 ms", which is no promise; '
        "add it to [promises] of kata.toml, or say 1 s for default_s."
    )
    assert problems_of(make_kata, **{"README.md": readme}) == [("README.md", 7, text)]
    manifest = MANIFEST.replace("default_s = 1.0", "default_s = 1.0\nanswered_s = 0.3")
    assert problems_of(make_kata, **{"README.md": readme, "kata.toml": manifest}) == []


def test_a_promise_must_be_stated(make_kata: Callable[..., Path]) -> None:
    manifest = MANIFEST.replace("default_s = 1.0", "default_s = 1.0\nanswered_s = 0.3")
    text = "[promises] has answered_s = 0.3, but no bullet of README.md says 0.3 s."
    assert problems_of(make_kata, **{"kata.toml": manifest}) == [("kata.toml", 18, text)]


def test_a_bullet_may_say_the_default(make_kata: Callable[..., Path]) -> None:
    readme = README.replace("answers with yes.", "answers with yes within 1 s.")
    assert problems_of(make_kata, **{"README.md": readme}) == []


@pytest.mark.parametrize(
    ("sentence", "line", "text"),
    [
        ("", 3, f'does not state default_s; add after the bullets of `## What must hold`: "{SENTENCE}"'),
        (SENTENCE.replace("1 s", "0.5 s"), 7, "says 0.5 s, but kata.toml has default_s = 1."),
        (SENTENCE.replace("1 s", "a moment"), 7, "must state default_s in a paragraph of its own"),
        (f"{SENTENCE} Or so.", 7, "must state default_s in a paragraph of its own"),
        (f"- {SENTENCE} <!-- default -->", 7, "must state default_s in a paragraph of its own"),
    ],
)  # fmt: skip
def test_readme_must_state_the_default_in_the_fixed_sentence(
    lint: Lint, sentence: str, line: int, text: str
) -> None:
    assert places(lint(**{"README.md": README.replace(SENTENCE, sentence)}), text) == [
        ("README.md", line)
    ]


@pytest.mark.parametrize(
    "sentence",
    [SENTENCE.replace("must happen happens", "must happen\nhappens"), SENTENCE.replace("1 s", "1000 ms")],
)  # fmt: skip
def test_the_sentence_may_be_wrapped_and_use_another_unit(lint: Lint, sentence: str) -> None:
    assert lint(**{"README.md": README.replace(SENTENCE, sentence)}) == []


def test_the_sentence_is_written_without_needless_digits() -> None:
    assert sentence_of(1.0) == SENTENCE
    assert sentence_of(0.35).endswith("within 0.35 s.")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("HELD_S = 1.0", "has `HELD_S = 1`; take durations from README: use `promised.default_s`."),
        ("HELD_S: float = 0.4", "has `HELD_S = 0.4`; take durations from README: use a promise."),
        ("HELD_S = 2 * 0.5 + 1", "has `HELD_S = 2`"),
        (f"HELD_S = {'9' * 400}", "has `HELD_S = inf`"),
        (f"HELD_S = -{'9' * 400}", "has `HELD_S = -inf`"),
        ("x = f(within_s=0.5)", "has `within_s=0.5`"),
        ("x = f(delay_s=0.05)", "has `delay_s=0.05`"),
        ("x = f(delay_s=-1)", "has `delay_s=-1`"),
        ("def f(a, wait_s=3): ...", "has `wait_s=3`"),
        ("def f(*, wait_s=3): ...", "has `wait_s=3`"),
    ],
)
def test_a_number_of_seconds_in_checks_is_refused(lint: Lint, code: str, text: str) -> None:
    problems = lint(**{"checks.py": f"{CHECKS}\n{code}\n"})
    line = len(CHECKS.splitlines()) + 2
    assert places(problems, text) == [("checks.py", line)]
    assert len(problems) == 1


@pytest.mark.parametrize(
    "code",
    [
        "CROWD = 25",
        "RATE_PER_S = 25",
        "x = f(rate_per_s=25, count=3)",
        "x = f(alone_s=0)",
        "x = f(within_s=promised.default_s + 0.1)",
        "x = f(within_s=None)",
        "def f(wait_s=None): ...",
    ],
)
def test_rates_counts_nothing_and_promises_are_no_numbers_of_seconds(lint: Lint, code: str) -> None:
    assert lint(**{"checks.py": f"{CHECKS}\n{code}\n"}) == []
