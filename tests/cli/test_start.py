"""Where the command begins."""

import gc

import pytest

from grader.cli import main, start


def test_what_was_imported_is_not_searched_for_garbage_and_what_comes_later_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[tuple[bool, bool]] = []
    monkeypatch.setattr(
        main, "run", lambda: seen.append((gc.isenabled(), gc.get_freeze_count() > 0))
    )
    try:
        start.run()
    finally:
        gc.unfreeze()
    assert seen == [(True, True)]
