"""The pictures of the event loop are drawn from the recorded run, and self-contained."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from docs.pictures.drawing import Sheet
from docs.pictures.record import FOLDER, RUN_FILE, SCENES, scene, smaller
from docs.pictures.scenes import pictures
from grader.catalog.manifest import read_manifest
from grader.evidence.files import load_run
from grader.evidence.traffic import EventEnd

RUN = load_run(RUN_FILE)
MADE = dict(pictures(RUN))
PAGE = (Path(__file__).parents[2] / "docs" / "explanation" / "event-loop.md").read_text(
    encoding="utf-8"
)
SVG = "{http://www.w3.org/2000/svg}"


def test_the_pictures_are_drawn_from_the_recorded_run() -> None:
    assert {path.name for path in FOLDER.glob("loop-*.svg")} == set(MADE)
    old = [name for name, svg in MADE.items() if (FOLDER / name).read_text(encoding="utf-8") != svg]
    assert old == [], "run: python -m docs.pictures"


@pytest.mark.parametrize("svg", MADE.values(), ids=MADE)
def test_a_picture_has_a_title_and_is_self_contained(svg: str) -> None:
    root = ElementTree.fromstring(svg)
    assert root.findtext(f"{SVG}title")
    assert root.findtext(f"{SVG}desc")
    assert "prefers-color-scheme: dark" in svg
    assert set(re.findall(r"https?://[^\"<]+", svg)) == {"http://www.w3.org/2000/svg"}
    assert "<script" not in svg


def test_the_page_shows_all_five_with_the_recorded_code() -> None:
    assert re.findall(r"\.\./pictures/(loop-\w+\.svg)", PAGE) == list(MADE)
    app = (SCENES / "app.py").read_text()
    without_docstrings = re.sub(r'\n +""".*?"""', "", app)
    for code in re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        lines = [line.strip() for line in code.splitlines()]
        assert "\n".join(lines) in "\n".join(
            line.strip() for line in without_docstrings.splitlines()
        )


def test_the_run_supports_what_the_page_says() -> None:
    blocked = [
        one.ended_s - one.planned_s
        for one in scene(RUN, "test_a_blocked_loop").exchanges
        if one.path != "/health"
    ]
    assert max(blocked) > 7 * min(blocked)
    free = [one.ended_s - one.planned_s for one in scene(RUN, "test_a_loop_that_is_free").exchanges]
    assert max(free) < 2 * 0.1
    threads = scene(RUN, "test_a_pool_of_threads")
    first_end = min(call.ended_s for call in threads.events if call.ended_s is not None)
    assert sum(call.began_s < first_end for call in threads.events) == 40
    siblings = scene(RUN, "test_what_becomes_of_siblings")
    assert [call.end for call in siblings.events].count(EventEnd.CLIENT_LEFT) == 2


def test_the_saved_run_contains_only_what_is_drawn() -> None:
    assert smaller(RUN) == RUN
    assert RUN_FILE.stat().st_size < 50_000


def test_the_scenes_can_be_graded() -> None:
    assert read_manifest(SCENES).checks.is_file()


def test_text_in_a_picture_stays_text() -> None:
    sheet = Sheet("a < b", "<script>", 1.0)
    sheet.heading("1 & 2", "</text>")
    sheet.row("<x>", [("calls", 0.2, 5.0)], "</svg>")
    root = ElementTree.fromstring(sheet.svg())
    assert root.findtext(f"{SVG}title") == "a < b"
    assert [text.text for text in root.iter(f"{SVG}text")][-2:] == ["<x>", "</svg>"]
    bar = next(rect for rect in root.iter(f"{SVG}rect") if rect.get("class") == "calls")
    assert float(bar.get("x", 0)) + float(bar.get("width", 0)) <= 690
