"""The page in a real Chromium: it draws, reacts to mouse and keyboard, and foreign text stays text.

Without Chromium these tests are skipped with a reason; in continuous integration that is a failure.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from playwright.sync_api import Browser, Page, Response, expect, sync_playwright

from grader.evidence.run import Run
from grader.render.html.page import render_page
from tests.render.hostile import ALL
from tests.render.runs import SOURCE, blocking_run, fixed_run, graded, hostile_run, large_run

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]  # fmt: skip
WIDTH, HEIGHT = 1100, 900
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = next((path for path in map(shutil.which, NAMES) if path is not None), None)
    if found is None:
        reason = "Chromium is missing: apt-get install chromium"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens a page from disk. The test fails if there was an error, a violation of the policy or any other request."""
    told: list[str] = []
    contexts = []

    def open_from_disk(
        text: str, scheme: Literal["light", "dark"] = "light", width: int = WIDTH
    ) -> Page:
        file = tmp_path / "report.html"
        file.write_text(text)
        context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": HEIGHT}, offline=True
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: told.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: told.append(f"error: {error}"))
        page.on("dialog", lambda dialog: told.append(f"dialog: {dialog.message}"))
        page.on(
            "request",
            lambda request: (
                told.append(f"request: {request.url[:200]}")
                if request.url != file.as_uri()
                else None
            ),
        )
        page.goto(file.as_uri())
        return page

    yield open_from_disk
    for context in contexts:
        context.close()
    assert told == []


def blocking() -> str:
    return render_page(graded(blocking_run(), because="The `async` handler sleeps."))


def fixed() -> str:
    return render_page(graded(fixed_run()), graded(blocking_run()))


def bars(page: Page, lane: str) -> list[dict[str, float]]:
    """The boxes of the visible bars of a lane."""
    boxes = "bars => bars.map(bar => bar.getBoundingClientRect()).map(({x, y, width}) => ({x, y, width}))"
    found: list[dict[str, float]] = page.locator(
        f"#chart .bar.{lane}:not([visibility=hidden]) .whole"
    ).evaluate_all(boxes)
    return found


def limit_x(page: Page) -> float:
    """The horizontal position of the limit."""
    return float(page.locator("#chart .limit line").get_attribute("x1") or "nan")


def first_label(page: Page) -> str:
    return page.locator("#chart .axis text").first.text_content() or ""


def test_the_page_draws_every_lane_of_the_attempt_that_decided(open_page: Open) -> None:
    page = open_page(blocking())
    expect(page.get_by_role("heading", level=1)).to_have_text("The sleepy handler")
    assert page.title() == "Failed: The sleepy handler"
    expect(page.locator("#attempt")).to_have_value("attempt-2-1")
    drawn = bars(page, "requests")
    assert len(drawn) == 12
    assert len({round(one["y"]) for one in drawn}) == 12
    assert drawn[0]["width"] < drawn[1]["width"] < drawn[2]["width"] < drawn[3]["width"]
    assert len(bars(page, "stalls")) == 2
    assert page.locator("#chart .limit text").all_text_contents() == ["limit 0.50 s"]


def test_hovering_shows_what_happened_when_and_where(open_page: Open) -> None:
    page = open_page(blocking())
    expect(page.locator(".tip")).to_be_hidden()
    page.locator("#chart .bar.stalls .whole").first.hover()
    tip = page.locator(".tip")
    expect(tip).to_contain_text("Event loop blocked")
    expect(tip).to_contain_text("app.py:37 in label")
    expect(tip.locator("code")).to_have_text(SOURCE.replace("  ", " "))
    page.locator("#chart .bar.requests .whole").last.hover()
    expect(tip).to_contain_text("unanswered when the grader stopped waiting (late)")
    page.mouse.move(5, 5)
    expect(tip).to_be_hidden()


def test_buttons_and_the_wheel_zoom_and_dragging_moves(open_page: Open) -> None:
    page = open_page(blocking())
    whole, start = bars(page, "stalls")[-1]["width"], limit_x(page)
    page.get_by_role("button", name="Zoom in").click()
    assert bars(page, "stalls")[-1]["width"] > 1.1 * whole
    page.get_by_role("button", name="Zoom out").click()
    page.get_by_role("button", name="Zoom in").click()
    page.get_by_role("button", name="All").click()
    assert limit_x(page) == pytest.approx(start)

    page.locator("#chart svg").scroll_into_view_if_needed()
    box = page.locator("#chart svg").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 200, box["y"] + 150)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -400)
    page.keyboard.up("Control")
    expect(page.locator("#chart .axis text").first).not_to_have_text("0 ms")
    before = first_label(page)
    page.mouse.down()
    page.mouse.move(box["x"] + 100, box["y"] + 150, steps=4)
    page.mouse.up()
    assert first_label(page) != before


