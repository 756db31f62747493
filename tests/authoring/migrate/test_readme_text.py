"""READMEs get ids and a sentence; all else stays."""

import pytest

from grader.authoring.migrate.readme_text import migrated_readme

LONG = "word " * 23

OLD = f"""# Tiny

- Not a requirement.

## What must hold

- Every visitor's badge is asked for anew.
- Every visitor's badge is asked for anew
  the next day, too.
- {LONG}end.
- It ends in code:

  ```console
  $ true
  ```
- It has one. <!-- own-id -->
- It has a note. <!-- Note: keep -->

A paragraph.

## What must stay

The route.
"""

NEW = f"""# Tiny

- Not a requirement.

## What must hold

- Every visitor's badge is asked for anew. <!-- visitor-badge-asked -->
- Every visitor's badge is asked for anew
  the next day, too. <!-- visitor-badge-asked-2 -->
- {LONG}end.
  <!-- word-word-word -->
- It ends in code:

  ```console
  $ true
  ```
  <!-- ends-code-console -->
- It has one. <!-- own-id -->
- It has a note. <!-- Note: keep -->

Where nothing else is said, what must happen happens within 0.5 s.

A paragraph.

## What must stay

The route.
"""


def test_bullets_get_ids_and_the_default_is_stated() -> None:
    assert migrated_readme(OLD, 0.5) == NEW


def test_a_migrated_readme_stays_as_it_is() -> None:
    assert migrated_readme(NEW, 0.5) == NEW


def test_line_endings_stay() -> None:
    assert migrated_readme(OLD.replace("\n", "\r\n"), 0.5) == NEW.replace("\n", "\r\n")


def test_line_endings_stay_even_where_they_differ_or_the_last_is_missing() -> None:
    mixed = "## What must hold\r\n\n- A cat.\n- A dog.\r\n\n## What must stay\n\n- A route."
    assert migrated_readme(mixed, 1.0) == (
        "## What must hold\r\n\n- A cat. <!-- cat -->\n- A dog. <!-- dog -->\r\n"
        "\r\nWhere nothing else is said, what must happen happens within 1 s.\r\n"
        "\n## What must stay\n\n- A route. <!-- route -->"
    )


@pytest.mark.parametrize("character", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_other_separators_are_characters_like_any_other(character: str) -> None:
    old = OLD.replace("# Tiny\n", f"# Ti{character}ny\n").replace(
        "paragraph", f"para{character}graph"
    )
    new = NEW.replace("# Tiny\n", f"# Ti{character}ny\n").replace(
        "paragraph", f"para{character}graph"
    )
    assert migrated_readme(old, 0.5) == new


@pytest.mark.parametrize("bullet", ["-", "- ", " *\t"])
def test_an_empty_bullet_is_left_to_its_author(bullet: str) -> None:
    old = f"## What must stay\n\n- A cat.\n{bullet}\n- A dog.\n"
    new = f"## What must stay\n\n- A cat. <!-- cat -->\n{bullet}\n- A dog. <!-- dog -->\n"
    assert migrated_readme(old, 1.0) == new


def test_a_readme_without_bullets_stays_as_it_is() -> None:
    assert migrated_readme("# Tiny\n\n## What must hold\n\nAll.\n", 1.0).endswith("All.\n")
