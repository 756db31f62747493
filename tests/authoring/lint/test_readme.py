"""A README's requirements: bullets with everything that belongs to them, ids, durations."""

import pytest

from grader.authoring.lint.readme import (
    HOLD,
    STAY,
    blocks_of,
    bullets_of,
    durations_in,
    heading_line,
)

TEXT = """# Tiny

- No requirement: it is above the headings, within 9 s.

## What must hold

- The first bullet
  goes on here, within
  0.5 s. <!-- first -->
- The second has parts:
  - a part, within 300 ms;

    ```console
    $ sleep 5 s
    ## What must stay
    ```

  and an end. <!-- second -->

Where nothing else is said.
It goes on.

## What must stay

* The third: `Retry-After: 3 s`. <!-- third -->
<!-- a note to authors -->

## Read more

- No requirement either.
"""


def test_bullets_have_everything_that_is_nested_in_them() -> None:
    first, second, third = bullets_of(TEXT)
    assert [block.id for block in (first, second, third)] == ["first", "second", ""]
    assert [block.heading for block in (first, second, third)] == [HOLD, HOLD, STAY]
    assert [block.line for block in (first, second, third)] == [7, 10, 25]
    assert first.prose == "- The first bullet goes on here, within 0.5 s."
    assert second.prose.endswith("and an end.")


def test_paragraphs_are_blocks_too() -> None:
    (paragraph,) = (block for block in blocks_of(TEXT) if not block.is_bullet)
    assert (paragraph.line, paragraph.prose) == (20, "Where nothing else is said. It goes on.")


def test_durations_in_code_do_not_count_but_those_in_nested_bullets_do() -> None:
    assert [[duration.text for duration in block.durations] for block in bullets_of(TEXT)] == [
        ["0.5 s"],
        ["300 ms"],
        [],
    ]


def test_a_heading_has_a_line() -> None:
    assert (heading_line(TEXT, HOLD), heading_line(TEXT, "What must go")) == (5, None)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("within 0.5 s", [0.5]),
        ("within 300 ms or 300ms", [0.3, 0.3]),
        ("2 minutes, two minutes, a 5-second pause", [120.0, 120.0, 5.0]),
        ("half a second", [0.5]),
        ("1,000 ms", [1.0]),
        ("0.5\u00a0s", [0.5]),
        ("12 h", [43200.0]),
        ("a 503 or two 503s; 25 per second; 10 searches; the 1990s", []),
        ("a second visitor, 3 seats, version 2.5", []),
    ],
)
def test_a_duration_is_a_number_with_a_unit(text: str, seconds: list[float]) -> None:
    assert [duration.seconds for duration in durations_in(text)] == pytest.approx(seconds)


def test_lines_end_where_editors_end_them() -> None:
    text = "## What must\x0chold\n\n## What must stay\r\n\r\n- A\u2028- B\r- C\n"
    assert [(block.line, block.prose) for block in bullets_of(text)] == [(5, "- A - B"), (6, "- C")]
    assert heading_line(text, STAY) == 3


@pytest.mark.parametrize("bullet", ["-", "- ", " *", "+ <!-- id -->"])
def test_a_bullet_may_be_empty(bullet: str) -> None:
    first, empty, last = bullets_of(f"## {HOLD}\n\n- First.\n{bullet}\n- Last.\n")
    assert (first.is_empty, empty.is_empty, last.is_empty) == (False, True, False)
    assert first.prose == "- First."


def test_a_bullet_may_have_its_text_below() -> None:
    (bullet,) = bullets_of(f"## {HOLD}\n\n-\n  Text.\n")
    assert (bullet.prose, bullet.is_empty) == ("- Text.", False)
