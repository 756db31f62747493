"""Manifests get promises and requirements; comments and layout stay."""

import tomllib

from grader.authoring.migrate.manifest_text import migrated_manifest

OLD = """# A kata.
format = 1  # the first
title = "Tiny"
hints = ['''
format = 1
[starter]
''']

# What fails.
[starter]
fails = ["test_a"]
"""

NEW = """# A kata.
format = 2  # the first
title = "Tiny"
hints = ['''
format = 1
[starter]
''']

[promises]
default_s = 1.0
slow_s = 0.15

[requirements]
asked-anew = []
route = []

# What fails.
[starter]
fails = ["test_a"]
"""

PROMISES = {"default_s": 1.0, "slow_s": 0.15}


def test_the_new_tables_come_before_the_starter() -> None:
    assert migrated_manifest(OLD, PROMISES, ["asked-anew", "route"]) == NEW


def test_line_endings_stay() -> None:
    windows = migrated_manifest(OLD.replace("\n", "\r\n"), PROMISES, ["asked-anew", "route"])
    assert windows == NEW.replace("\n", "\r\n")


def test_without_a_starter_the_new_tables_come_last() -> None:
    text = migrated_manifest("format = 1\n[run]\nnumbers = 3\n", {"default_s": 1.0}, [])
    assert text is not None
    assert text.startswith("format = 2\n[run]\n")
    assert tomllib.loads(text) == {
        "format": 2,
        "run": {"numbers": 3},
        "promises": {"default_s": 1.0},
        "requirements": {},
    }


def test_a_manifest_that_cannot_be_edited_is_left() -> None:
    assert migrated_manifest('"format" = 1\n', PROMISES, []) is None
    assert migrated_manifest("format = 1\n[promises]\nx_s = 1\n", PROMISES, []) is None
