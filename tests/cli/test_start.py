"""Where the command begins."""

import gc

import pytest

from grader.cli import main, start


def test_imported_modules_are_frozen_and_the_collector_is_on_again(
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