def test_the_wheel_without_ctrl_does_not_zoom(open_page: Open) -> None:
    page = open_page(blocking())
    page.locator("#chart svg").scroll_into_view_if_needed()
    box = page.locator("#chart svg").bounding_box()
    assert box is not None
    before = bars(page, "requests")[0]["width"]
    page.mouse.move(box["x"] + 200, box["y"] + 150)
    page.mouse.wheel(0, -100)
    page.wait_for_timeout(100)
    assert bars(page, "requests")[0]["width"] == before


def test_the_timeline_works_with_the_keyboard_alone(open_page: Open) -> None:
    page = open_page(blocking())
    page.locator("#zoom-all").focus()
    page.keyboard.press("Tab")
    expect(page.locator("#chart")).to_be_focused()
    start, whole = limit_x(page), bars(page, "stalls")[-1]["width"]
    page.keyboard.press("+")
    assert bars(page, "stalls")[-1]["width"] > whole
    grown = limit_x(page)
    page.keyboard.press("ArrowLeft")
    assert limit_x(page) > grown
    page.keyboard.press("ArrowRight")
    assert limit_x(page) == pytest.approx(grown)
    page.keyboard.press("0")
    assert limit_x(page) == pytest.approx(start)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#event")).to_contain_text("Requests. GET /labels/801.")
    expect(page.locator(".tip")).to_contain_text("GET /labels/801")
    page.keyboard.press("Escape")
    expect(page.locator(".tip")).to_be_hidden()


def test_tab_reaches_every_control(open_page: Open) -> None:
    page = open_page(fixed())
    wanted = {"theme", "attempt", "compare", "zoom-in", "zoom-out", "zoom-all", "chart", "download"}
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id"))
    assert wanted <= reached


def test_another_attempt_can_be_selected_and_a_check_links_to_its_own(open_page: Open) -> None:
    page = open_page(blocking())
    page.locator("#attempt").select_option("attempt-3-1")
    assert len(bars(page, "events")) == 3
    assert len(bars(page, "connections")) == 3
    expect(page.locator("#attempt-3-1")).to_be_visible()
    expect(page.locator("#attempt-2-1")).to_be_hidden()
    page.locator("#check-2").get_by_role("link", name="Show on the timeline").click()
    expect(page.locator("#attempt")).to_have_value("attempt-2-1")
    expect(page.locator("#chart")).to_be_focused()


def test_the_previous_run_is_drawn_below_on_the_same_axis(open_page: Open) -> None:
    page = open_page(fixed())
    expect(page.locator("#compare")).to_be_checked()  # a fix is shown at once
    assert page.locator("#chart .panel-name").all_text_contents() == ["This run", "Previous run"]
    drawn = bars(page, "requests")
    assert len(drawn) == 24
    assert drawn[12]["width"] == pytest.approx(
        drawn[0]["width"], rel=0.02
    )  # the first request took as long as before
    assert drawn[23]["width"] > 3 * drawn[0]["width"]
    page.locator("#compare").uncheck()
    assert len(bars(page, "requests")) == 12


def test_each_chart_has_its_data_in_a_table(open_page: Open) -> None:
    page = open_page(blocking())
    shown = page.locator("#attempt-2-1")
    shown.get_by_text("The timeline as a table").click()
    expect(shown.get_by_role("row", name="GET /labels/802")).to_be_visible()
    expect(shown.get_by_role("row", name="12 × GET /labels/801")).to_contain_text("0.50 s")
    assert page.locator("#chart").get_attribute("aria-label") == (
        "Timeline of 2. 12 labels at once take about as long as one. (attempt 1, "
        "your solution); the table below has the same data"
    )


def background(page: Page) -> int:
    """The lightness of the page's background, from 0 to 255."""
    colour: str = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    return int(colour.removeprefix("rgb(").split(",")[0])


