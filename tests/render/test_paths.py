"""Paths as they are shown to people."""

from pathlib import Path

import pytest

from grader.render.paths import shown


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "words"), [("deep/app.py", "app.py"), ("deep", "."), ("app.py", "../app.py")]
)
def test_a_path_nearby_is_relative_to_the_current_folder(here: Path, path: str, words: str) -> None:
    assert shown(here / path) == words


@pytest.mark.usefixtures("here")
def test_a_path_far_away_stays_absolute() -> None:
    assert shown(Path("/x")) == "/x"
