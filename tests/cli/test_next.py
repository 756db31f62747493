"""`kata next` as a learner types it."""

from pathlib import Path

import pytest

from tests.cli.commands import RIGHT
from tests.conftest import RunKata

pytestmark = pytest.mark.slow


def test_next_makes_a_workspace_and_hands_out_the_first_kata(
    kata: RunKata, katas: Path, play: Path
) -> None:
    ran = kata("next", "--katas", katas, cwd=play)
    assert ran.code == 0
    assert "is now your workspace" in ran.out
    assert "Then type: kata check" in ran.out
    assert sorted(path.name for path in (play / "first").iterdir()) == ["README.md", "app.py"]
    assert (play / ".kata" / "progress.json").exists()


def test_a_second_next_says_where_the_kata_is_and_changes_nothing(
    kata: RunKata, katas: Path, play: Path
) -> None:
    kata("next", "--katas", katas, cwd=play)
    (play / "first" / "app.py").write_text("mine")
    (play / "first" / "README.md").write_text("my notes")
    ran = kata("next", "--katas", katas, cwd=play / "first")
    assert ran.code == 0
    assert "This is already your current kata. Your file is app.py" in ran.out
    assert (play / "first" / "app.py").read_text() == "mine"
    assert (play / "first" / "README.md").read_text() == "my notes"


def test_next_hands_out_again_what_was_deleted(kata: RunKata, katas: Path, play: Path) -> None:
    kata("next", "--katas", katas, cwd=play)
    (play / "first" / "app.py").unlink()
    assert "Handed out" in kata("next", "--katas", katas, cwd=play).out
    assert (play / "first" / "app.py").exists()


def test_skip_goes_to_the_next_kata_and_the_end_lists_what_was_skipped(
    kata: RunKata, katas: Path, play: Path
) -> None:
    kata("next", "--katas", katas, cwd=play)
    assert "Skipped first" in kata("next", "--skip", "--katas", katas, cwd=play).out
    for slug in ("second", "third"):
        kata("next", "--katas", katas, cwd=play)
        (play / slug / "app.py").write_text(RIGHT)
        assert kata("check", slug, "--katas", katas, cwd=play).code == 0
    end = kata("next", "--katas", katas, cwd=play)
    assert "2 of 3 katas passed" in end.out
    assert "kata check first" in end.out
    (play / "first" / "app.py").write_text(RIGHT)
    kata("check", "first", "--katas", katas, cwd=play)
    assert (
        "Congratulations: you have passed all 3 katas."
        in kata("next", "--katas", katas, cwd=play).out
    )
