"""Screenshots show what a terminal shows."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from docs import screenshots

SVG = "{http://www.w3.org/2000/svg}"


def words(svg: str) -> str:
    return " ".join(
        "".join(text.itertext()).replace("\xa0", " ")
        for text in ElementTree.fromstring(svg).iter(f"{SVG}text")
    )


def test_a_line_that_was_drawn_over_shows_its_last_state(tmp_path: Path) -> None:
    screen = screenshots.run_in_terminal(
        r"printf 'working\r\033[2K'; printf '\033[1;31mdone <&\033[0m\n'; test -t 1 && stty size",
        tmp_path,
    )
    assert screenshots.text_of(screen).plain.split()[-4:] == ["done", "<&", "50", "80"]


def test_a_picture_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    svg = screenshots.svg_of(
        screenshots.run_in_terminal(r"printf '\033[31m<red>\033[0m'", tmp_path), "a title"
    )
    assert "<red>" in words(svg)
    assert "a title" in words(svg)
    assert svg.count("http") == 1


def test_a_command_that_does_not_finish_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screenshots, "LIMIT_S", 0.3)
    with pytest.raises(TimeoutError, match="did not finish"):
        screenshots.run_in_terminal("sleep 30", tmp_path)


def test_the_picture_in_the_readme_is_of_a_failed_check() -> None:
    shown = words((screenshots.FOLDER / "check.svg").read_text(encoding="utf-8"))
    assert "$katacheck" in "".join(shown.split())
    assert "Failed:8of10checkspassed" in "".join(shown.split())