@pytest.mark.parametrize(("scheme", "other"), [("light", "dark"), ("dark", "light")])
def test_dark_or_light_follows_the_system_until_it_is_chosen(
    open_page: Open, scheme: Literal["light", "dark"], other: str
) -> None:
    page = open_page(blocking(), scheme)
    assert (background(page) > 200) == (scheme == "light")
    expect(page.locator("#theme")).to_have_text(other.capitalize())
    page.locator("#theme").click()
    assert (background(page) > 200) == (other == "light")
    page.reload()
    assert (background(page) > 200) == (other == "light")


@pytest.mark.parametrize("width", [390, 700, 1600])
def test_the_page_is_never_wider_than_the_window(open_page: Open, width: int) -> None:
    page = open_page(fixed(), width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_timeline_adapts_to_the_width_of_the_window(open_page: Open) -> None:
    page = open_page(blocking())
    wide = bars(page, "requests")[-1]["width"]
    page.set_viewport_size({"width": 500, "height": HEIGHT})
    expect(page.locator("#chart svg")).to_have_attribute("viewBox", re.compile(r"^0 0 4\d\d "))
    assert bars(page, "requests")[-1]["width"] < wide / 1.5


def test_the_page_prints_with_every_check_open(open_page: Open) -> None:
    page = open_page(fixed(), "dark")
    printed = page.pdf(format="A4")
    assert printed.startswith(b"%PDF")
    page.emulate_media(media="print")
    assert background(page) > 200
    expect(page.locator("#attempt")).to_be_hidden()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".check > details:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator(".check > details[open]").count() == 1


def test_the_evidence_is_downloaded_as_json(open_page: Open) -> None:
    page = open_page(blocking())
    with page.expect_download() as download:
        page.locator("#download").click()
    assert download.value.suggested_filename == "sleepy-handler-20261123T081500.json"
    assert msgspec.json.decode(download.value.path().read_bytes(), type=Run) == blocking_run()


HOSTILE = [
    "<img src=x onerror=alert(1)>", "</script><script>alert(1)</script>", '"><svg onload=alert(1)>',
    "</td></tr></table><b>bold</b>",
    "</style><b>x",
    "<a href='javascript:alert(1)'>x</a>", "{{ 7 * 7 }}", "&lt;script&gt;",
    " ".join(ALL.encode(errors="replace").decode().split()),
]  # fmt: skip


COUNT = "document.body.getElementsByTagName('*').length - document.body.querySelectorAll('code, #chart *').length"
FOREIGN = "document.querySelectorAll('img, b:not(.tip b), #chart a, iframe, script[src]').length"


def test_hostile_text_stays_text(open_page: Open) -> None:
    def opened(text: str) -> Page:
        now = graded(hostile_run(text, many=3), title=text, because=text)
        return open_page(render_page(now, now))

    expected = opened("plain").evaluate(COUNT)
    for text in HOSTILE:
        page = opened(text)
        assert page.evaluate(COUNT) == expected
        page.locator("#chart .bar.stalls .whole").first.hover()
        expect(page.locator(".tip")).to_be_visible()
        assert page.evaluate(FOREIGN) == 0


def test_no_script_can_turn_text_into_markup(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(blocking())
    context = browser.new_context()
    page = context.new_page()
    page.goto((tmp_path / "report.html").as_uri())
    refused = page.evaluate(
        "() => { try { document.body.innerHTML = '<b>x</b>'; return '' } catch (error) { return error.name } }"
    )
    assert refused == "TypeError"
    context.close()


def test_the_largest_page_is_drawn(open_page: Open) -> None:
    page = open_page(render_page(graded(large_run("x" * 40))))
    assert bars(page, "requests")
    page.locator("#chart").focus()
    page.keyboard.press("+")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".tip")).to_be_visible()


def test_everything_works_at_the_highest_zoom(open_page: Open) -> None:
    page = open_page(blocking())
    page.locator("#chart").focus()
    for _ in range(25):
        page.keyboard.press("+")
    for key in ["ArrowRight"] * 3 + ["ArrowUp", "ArrowDown"] * 3:
        page.keyboard.press(key)
    expect(page.locator(".tip")).to_be_visible()


def test_without_scripts_only_the_chart_is_missing(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(fixed())
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    answer: Response | None = page.goto((tmp_path / "report.html").as_uri())
    assert answer is not None
    expect(page.locator("#attempt")).to_be_hidden()
    expect(page.get_by_text("The timeline as a table").first).to_be_visible()
    expect(page.get_by_role("heading", name="Before and after")).to_be_visible()
    context.close()
