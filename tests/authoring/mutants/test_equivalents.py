"""`mutants.toml`, which declares equivalents."""

import pytest

from grader.authoring.lint.package import MUTANTS
from grader.authoring.mutants.equivalents import Equivalent, equivalents_in, lint_equivalents

RIGHT = """# Looked at twice.
["drop-await:57"]
reason = "The call has no effect."

["limit-more:8.2"]
reason = "No limit is ever reached."
"""


def test_each_equivalent_has_a_key_a_reason_and_a_line() -> None:
    assert equivalents_in({MUTANTS: RIGHT}) == [
        Equivalent("drop-await:57", "The call has no effect.", 2),
        Equivalent("limit-more:8.2", "No limit is ever reached.", 5),
    ]
    assert list(lint_equivalents({MUTANTS: RIGHT})) == []


def test_lines_are_counted_as_editors_count_them() -> None:
    (one,) = equivalents_in(
        {MUTANTS: f"# \x85 \u2028\n{RIGHT.partition('[' + chr(34) + 'limit')[0]}"}
    )
    assert one.line == 3


def test_the_file_is_optional() -> None:
    assert equivalents_in({}) == []
    assert list(lint_equivalents({})) == []


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ('["drop-await:57"]\n', "has no `reason`", 1),
        ('\n["drop-await:57"]\nreason = " "\n', "has no `reason`", 2),
        ('["drop-await:57"]\nreason = 5\n', "has no `reason`", 1),
        ('["drop-await:57"]\nreason = "x"\nwhy = "y"\n', "unknown key, `why`", 1),
        ('"drop-await:57" = "x"\n', "is not a table", 1),
        ('["drop-await:57"\n', "is not valid TOML", None),
        (f"x = {'[' * 3000}{']' * 3000}", "is not valid TOML: more than", None),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, words: str, line: int | None) -> None:
    (problem,) = lint_equivalents({MUTANTS: text})
    assert words in problem.text
    assert (problem.file, problem.line) == (MUTANTS, line)
    assert equivalents_in({MUTANTS: text}) == []
