"""READMEs get ids and a sentence; all else stays."""

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


def test_a_readme_without_bullets_stays_as_it_is() -> None:
    assert migrated_readme("# Tiny\n\n## What must hold\n\nAll.\n", 1.0).endswith("All.\n")
